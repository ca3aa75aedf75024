//! Whom this server may call: by the address to which a name leads, at the moment of the call. An application's registered
//! address must not reach what only this machine and its network see.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use parking_lot::RwLock;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The address is of a network that is not public, and nobody has allowed it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the address is private")]
pub struct Private;

/// What may be called beside public addresses.
#[derive(Clone, Default)]
pub struct Guard(Arc<RwLock<Vec<IpNet>>>);

impl Guard {
    pub fn allow(&self, networks: &[IpNet]) {
        self.0.write().extend_from_slice(networks);
    }

    /// For a server that is on this machine only, and so are its applications.
    pub fn allow_loopback(&self) {
        let v4 = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
        let v6 = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);
        self.allow(&[v4.into(), v6.into()]);
    }

    fn permits(&self, address: IpAddr) -> bool {
        let meant = meant(address);
        let allowed = self.0.read();
        is_public(meant) || allowed.iter().any(|network| network.contains(&address) || network.contains(&meant))
    }

    /// Looks at a host that is an address already, which nobody looks up.
    ///
    /// # Errors
    /// Where it may not be called.
    pub fn check(&self, url: &Url) -> Result<(), Private> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.permits(address) { Ok(()) } else { Err(Private) }
    }
}

impl Resolve for Guard {
    /// The addresses of a name that may be called. The connection is made to these and no others, so that a second look-up
    /// cannot lead elsewhere.
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let mut found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let any = !found.is_empty();
            found.retain(|address| guard.permits(address.ip()));
            if any && found.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// The IPv4 address inside an IPv6 one, where it is only another way to write or to reach that: mapped and compatible
/// (RFC 4291 section 2.5.5), 6to4 (RFC 3056), NAT64 (RFC 6052).
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let segments = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => address,
    }
}

/// Whether an address is of the public internet, by the registries of special addresses (RFC 6890 and its successors).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_documentation()
        || matches!(
            (a, b, c),
            // This network; shared by carriers (RFC 6598); protocol assignments; the relays of 6to4; benchmarks; multicast and
            // above.
            (0, _, _) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) | (224.., _, _)
        );
    // A cloud's own services, at an address that looks public.
    !special && v4 != Ipv4Addr::new(168, 63, 129, 16)
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    // Only global unicast is given out (2000::/3): that leaves out loopback, unique local, link-local, site-local, multicast
    // and the local NAT64. Inside it: protocol assignments with Teredo, and documentation.
    (0x2000..0x4000).contains(&a)
        && !(a == 0x2001 && b < 0x0200)
        && !(a == 0x2001 && b == 0x0db8)
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(guard: &Guard, address: &str) -> bool {
        guard.permits(address.parse().expect("an address"))
    }

    #[test]
    fn only_public_addresses_may_be_called_however_they_are_written() {
        let guard = Guard::default();
        for public in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
        {
            assert!(permits(&guard, public), "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "64:ff9b:1::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "64:ff9b::a00:1",
            "64:ff9b::a9fe:a9fe",
        ] {
            assert!(!permits(&guard, private), "{private}");
        }
    }

    #[test]
    fn what_is_allowed_may_be_called_and_no_more() {
        let guard = Guard::default();
        guard.allow(&["10.1.0.0/16".parse().expect("a network"), "fd00::/8".parse().expect("a network")]);
        for allowed in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd12::1"] {
            assert!(permits(&guard, allowed), "{allowed}");
        }
        for other in ["10.2.0.1", "127.0.0.1", "::1", "fc00::1", "169.254.169.254"] {
            assert!(!permits(&guard, other), "{other}");
        }
        guard.allow_loopback();
        assert!(permits(&guard, "127.0.0.1") && permits(&guard, "::1") && !permits(&guard, "10.2.0.1"));
    }

    #[test]
    fn an_address_in_a_url_is_looked_at_in_every_spelling() {
        let guard = Guard::default();
        for url in
            ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[::ffff:a9fe:a9fe]/"]
        {
            assert!(guard.check(&Url::parse(url).expect("a URL")).is_err(), "{url}");
        }
        assert!(guard.check(&Url::parse("https://8.8.8.8/").expect("a URL")).is_ok());
        assert!(guard.check(&Url::parse("https://console.example/").expect("a URL")).is_ok());
    }
}
