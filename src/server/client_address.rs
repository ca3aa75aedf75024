//! Where a request came from: the address of the connection, or what proxies that are trusted say of it.
//!
//! A header can be written by anybody; what it says counts as far as the hops that wrote it are trusted, read from the right
//! (RFC 7239 section 8.1). What cannot be read is never passed over: the walk ends there, and whoever is behind is nobody in
//! particular.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Hops that are looked at: no chain of proxies is longer.
const MOST_HOPS: usize = 32;

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

static NEARBY: LazyLock<TrustedProxies> = LazyLock::new(|| TrustedProxies::default().with_local());

impl TrustedProxies {
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
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

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What the audit trail says.
    pub address: Option<IpAddr>,
    /// What limits count by: the client's own address where that is known, what the last header claims where it is not, for
    /// want of better.
    pub counted: Option<IpAddr>,
    /// Whether `counted` is the client's own: many clients may share what is not.
    pub is_own: bool,
    pub trouble: Option<Trouble>,
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
pub fn origin(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &TrustedProxies) -> Origin {
    let Some(peer) = peer.map(|address| address.to_canonical()) else {
        // Nothing but a test has no peer.
        return Origin { is_own: true, ..Origin::default() };
    };
    let standard = entries(headers, &header::FORWARDED, forwarded_entry);
    let common = entries(headers, &X_FORWARDED_FOR, common_entry);
    let claimed = common.last().or(standard.last()).and_then(|entry| entry.as_ref().ok().copied());
    let nobody = |address, trouble| Origin { address: Some(address), counted: claimed, is_own: false, trouble };
    if !trusted.contains(peer) {
        if standard.is_empty() && common.is_empty() {
            return Origin { address: Some(peer), counted: Some(peer), is_own: true, trouble: None };
        }
        let trouble = Some(Trouble::Untrusted(peer));
        // Where the proxies are named, a stranger who writes such a header is no other proxy, only a stranger.
        return if trusted.is_empty() || NEARBY.contains(peer) {
            nobody(peer, trouble)
        } else {
            Origin { address: Some(peer), counted: Some(peer), is_own: true, trouble }
        };
    }
    let walks: Vec<Walk> = [&standard, &common]
        .into_iter()
        .filter(|list| !list.is_empty())
        .map(|list| walk(peer, list, trusted))
        .collect();
    match walks.as_slice() {
        // A proxy that says nothing of its client, or the machine itself.
        [] => nobody(peer, None),
        [first, second] if first != second => {
            Origin { counted: None, ..nobody(peer, Some(Trouble::Contradiction(peer))) }
        }
        [Walk::Client(address), ..] => {
            Origin { address: Some(*address), counted: Some(*address), is_own: true, trouble: None }
        }
        [Walk::Unreadable { proxy, entry }, ..] => {
            let trouble = Trouble::Unreadable { proxy: *proxy, entry: entry.clone() };
            Origin { counted: None, ..nobody(*proxy, Some(trouble)) }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Walk {
    Client(IpAddr),
    Unreadable { proxy: IpAddr, entry: String },
}

type Entry = Result<IpAddr, String>;

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

/// All entries of a header that may come several times, in order. Empty ones do not count (RFC 9110 section 5.6.1).
fn entries(headers: &HeaderMap, name: &HeaderName, read: fn(&str) -> Option<IpAddr>) -> Vec<Entry> {
    let mut found = Vec::new();
    for value in headers.get_all(name) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let parts = split(&text, ',').into_iter().map(str::trim).filter(|part| !part.is_empty());
        found.extend(parts.map(|part| read(part).ok_or_else(|| part.chars().take(100).collect::<String>())));
    }
    found
}

/// Splits outside of quoted strings.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// One element of `Forwarded`: the node that its `for` names. The other parameters are nobody's address.
fn forwarded_entry(element: &str) -> Option<IpAddr> {
    let parameter = split(element, ';')
        .into_iter()
        .find(|part| part.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("for")))?;
    let (_, value) = parameter.split_once('=')?;
    let node = format!("for={}", value.trim());
    let parsed = rfc7239::parse(&node).next()?.ok()?;
    parsed.forwarded_for?.ip().map(IpAddr::to_canonical)
}

/// One entry of `X-Forwarded-For`, which no standard describes: an address with or without a port, brackets and quotes.
fn common_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches('"').trim();
    let bare = match entry.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            if !port.is_empty() && port.strip_prefix(':').is_none_or(|port| port.parse::<u16>().is_err()) {
                return None;
            }
            address
        }
        // One colon parts an IPv4 address from its port; an IPv6 address has more.
        None => match entry.split_once(':') {
            Some((address, port)) if !port.contains(':') => {
                port.parse::<u16>().ok()?;
                address
            }
            _ => entry,
        },
    };
    // A zone means something on the proxy's own machine only.
    let bare = bare.split('%').next().unwrap_or_default();
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(peer: &str, trusted: &str, headers: &[(&'static str, &str)]) -> Origin {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).expect("a header"));
        }
        origin(Some(peer.parse().expect("an address")), &map, &trusted.parse().expect("networks"))
    }

    fn client(peer: &str, trusted: &str, headers: &[(&'static str, &str)]) -> String {
        let origin = found(peer, trusted, headers);
        assert!(origin.is_own && origin.trouble.is_none(), "{headers:?}: {origin:?}");
        assert_eq!(origin.address, origin.counted);
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
        for (peer, trusted) in [("203.0.113.9", ""), ("127.0.0.1", ""), ("192.168.0.5", "10.0.0.0/8")] {
            let origin = found(peer, trusted, &headers);
            assert_eq!(origin.address, peer.parse().ok());
            assert!(!origin.is_own, "it may be a proxy that nobody named");
            assert_eq!(origin.counted, "198.51.100.7".parse().ok());
            assert_eq!(origin.trouble, peer.parse().ok().map(Trouble::Untrusted));
        }
    }

    #[test]
    fn a_stranger_gets_no_more_guesses_by_making_up_a_header() {
        let origin = found("203.0.113.9", "10.0.0.0/8", &[("x-forwarded-for", "198.51.100.7")]);
        assert!(origin.is_own && origin.counted == "203.0.113.9".parse().ok(), "{origin:?}");
        assert!(origin.trouble.is_some());
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
            assert!(!origin.is_own && origin.counted.is_none(), "{written}: {origin:?}");
            assert!(matches!(origin.trouble, Some(Trouble::Unreadable { .. })), "{written}: {origin:?}");
        }
        let silent = found("10.0.0.5", "10.0.0.0/8", &[]);
        assert!(!silent.is_own && silent.counted.is_none());
    }

    #[test]
    fn two_headers_count_only_where_they_agree() {
        let both = |standard: &str| {
            found("10.0.0.5", "10.0.0.5", &[("forwarded", standard), ("x-forwarded-for", "198.51.100.7")])
        };
        assert!(both("for=198.51.100.7").is_own);
        let other = both("for=6.6.6.6");
        assert_eq!(other.trouble, "10.0.0.5".parse().ok().map(Trouble::Contradiction));
        assert!(!other.is_own && other.counted.is_none());
    }

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
