//! Where a request came from: the address of the connection, or what proxies that are trusted say of it.
//!
//! A header can be written by anybody; what it says counts as far as the hops that wrote it are trusted, read from the right
//! (RFC 7239 section 8.1). What cannot be read is never passed over: the walk ends there, and whoever is behind is nobody in
//! particular.

mod header;
mod trusted;

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header as name};

use header::{Entry, common_entry, entries, forwarded_entry};
pub use trusted::TrustedProxies;
use trusted::is_nearby;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Hops that are looked at: no chain of proxies is longer.
const MOST_HOPS: usize = 32;

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAddress {
    /// What the audit trail says.
    pub address: Option<IpAddr>,
    /// Whom the other header names, where two name different clients: one of the two is the client, and nobody can tell which.
    pub or: Option<IpAddr>,
    /// What limits count by: the client's own address where that is known, what the headers claim where it is not, for want of
    /// better.
    pub places: Vec<Place>,
    /// Whether it is known who the client is.
    pub is_own: bool,
    pub trouble: Option<Trouble>,
}

/// Where an attempt is counted. What a header claims is a place apart: whoever writes somebody else's address into one uses
/// nothing of theirs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Own(IpAddr),
    /// `address` stood in `header` of a request over a connection from `over`.
    Claimed {
        over: IpAddr,
        header: Forwarding,
        address: IpAddr,
    },
}

/// A header that says who is behind a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    Standard,
    Common,
}

impl Place {
    pub fn address(self) -> IpAddr {
        match self {
            Self::Own(address) | Self::Claimed { address, .. } => address,
        }
    }

    /// The place, where all addresses with the same first `bits` are one.
    pub fn network(self, bits: u8) -> Vec<u8> {
        let kind = match self {
            Self::Own(_) => 0,
            Self::Claimed { header: Forwarding::Standard, .. } => 1,
            Self::Claimed { header: Forwarding::Common, .. } => 2,
        };
        let mut bytes = vec![kind];
        bytes.extend(network_of(self.address(), bits));
        if let Self::Claimed { over, .. } = self {
            bytes.extend(network_of(over, 64));
        }
        bytes
    }
}

/// The network of an address: all of IPv4, the first `bits` of IPv6.
pub fn network_of(address: IpAddr, bits: u8) -> [u8; 16] {
    let mut bytes = match address.to_canonical() {
        IpAddr::V4(address) => return address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    };
    bytes[usize::from(bits / 8)..].fill(0);
    bytes
}

/// What an administrator should hear about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A forwarding header, from an address that is not trusted.
    Untrusted(IpAddr),
    /// A trusted proxy wrote something that is no address.
    Unreadable { proxy: IpAddr, entry: String },
    /// `Forwarded` and `X-Forwarded-For` name different clients: one of the two was not written by the proxy.
    Contradiction(IpAddr),
}

/// Finds out who is behind a connection from `peer`.
pub fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &TrustedProxies) -> ClientAddress {
    let Some(peer) = peer.map(|address| address.to_canonical()) else {
        // Nothing but a test has no peer.
        return ClientAddress { is_own: true, ..ClientAddress::default() };
    };
    let lists = [
        (Forwarding::Common, entries(headers, &X_FORWARDED_FOR, common_entry)),
        (Forwarding::Standard, entries(headers, &name::FORWARDED, forwarded_entry)),
    ];
    let lists: Vec<_> = lists.into_iter().filter(|(_, entries)| !entries.is_empty()).collect();
    if !trusted.contains(peer) {
        return beyond_trust(peer, &lists, trusted);
    }
    let walks: Vec<_> = lists.iter().map(|(header, entries)| (*header, walk(peer, entries, trusted))).collect();
    match walks.as_slice() {
        // A proxy that says nothing of its client, or the machine itself.
        [] => ClientAddress { address: Some(peer), ..ClientAddress::default() },
        [first, second] if first.1 != second.1 => contradiction(peer, first, second),
        [(_, Walk::Client(address)), ..] => ClientAddress::own(*address),
        [(_, Walk::Unreadable { proxy, entry }), ..] => {
            let trouble = Some(Trouble::Unreadable { proxy: *proxy, entry: entry.clone() });
            ClientAddress { address: Some(*proxy), trouble, ..ClientAddress::default() }
        }
    }
}

/// A connection from somebody whose word is not taken.
fn beyond_trust(peer: IpAddr, lists: &[(Forwarding, Vec<Entry>)], trusted: &TrustedProxies) -> ClientAddress {
    if lists.is_empty() {
        return ClientAddress::own(peer);
    }
    let trouble = Some(Trouble::Untrusted(peer));
    // Where the proxies are named, whoever else writes such a header made it up. Where none is, one that was forgotten is near:
    // from farther away it is somebody who wants more guesses.
    if !trusted.is_empty() || !is_nearby(peer) {
        return ClientAddress { trouble, ..ClientAddress::own(peer) };
    }
    let claims = lists.iter().filter_map(|(header, entries)| Some((*header, entries.last()?.as_ref().ok().copied()?)));
    let places = claims.map(|(header, address)| Place::Claimed { over: peer, header, address }).collect();
    ClientAddress { address: Some(peer), places, trouble, ..ClientAddress::default() }
}

