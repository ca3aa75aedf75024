//! Proxies that are trusted.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use ipnet::IpNet;

/// The networks whose word about their clients is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// What the old switch `TRUST_FORWARDED_FOR` means: this machine and private networks.
const LOCAL: [&str; 8] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// Whether a proxy is likely there.
pub fn is_nearby(address: IpAddr) -> bool {
    NEARBY.contains(address)
}

static NEARBY: LazyLock<TrustedProxies> = LazyLock::new(|| TrustedProxies::default().with_local());

impl TrustedProxies {
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether many people may come from this address at once: a proxy, or, as long as none is named, what is near enough to be
    /// one.
    pub fn may_be_shared(&self, address: IpAddr) -> bool {
        self.contains(address) || (self.is_empty() && NEARBY.contains(address))
    }

    /// These and the ones that the old switch means.
    pub fn with_local(mut self) -> Self {
        self.0.extend(LOCAL.iter().filter_map(|network| network.parse::<IpNet>().ok()));
        self
    }
}

impl From<bool> for TrustedProxies {
    fn from(local: bool) -> Self {
        if local { Self::default().with_local() } else { Self::default() }
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Addresses and networks, separated by commas: `10.0.0.0/8, 2001:db8::5`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<Vec<_>, _>>().map(Self)
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    text.parse::<IpNet>().map(|network| network.trunc()).map_err(|_| {
        format!("{text:?} is neither an address nor a network; write 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32, with commas between")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_written_as_people_write_them() {
        let proxies: TrustedProxies = " 10.0.0.7/8 ,::ffff:192.0.2.1,, 2001:db8::/32".parse().expect("networks");
        for inside in ["10.255.0.1", "192.0.2.1", "2001:db8::1"] {
            assert!(proxies.contains(inside.parse().expect("an address")), "{inside}");
        }
        assert!(!proxies.contains("192.0.2.2".parse().expect("an address")));
        assert!("".parse::<TrustedProxies>().expect("nothing").is_empty());
        assert!("proxy.internal".parse::<TrustedProxies>().is_err());
        assert!("10.0.0.0/33".parse::<TrustedProxies>().is_err());
    }
}
