//! Addresses as they are put together, also where no request is being answered.

use std::net::IpAddr;

use url::Url;

/// Whether `path` is an absolute path that no browser can read as another host.
pub fn is_path(path: &str) -> bool {
    // A backslash is a slash to browsers before the query, and a character like any other in it.
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic())
        && !path.split(['?', '#']).next().unwrap_or_default().contains('\\')
}

/// `path?query` or `path&query`, whatever `url` has already. Nothing of `url` is rewritten, but for what no header can hold: an
/// address with other letters than ASCII is written as a browser writes it.
pub fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let url = &in_ascii(url);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some((_, present)) if present.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{query}")
}

/// An address as it may stand in a header.
pub fn in_ascii(url: &str) -> String {
    if url.is_ascii() {
        return url.to_owned();
    }
    Url::parse(url).map_or_else(|_| url.to_owned(), String::from)
}

/// Scheme, host and port of an http or https address, as browsers write an origin.
pub fn origin_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
}

/// The issuer of the environment with this slug: its own host name where it has one, or else a path of the public
/// origin.
pub fn issuer(public_origin: &str, slug: &str, host: Option<&str>) -> String {
    match (host, public_origin.split_once(':')) {
        (Some(host), Some((scheme, _))) => format!("{scheme}://{host}"),
        _ => format!("{public_origin}/id/{slug}"),
    }
}

/// Whether a host, as URLs write it, is this machine's alone.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether whoever is reached under this address is on this machine.
pub fn is_local(url: &Url) -> bool {
    is_loopback(url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, origin_of, with_query};

    #[test]
    fn this_machine_has_several_names() {
        for name in ["localhost", "app.localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(name), "{name}");
        }
        for name in ["192.168.1.5", "localhost.example", "understudy", ""] {
            assert!(!is_loopback(name), "{name}");
        }
    }

    #[test]
    fn a_redirect_keeps_the_query_that_it_was_registered_with() {
        assert_eq!(with_query("https://a.example/cb", &[("code", "x y")]), "https://a.example/cb?code=x+y");
        assert_eq!(with_query("https://a.example/cb?a=1", &[("code", "x")]), "https://a.example/cb?a=1&code=x");
        assert_eq!(with_query("https://a.example/cb?", &[("code", "x")]), "https://a.example/cb?code=x");
        assert_eq!(with_query("https://bücher.example/ü", &[("a", "x")]), "https://xn--bcher-kva.example/%C3%BC?a=x");
    }

    #[test]
    fn only_web_addresses_have_an_origin() {
        assert_eq!(origin_of("https://A.example:443/x").as_deref(), Some("https://a.example"));
        assert_eq!(origin_of("http://a.example:8080/x").as_deref(), Some("http://a.example:8080"));
        for other in ["javascript:alert(1)", "com.kestrel.crew:/callback", "", "//a.example"] {
            assert_eq!(origin_of(other), None, "{other}");
        }
    }
}