/// One of the two headers is the proxy's and names the client; the other one may be the client's own invention. Both count:
/// so whoever adds a header has no more guesses for it, and stands in the trail all the same.
fn contradiction(peer: IpAddr, first: &(Forwarding, Walk), second: &(Forwarding, Walk)) -> ClientAddress {
    let claim = |(header, walk): &(Forwarding, Walk)| match walk {
        Walk::Client(address) => Some(Place::Claimed { over: peer, header: *header, address: *address }),
        Walk::Unreadable { .. } => None,
    };
    let (address, other) = (first.1.end(), second.1.end());
    ClientAddress {
        address: Some(address),
        or: (other != address).then_some(other),
        places: [first, second].into_iter().filter_map(claim).collect(),
        is_own: false,
        trouble: Some(Trouble::Contradiction(peer)),
    }
}

impl ClientAddress {
    fn own(address: IpAddr) -> Self {
        Self { address: Some(address), places: vec![Place::Own(address)], is_own: true, ..Self::default() }
    }

    /// What the audit trail says.
    pub fn said(&self) -> Option<String> {
        let address = self.address?;
        Some(self.or.map_or_else(|| address.to_string(), |other| format!("{address} or {other}")))
    }
}

#[derive(PartialEq, Eq)]
enum Walk {
    Client(IpAddr),
    Unreadable { proxy: IpAddr, entry: String },
}

impl Walk {
    /// As far as it led.
    fn end(&self) -> IpAddr {
        match self {
            Self::Client(address) | Self::Unreadable { proxy: address, .. } => *address,
        }
    }
}

