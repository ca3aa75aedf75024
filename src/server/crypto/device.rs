//! The cookie by which a browser is known again: accounts that were signed in with it have limits of their own in it, which
//! no stranger can use up. It opens nothing: whoever has it may try a password, as everybody may.
//!
//! `{browser}.{until}.{tag}`, the last two once for each account. The tag is made with the master key over realm, account,
//! browser and time, so that a browser cannot name an account that never signed in with it, and nothing has to be stored.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;

use super::keyring::Keyring;
use crate::model::environment::looks_like_slug;
use crate::server::platform::cookies::{SetCookie, host_name, pairs};
use crate::server::platform::random::Random;
use crate::server::platform::rate_limit::Realm;

/// How long a browser stays known after an account was signed in with it.
const KNOWN: TimeDelta = TimeDelta::days(180);
/// Accounts of one browser: a desk that several people share.
const ACCOUNTS: usize = 5;
/// No cookie of this kind is longer.
const LONGEST: usize = 400;
const NAME: &str = "understudy-device";
const PURPOSE: &str = "known device";

/// The cookies of this kind that a request brought, by name.
#[derive(Clone, Default)]
pub struct Devices(Vec<(String, String)>);

/// The names alone: a value lets a password be tried where others are told to wait.
impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// The cookie's name: the portal's, or that of an environment. `__Host-` binds it to this host over TLS.
pub fn cookie_name(is_https: bool, environment: Option<&str>) -> String {
    match environment {
        None => host_name(is_https, NAME),
        Some(slug) => host_name(is_https, &format!("{NAME}-{slug}")),
    }
}

/// The cookie, as `Set-Cookie` takes it.
pub fn set_cookie(is_https: bool, environment: Option<&str>, value: &str) -> Option<HeaderValue> {
    SetCookie::lasting(is_https, &cookie_name(is_https, environment), value, KNOWN).header()
}

/// Whether it is a name that the portal or an environment gives. Of these all are looked at: others of the site may set as
/// many as they like, and the right one is not known before the request says where it goes.
fn is_named(name: &str) -> bool {
    let rest = name.strip_prefix("__Host-").unwrap_or(name).strip_prefix(NAME);
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('-').is_some_and(looks_like_slug))
}

