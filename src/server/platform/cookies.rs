//! Cookies, read and written by all doors in one way.
//!
//! By hand: what browsers send is nothing but pairs (RFC 6265bis section 4.2), whose values are ours and never quoted or encoded
//! by anybody else, and a library would write the attributes in an order of its own.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use chrono::TimeDelta;

/// Name and value of every cookie of a request, as they were sent. A line that is not ASCII is passed over.
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// The value of a request's cookie. Of several of this name the first.
pub fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    pairs(headers).find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// The name with `__Host-` before it where it can be, over TLS: no other host of the site can set it then. Plain HTTP on a
/// developer's machine cannot have it.
pub fn host_name(is_https: bool, name: &str) -> String {
    let prefix = if is_https { "__Host-" } else { "" };
    format!("{prefix}{name}")
}

/// A cookie that a browser gets. No script reads it.
pub struct SetCookie<'a> {
    pub name: &'a str,
    pub value: &'a str,
    /// `/` for one with the prefix `__Host-`.
    pub path: &'a str,
    pub same_site: SameSite,
    /// Where there is none, it goes when the browser is closed. Zero takes the cookie back.
    pub max_age: Option<TimeDelta>,
    pub is_https: bool,
}

/// Which requests of other sites' pages bring it.
#[derive(Clone, Copy)]
pub enum SameSite {
    /// None.
    Strict,
    /// Those that open a page.
    Lax,
}

impl<'a> SetCookie<'a> {
    /// A cookie of this whole host, for so long.
    pub fn lasting(is_https: bool, name: &'a str, value: &'a str, max_age: TimeDelta) -> Self {
        Self { name, value, path: "/", same_site: SameSite::Lax, max_age: Some(max_age), is_https }
    }

    /// Takes a cookie back that was set with this path.
    pub fn gone(is_https: bool, name: &'a str, path: &'a str) -> Self {
        Self { path, ..Self::lasting(is_https, name, "", TimeDelta::zero()) }
    }

    /// As the header has it; `None` where name or value has characters that no header may have.
    pub fn header(&self) -> Option<HeaderValue> {
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
        };
        let max_age = self.max_age.map(|age| format!("; Max-Age={}", age.num_seconds())).unwrap_or_default();
        let secure = if self.is_https { "; Secure" } else { "" };
        let Self { name, value, path, .. } = self;
        HeaderValue::try_from(format!("{name}={value}; Path={path}; HttpOnly; SameSite={same_site}{max_age}{secure}"))
            .ok()
    }

    pub fn add_to(&self, response: &mut Response) {
        if let Some(value) = self.header() {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_as_the_browser_sent_them_and_the_first_of_a_name_counts() {
        let mut headers = HeaderMap::new();
        for line in ["a=1; b=\"q%20\"; ;c; =d; a=2", "ü=1; a=3", "e=x=y;a=4"] {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).expect("a header"));
        }
        let expected = [("a", "1"), ("b", "\"q%20\""), ("", "d"), ("a", "2"), ("e", "x=y"), ("a", "4")];
        assert_eq!(pairs(&headers).collect::<Vec<_>>(), expected);
        assert_eq!([value(&headers, "a"), value(&headers, "A"), value(&headers, "e")], [Some("1"), None, Some("x=y")]);
    }

    #[test]
    fn a_cookie_is_written_with_all_that_keeps_it_from_others() {
        let text = |cookie: &SetCookie<'_>| cookie.header().map(|value| value.to_str().expect("text").to_owned());
        let name = host_name(true, "understudy");
        let cookie = SetCookie::lasting(true, &name, "upo_x", TimeDelta::hours(12));
        let expected = "__Host-understudy=upo_x; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure";
        assert_eq!(text(&cookie).as_deref(), Some(expected));
        let page = SetCookie { same_site: SameSite::Strict, max_age: None, ..SetCookie::gone(false, "a", "/") };
        assert_eq!(text(&page).as_deref(), Some("a=; Path=/; HttpOnly; SameSite=Strict"));
        assert_eq!(
            text(&SetCookie::gone(false, "a", "/id")).as_deref(),
            Some("a=; Path=/id; HttpOnly; SameSite=Lax; Max-Age=0")
        );
        assert_eq!(text(&SetCookie::lasting(true, "a", "b\r\nc", TimeDelta::zero())), None);
    }
}
