//! How many connections each network has: one client alone does not take them all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use crate::server::platform::client_address::{TrustedProxies, network_of};

#[derive(Clone)]
pub struct Networks {
    most: usize,
    /// All clients of a proxy come from its address.
    proxies: TrustedProxies,
    counts: Arc<Mutex<HashMap<[u8; 16], usize>>>,
}

/// A connection's place among those of its network, until it is dropped.
pub struct ConnectionPermit {
    networks: Networks,
    /// `None` where nobody counts.
    network: Option<[u8; 16]>,
}

impl Networks {
    pub fn new(most: usize, proxies: TrustedProxies) -> Self {
        Self { most: most.max(1), proxies, counts: Arc::default() }
    }

    /// A place for one more, unless the network (the address, or a /64 of IPv6) has as many as it may.
    pub fn enter(&self, address: IpAddr) -> Option<ConnectionPermit> {
        let address = address.to_canonical();
        let network = (!self.proxies.may_be_shared(address)).then(|| network_of(address, 64));
        if let Some(network) = network {
            let mut counts = self.counts();
            let count = counts.entry(network).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(ConnectionPermit { networks: self.clone(), network })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<[u8; 16], usize>> {
        self.counts.lock()
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut counts = self.networks.counts();
        if let Some(count) = counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(most: usize, proxies: &str) -> Networks {
        Networks::new(most, proxies.parse().expect("networks"))
    }

    fn enter(networks: &Networks, address: &str) -> Option<ConnectionPermit> {
        networks.enter(address.parse().expect("an address"))
    }

    #[test]
    fn a_network_has_as_many_connections_as_it_may_and_others_have_theirs() {
        let networks = networks(2, "");
        let first = enter(&networks, "2001:db8::1").expect("a place");
        let second = enter(&networks, "2001:db8::2").expect("a place");
        assert!(enter(&networks, "2001:db8::3").is_none());
        let beside = enter(&networks, "2001:db8:0:1::1").expect("a place");
        let other = enter(&networks, "203.0.113.9").expect("a place");
        drop(first);
        assert!(enter(&networks, "2001:db8::3").is_some());
        assert_eq!(networks.counts().len(), 3);
        drop((second, beside, other));
        assert!(networks.counts().is_empty(), "who has none takes no memory");
    }

    #[test]
    fn a_proxy_has_as_many_as_there_are() {
        for (proxies, address) in [("198.51.100.7", "198.51.100.7"), ("", "127.0.0.1"), ("", "::ffff:10.0.0.5")] {
            let networks = networks(1, proxies);
            let all: Vec<_> = (0..10).map(|_| enter(&networks, address)).collect();
            assert!(all.iter().all(Option::is_some), "{proxies} {address}");
        }
        // Where proxies are named, nobody else is one.
        let networks = networks(1, "198.51.100.7");
        let _first = enter(&networks, "10.0.0.5");
        assert!(enter(&networks, "10.0.0.5").is_none());
    }
}