impl Devices {
    pub fn of(headers: &HeaderMap) -> Self {
        let ours = pairs(headers).filter(|(name, value)| is_named(name) && value.len() <= LONGEST);
        Self(ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// Who a browser is known as in a realm.
pub struct Device<'a> {
    pub keyring: &'a Keyring,
    pub realm: Realm,
    pub account: &'a str,
    /// The value of its cookie; empty where it has none.
    pub cookie: &'a str,
    pub now: DateTime<Utc>,
}

impl<'a> Device<'a> {
    /// The browser's number, where the account was signed in with it.
    pub fn known(&self) -> Option<&'a str> {
        let (browser, accounts) = read(self.cookie)?;
        accounts.iter().any(|(until, tag)| self.is_ours(browser, until, tag)).then_some(browser)
    }

    fn is_ours(&self, browser: &str, until: &str, tag: &str) -> bool {
        let alive = until.parse::<i64>().is_ok_and(|until| until > self.now.timestamp());
        alive && bool::from(self.tag(browser, until).as_bytes().ct_eq(tag.as_bytes()))
    }

    fn tag(&self, browser: &str, until: &str) -> String {
        let mut data = self.realm.bytes().to_vec();
        for part in [self.account, browser, until] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        let tag = self.keyring.tag(PURPOSE, &data);
        URL_SAFE_NO_PAD.encode(&tag[..16])
    }

    /// The cookie's new value, now that the account is signed in with this browser.
    pub fn remember(&self, random: &dyn Random) -> String {
        let (browser, accounts) = match read(self.cookie) {
            Some((browser, accounts)) => (browser.to_owned(), accounts),
            None => {
                let mut bytes = [0; 16];
                random.fill(&mut bytes);
                (URL_SAFE_NO_PAD.encode(bytes), Vec::new())
            }
        };
        let until = (self.now + KNOWN).timestamp().to_string();
        let mut value = format!("{browser}.{until}.{}", self.tag(&browser, &until));
        let others = accounts.iter().filter(|(until, tag)| !self.is_ours(&browser, until, tag));
        for (until, tag) in others.take(ACCOUNTS - 1) {
            value.push_str(&format!(".{until}.{tag}"));
        }
        value
    }
}

/// The browser and its accounts, newest first.
fn read(cookie: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let is_code =
        |text: &str| text.len() == 22 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let mut parts = cookie.split('.');
    let browser = parts.next().filter(|part| is_code(part))?;
    let mut accounts = Vec::new();
    while let Some(until) = parts.next() {
        let tag = parts.next().filter(|tag| is_code(tag))?;
        if until.len() > 12 || until.parse::<i64>().is_err() || accounts.len() == ACCOUNTS {
            return None;
        }
        accounts.push((until, tag));
    }
    Some((browser, accounts))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::server::crypto::keyring::MasterKey;
    use crate::server::platform::clock::from_micros;
    use crate::server::platform::random::SystemRandom;

    fn keyring() -> Keyring {
        Keyring::new(MasterKey::parse(&MasterKey::generate(&SystemRandom)).expect("a key"))
    }

    fn device<'a>(keyring: &'a Keyring, account: &'a str, cookie: &'a str) -> Device<'a> {
        Device { keyring, realm: Realm::Portal, account, cookie, now: from_micros(1_764_000_000_000_000) }
    }

    #[test]
    fn what_is_written_of_a_request_shows_the_names_of_such_cookies_and_no_value() {
        let value = device(&keyring(), "olivia", "").remember(&SystemRandom);
        let devices = Devices(vec![("understudy-device".to_owned(), value)]);
        assert_eq!(format!("{devices:?}"), "{\"understudy-device\"}");
    }

    #[test]
    fn a_browser_is_known_for_the_accounts_that_signed_in_with_it_only() {
        let keyring = keyring();
        let first = device(&keyring, "olivia", "").remember(&SystemRandom);
        let both = device(&keyring, "adam", &first).remember(&SystemRandom);
        for account in ["olivia", "adam"] {
            let known = device(&keyring, account, &both).known();
            assert_eq!(known, device(&keyring, "olivia", &first).known());
            assert!(known.is_some(), "{account}");
        }
        assert_eq!(device(&keyring, "vera", &both).known(), None);
        let elsewhere = Device { realm: Realm::Environment(Uuid::nil()), ..device(&keyring, "olivia", &both) };
        assert_eq!(elsewhere.known(), None);
        let later = Device { now: from_micros(1_764_000_000_000_000) + KNOWN, ..device(&keyring, "olivia", &both) };
        assert_eq!(later.known(), None);
    }

    #[test]
    fn a_made_up_or_mangled_cookie_is_none() {
        let keyring = keyring();
        let real = device(&keyring, "olivia", "").remember(&SystemRandom);
        let other = self::keyring();
        assert_eq!(device(&other, "olivia", &real).known(), None);
        for wrong in ["", ".", "a.b.c", &real[1..], &real[..real.len() - 1], &format!("{real}."), &format!("{real}.1")]
        {
            assert_eq!(device(&keyring, "olivia", wrong).known(), None, "{wrong}");
        }
    }

    #[test]
    fn cookies_of_similar_names_crowd_no_device_out() {
        let mut headers = HeaderMap::new();
        let names =
            ["understudy-device-a b", "my-understudy-device", "understudy-deviceX", "__Secure-understudy-device"];
        let made_up = (0..200).map(|number| format!("understudy-device-x{number}=1")).collect::<Vec<_>>().join("; ");
        for line in [names.map(|name| format!("{name}=1")).join("; "), made_up, "understudy-device-qa=real".to_owned()]
        {
            headers.append(axum::http::header::COOKIE, line.parse().expect("a header"));
        }
        let devices = Devices::of(&headers);
        assert_eq!(devices.get("understudy-device-qa"), "real");
        for name in names {
            assert_eq!(devices.get(name), "", "{name}");
        }
    }

    #[test]
    fn a_shared_desk_stays_short() {
        let keyring = keyring();
        let mut cookie = String::new();
        for number in 0..20 {
            cookie = device(&keyring, &format!("person{number}"), &cookie).remember(&SystemRandom);
            cookie = device(&keyring, &format!("person{number}"), &cookie).remember(&SystemRandom);
        }
        assert!(cookie.len() <= LONGEST, "{}", cookie.len());
        assert!(device(&keyring, "person19", &cookie).known().is_some());
        assert!(device(&keyring, "person16", &cookie).known().is_some());
        assert!(device(&keyring, "person10", &cookie).known().is_none());
    }
}
