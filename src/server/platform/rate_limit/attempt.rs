//! An attempt to sign in, and what it is counted under.

use std::time::Duration;

use uuid::Uuid;

use super::buckets::Key;
use crate::server::platform::client_address::Place;
use crate::server::platform::sha256::sha256;

/// A guess at an account is forgotten after this long, and no more than [`REMEMBERED`] are remembered.
const FORGOTTEN: Duration = Duration::from_secs(60);
const REMEMBERED: u32 = 30;

/// Where one signs in: the portal, or the applications of an environment. They count apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    Portal,
    Environment(Uuid),
}

impl Realm {
    /// None for the portal.
    pub fn environment(self) -> Option<Uuid> {
        match self {
            Self::Portal => None,
            Self::Environment(id) => Some(id),
        }
    }

    pub fn bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        if let Self::Environment(id) = self {
            bytes[0] = 1;
            bytes[1..].copy_from_slice(id.as_bytes());
        }
        bytes
    }
}

/// One attempt to sign in.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    pub realm: Realm,
    /// The e-mail, as accounts are compared.
    pub account: &'a str,
    /// Where it came from, as far as that is known or claimed.
    pub places: Vec<Place>,
    /// Whether that is the client's own address, and not one that many may share or anybody may have made up.
    pub is_own: bool,
    /// The browser, where this account was signed in with it before.
    pub device: Option<&'a str>,
}

impl Attempt<'_> {
    /// The account itself, wherever it is tried from.
    pub fn at_account(&self) -> Key {
        key(self.realm, &[b"account", self.account.as_bytes()])
    }

    /// In a browser in which the account was signed in before.
    pub fn in_device(&self) -> Option<Key> {
        Some(key(self.realm, &[b"device", self.account.as_bytes(), self.device?.as_bytes()]))
    }

    /// What an attempt counts under, but for the account itself.
    pub fn places(&self) -> Vec<(AttemptLimit, Key)> {
        let account = self.account.as_bytes();
        let mut counted = Vec::new();
        for place in &self.places {
            let network = place.network(64);
            counted.push((AttemptLimit::Network, key(self.realm, &[b"network", &network])));
            if place.address().is_ipv6() {
                counted.push((AttemptLimit::WideNetwork, key(self.realm, &[b"wide", &place.network(48)])));
            }
            counted.push((AttemptLimit::Here, key(self.realm, &[b"here", account, &network])));
        }
        // Nobody but a test comes from nowhere and is known all the same.
        if self.is_own && self.places.is_empty() {
            counted.push((AttemptLimit::Here, key(self.realm, &[b"here", account, b"nowhere"])));
        }
        counted
    }

    /// Where turns are waited for. Without any address, everybody is in one place: a turn there would be whoever's comes first.
    pub fn here(&self) -> Option<Key> {
        if self.places.is_empty() && !self.is_own {
            return None;
        }
        let networks: Vec<u8> = self.places.iter().flat_map(|place| place.network(64)).collect();
        Some(key(self.realm, &[b"turn", self.account.as_bytes(), &networks]))
    }
}

/// What attempts are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptLimit {
    Device,
    Network,
    WideNetwork,
    Here,
    Account,
    /// Right passwords, which are no guesses.
    Right,
}

impl AttemptLimit {
    pub const ALL: [Self; 6] = [Self::Device, Self::Network, Self::WideNetwork, Self::Here, Self::Account, Self::Right];

    /// How many at once, and how soon another.
    pub fn rule(self) -> (u32, Duration) {
        match self {
            Self::Device | Self::Here => (10, Duration::from_secs(30)),
            Self::Network => (60, Duration::from_secs(2)),
            Self::Right => (300, Duration::from_secs(1)),
            Self::WideNetwork => (600, Duration::from_millis(200)),
            Self::Account => (REMEMBERED, FORGOTTEN),
        }
    }
}

/// SHA-256 of the parts with their lengths, so that no two lists of parts are the same text.
fn key(realm: Realm, parts: &[&[u8]]) -> Key {
    let mut text = realm.bytes().to_vec();
    for part in parts {
        text.extend((part.len() as u64).to_be_bytes());
        text.extend(*part);
    }
    let mut key = Key::default();
    key.copy_from_slice(&sha256(&text)[..16]);
    key
}
