//! What a request has already, and in which codings it takes what it has not (RFC 9110 sections 12.5.3 and 13.1.2).

use axum::http::{HeaderMap, HeaderName, header};

/// The smallest weight there is: `identity` has it where it is not named, for whatever is named is better.
const LEAST: f32 = 0.001;

/// Whether the request has what this entity tag, in its quotes, is of: `If-None-Match` lists it, weak or not, or says `*`.
/// The tag has no comma.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    listed(headers, &header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// How much the request wants a coding, from 0, not at all, to 1. One that it does not name is wanted as much as `*`, where that
/// is there, and else not at all; but `identity`, which only `*;q=0` refuses unnamed, is taken where nothing else is. A weight
/// that is no number is none.
pub fn weight(headers: &HeaderMap, coding: &str) -> f32 {
    let mut any = None;
    for part in listed(headers, &header::ACCEPT_ENCODING) {
        let (named, parameters) = part.split_once(';').unwrap_or((part, ""));
        let named = named.trim();
        if named.eq_ignore_ascii_case(coding) {
            return quality(parameters);
        }
        if named == "*" {
            any = Some(quality(parameters));
        }
    }
    match any {
        Some(any) if coding != "identity" || any == 0.0 => any,
        _ if coding == "identity" => LEAST,
        _ => 0.0,
    }
}

/// The value of `q` among a coding's parameters, 1 where there is none.
fn quality(parameters: &str) -> f32 {
    let value = parameters.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let read = |value: &str| value.parse().ok().filter(|quality| (0.0..=1.0).contains(quality));
    value.map_or(1.0, |value| read(value).unwrap_or_default())
}

/// The members of a list, of all headers of that name.
fn listed<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_a_request_has_is_known_by_its_tag_alone_in_a_list_weak_or_whatever_it_be() {
        let knows = |values: &[&'static str]| is_known(&headers(&header::IF_NONE_MATCH, values), "\"a1\"");
        for known in ["\"a1\"", "W/\"a1\"", "\"b2\", \"a1\"", "\"b2\",W/\"a1\" ,\"c3\"", "*", " * "] {
            assert!(knows(&[known]), "{known}");
        }
        assert!(knows(&["\"b2\"", "\"a1\""]), "in the second header");
        for unknown in ["", "\"b2\"", "a1", "\"a1", "w/\"a1\"", "W/W/\"a1\"", "\"a12\"", "\"*\""] {
            assert!(!knows(&[unknown]), "{unknown}");
        }
        assert!(!knows(&[]));
    }

    #[test]
    fn a_coding_weighs_what_the_request_says_of_it() {
        let weigh = |value| {
            let headers = headers(&header::ACCEPT_ENCODING, &[value]);
            ["br", "gzip", "identity"].map(|coding| weight(&headers, coding))
        };
        for (value, weights) in [
            ("", [0.0, 0.0, LEAST]),
            ("gzip, deflate, br", [1.0, 1.0, LEAST]),
            ("BR", [1.0, 0.0, LEAST]),
            ("br;q=0", [0.0, 0.0, LEAST]),
            ("br;q=0, gzip", [0.0, 1.0, LEAST]),
            ("br ; Q=0.2 , gzip;q=0.75,identity; q=0.5", [0.2, 0.75, 0.5]),
            ("*", [1.0, 1.0, LEAST]),
            ("gzip;q=0, *;q=0.3", [0.3, 0.0, LEAST]),
            ("*;q=0", [0.0, 0.0, 0.0]),
            ("*;q=0, identity;q=0.1", [0.0, 0.0, 0.1]),
            ("identity;q=0", [0.0, 0.0, 0.0]),
            ("identity;q=0, br", [1.0, 0.0, 0.0]),
            ("br;q=much, gzip;q=2", [0.0, 0.0, LEAST]),
            ("br;q=nan, gzip;q=-1", [0.0, 0.0, LEAST]),
            ("brotli, x-gzip", [0.0, 0.0, LEAST]),
        ] {
            assert_eq!(weigh(value), weights, "{value}");
        }
        assert_eq!(weight(&HeaderMap::new(), "br"), 0.0, "who says nothing gets no coding");
        let several = headers(&header::ACCEPT_ENCODING, &["gzip", "br;q=0.5"]);
        assert_eq!(weight(&several, "br"), 0.5);
    }
}