/// From the right, as long as the hop that wrote an entry is trusted.
fn walk(peer: IpAddr, entries: &[Entry], trusted: &TrustedProxies) -> Walk {
    let mut hop = peer;
    for entry in entries.iter().rev().take(MOST_HOPS) {
        match entry {
            Ok(address) => hop = *address,
            Err(entry) => return Walk::Unreadable { proxy: hop, entry: entry.clone() },
        }
        if !trusted.contains(hop) {
            break;
        }
    }
    Walk::Client(hop)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(peer: &str, trusted: &str, headers: &[(&'static str, &str)]) -> ClientAddress {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a header"));
        }
        of(Some(peer.parse().expect("an address")), &map, &trusted.parse().expect("networks"))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn claimed(over: &str, header: Forwarding, claim: &str) -> Place {
        Place::Claimed { over: address(over), header, address: address(claim) }
    }

    fn client(peer: &str, trusted: &str, headers: &[(&'static str, &str)]) -> String {
        let origin = found(peer, trusted, headers);
        assert!(origin.is_own && origin.trouble.is_none(), "{headers:?}: {origin:?}");
        assert_eq!(origin.places, origin.address.map(Place::Own).into_iter().collect::<Vec<_>>());
        origin.address.map(|address| address.to_string()).unwrap_or_default()
    }

    #[test]
    fn every_way_of_writing_an_address_is_read() {
        for (name, written, meant) in [
            ("x-forwarded-for", "198.51.100.7", "198.51.100.7"),
            ("x-forwarded-for", "198.51.100.7:5312", "198.51.100.7"),
            ("x-forwarded-for", "2001:db8::7", "2001:db8::7"),
            ("x-forwarded-for", "[2001:db8::7]", "2001:db8::7"),
            ("x-forwarded-for", "[2001:db8::7]:443", "2001:db8::7"),
            ("x-forwarded-for", "\"[2001:db8::7]:443\"", "2001:db8::7"),
            ("x-forwarded-for", "::ffff:198.51.100.7", "198.51.100.7"),
            ("x-forwarded-for", "[::ffff:198.51.100.7]:80", "198.51.100.7"),
            ("x-forwarded-for", "203.0.113.9 ,, 198.51.100.7 ,", "198.51.100.7"),
            ("forwarded", "for=198.51.100.7", "198.51.100.7"),
            ("forwarded", "For=\"198.51.100.7:80\";proto=https", "198.51.100.7"),
            ("forwarded", "proto=https;by=10.0.0.5;for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("forwarded", "for=203.0.113.9;host=\"a,b\", for=\"[::ffff:198.51.100.7]\"", "198.51.100.7"),
        ] {
            assert_eq!(client("10.0.0.5", "10.0.0.0/8", &[(name, written)]), meant, "{name}: {written}");
        }
    }

    #[test]
    fn each_trusted_hop_is_asked_for_the_one_before_it() {
        let trusted = "10.0.0.0/8, 192.0.2.1, 2001:db8:ffff::/48";
        let lines: &[(&str, &str)] =
            &[("x-forwarded-for", "6.6.6.6, 198.51.100.7"), ("x-forwarded-for", "[2001:db8:ffff::1]:1, 192.0.2.1")];
        assert_eq!(client("::ffff:10.0.0.5", trusted, lines), "198.51.100.7");
        assert_eq!(client("10.0.0.5", trusted, &[("x-forwarded-for", "10.1.1.1, 10.2.2.2")]), "10.1.1.1");
        assert_eq!(
            client(
                "10.0.0.5",
                trusted,
                &[("forwarded", "for=6.6.6.6"), ("forwarded", "for=198.51.100.7, for=10.2.2.2")]
            ),
            "198.51.100.7"
        );
        assert_eq!(client("198.51.100.7", trusted, &[]), "198.51.100.7");
    }

    #[test]
    fn a_header_from_an_address_that_is_not_trusted_moves_nothing_and_is_told() {
        let headers = [("x-forwarded-for", "1.1.1.1, 198.51.100.7")];
        for peer in ["127.0.0.1", "192.168.0.5", "fd00::5"] {
            let origin = found(peer, "", &headers);
            assert_eq!(origin.address, peer.parse().ok());
            assert!(!origin.is_own, "it may be a proxy that nobody named");
            assert_eq!(origin.places, [claimed(peer, Forwarding::Common, "198.51.100.7")]);
            assert_eq!(origin.trouble, peer.parse().ok().map(Trouble::Untrusted));
        }
    }

    #[test]
    fn nobody_gets_more_guesses_by_making_up_a_header() {
        let beside = [("192.168.0.5", "10.0.0.0/8"), ("127.0.0.1", "10.9.9.9"), ("203.0.113.9", "10.0.0.0/8")];
        for (peer, trusted) in beside.into_iter().chain([("203.0.113.9", ""), ("2001:db8::9", "")]) {
            let origin = found(peer, trusted, &[("x-forwarded-for", "198.51.100.7")]);
            assert!(origin.is_own && origin.places == [Place::Own(address(peer))], "{origin:?}");
            assert!(origin.trouble.is_some());
        }
    }

    #[test]
    fn what_is_no_address_ends_the_walk_and_is_told_and_nobody_is_the_proxy() {
        for (name, written) in [
            ("x-forwarded-for", "198.51.100.7, unknown"),
            ("x-forwarded-for", "198.51.100.7, 999.1.1.1"),
            ("x-forwarded-for", "198.51.100.7, 10.9.9.9:99999"),
            ("x-forwarded-for", "198.51.100.7, [::1"),
            ("forwarded", "for=198.51.100.7, for=_hidden"),
            ("forwarded", "for=198.51.100.7, for=unknown"),
            ("forwarded", "for=198.51.100.7, proto=https"),
        ] {
            let origin = found("10.0.0.5", "10.0.0.0/8", &[(name, written)]);
            assert!(!origin.is_own && origin.places.is_empty(), "{written}: {origin:?}");
            assert!(matches!(origin.trouble, Some(Trouble::Unreadable { .. })), "{written}: {origin:?}");
        }
        let silent = found("10.0.0.5", "10.0.0.0/8", &[]);
        assert!(!silent.is_own && silent.places.is_empty());
    }

    #[test]
    fn of_two_headers_that_name_different_clients_both_count_and_both_are_told() {
        let both = |standard: &str| {
            found("10.0.0.5", "10.0.0.5", &[("forwarded", standard), ("x-forwarded-for", "198.51.100.7")])
        };
        assert!(both("for=198.51.100.7").is_own);
        let common = claimed("10.0.0.5", Forwarding::Common, "198.51.100.7");
        let other = both("for=192.0.2.6");
        assert_eq!(other.trouble, Some(Trouble::Contradiction(address("10.0.0.5"))));
        assert!(!other.is_own);
        assert_eq!(other.places, [common, claimed("10.0.0.5", Forwarding::Standard, "192.0.2.6")]);
        assert_eq!(other.said().as_deref(), Some("198.51.100.7 or 192.0.2.6"));
        let unknown = both("for=unknown");
        assert_eq!((unknown.places.as_slice(), unknown.is_own), ([common].as_slice(), false));
        assert_eq!(unknown.said().as_deref(), Some("198.51.100.7 or 10.0.0.5"));
    }

    #[test]
    fn what_is_claimed_is_nobody_elses_place() {
        let (over, other) = (address("10.0.0.5"), address("10.0.0.6"));
        let own = Place::Own(address("2001:db8::7"));
        let claim = |over, header| Place::Claimed { over, header, address: own.address() };
        let places =
            [own, claim(over, Forwarding::Common), claim(over, Forwarding::Standard), claim(other, Forwarding::Common)];
        for (at, place) in places.iter().enumerate() {
            assert!(places[..at].iter().all(|before| before.network(64) != place.network(64)), "{place:?}");
        }
        assert_eq!(own.network(64), Place::Own(address("2001:db8::ffff:1")).network(64));
        assert_ne!(own.network(64), Place::Own(address("2001:db8:0:1::7")).network(64));
    }
}
