//! Reading `Forwarded` (RFC 7239) and `X-Forwarded-For`.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

/// An address, or what was written in its place.
pub type Entry = Result<IpAddr, String>;

/// All entries of a header that may come several times, in order. Empty ones do not count (RFC 9110 section 5.6.1).
pub fn entries(headers: &HeaderMap, name: &HeaderName, read: fn(&str) -> Option<IpAddr>) -> Vec<Entry> {
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
pub fn forwarded_entry(element: &str) -> Option<IpAddr> {
    let parameter = split(element, ';')
        .into_iter()
        .find(|part| part.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("for")))?;
    let (_, value) = parameter.split_once('=')?;
    let node = format!("for={}", value.trim());
    let parsed = rfc7239::parse(&node).next()?.ok()?;
    parsed.forwarded_for?.ip().map(IpAddr::to_canonical)
}

/// One entry of `X-Forwarded-For`, which no standard describes: an address with or without a port, brackets and quotes.
pub fn common_entry(entry: &str) -> Option<IpAddr> {
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
