//! How often a password may be tried. Nobody can keep somebody else from signing in:
//!
//! - a browser in which the account was signed in before has a bucket of its own, which no stranger can fill;
//! - guesses are counted by network (a /64 of IPv6, and ten times as wide by /48), and by account together with network;
//! - guesses at one account from everywhere together never refuse, they delay: a network that was not heard yet waits a
//!   little, at most [`LONGEST_DELAY`], counted from when it asked first, whatever others do in the meantime;
//! - where it is not known who is behind a proxy, nobody is limited by the proxy's address.
//!
//! What was no guess, because the password was right, is taken back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::buckets::{Buckets, Key, MOST, shared};

/// Guesses at an account from everywhere that nobody is delayed for.
const FREE: u32 = 10;
/// The longest that somebody who is not known yet waits because of others.
pub const LONGEST_DELAY: Duration = Duration::from_secs(15);
/// A guess at an account is forgotten after this long, and no more than [`REMEMBERED`] are remembered.
const FORGOTTEN: Duration = Duration::from_secs(60);
const REMEMBERED: u32 = 30;
/// How long a network that has waited for an account may take to come back.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where one signs in: the portal, or the applications of an environment. They count apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    Portal,
    Environment(Uuid),
}

impl Realm {
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
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub realm: Realm,
    /// The e-mail, as accounts are compared.
    pub account: &'a str,
    pub address: Option<IpAddr>,
    /// Whether `address` is the client's own, and not one that many may share or anybody may have made up.
    pub is_own: bool,
    /// The browser, where this account was signed in with it before.
    pub device: Option<&'a str>,
}

/// What an attempt was counted under.
#[derive(Clone, Debug, Default)]
pub struct Charge {
    counted: Vec<(Kind, Key)>,
    here: Option<Key>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Device,
    Network,
    WideNetwork,
    Here,
    Account,
    Unattributed,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Device, Self::Network, Self::WideNetwork, Self::Here, Self::Account, Self::Unattributed];

    /// How many at once, and how soon another.
    fn rule(self) -> (u32, Duration) {
        match self {
            Self::Device | Self::Here => (10, Duration::from_secs(30)),
            Self::Network => (60, Duration::from_secs(2)),
            Self::WideNetwork => (600, Duration::from_millis(200)),
            // Nearly as many as can be hashed: a few strangers cannot use it up.
            Self::Unattributed => (2000, Duration::from_millis(50)),
            Self::Account => (REMEMBERED, FORGOTTEN),
        }
    }
}

#[derive(Default)]
pub struct SignIns {
    buckets: HashMap<Kind, Buckets>,
    /// By account and network: from when on it may try, while many guess at the account.
    turns: HashMap<Key, Duration>,
}

impl SignIns {
    /// Counts an attempt, or gives how long to wait before the next: then nothing is counted.
    pub fn attempt(&mut self, attempt: &Attempt<'_>, now: Duration) -> Result<Charge, Duration> {
        if let Some(device) = attempt.device {
            let key = key(attempt.realm, &[b"device", attempt.account.as_bytes(), device.as_bytes()]);
            return self.count(vec![(Kind::Device, key)], None, now);
        }
        let network = attempt.address.map(|address| prefix(address, 64));
        let here = [attempt.account.as_bytes(), network.as_ref().map_or(&b"nowhere"[..], |network| &network[..])];
        let here = key(attempt.realm, &[b"here", here[0], here[1]]);
        let mut counted = Vec::new();
        if let Some(address) = attempt.address {
            counted.push((Kind::Network, key(attempt.realm, &[b"network", &prefix(address, 64)])));
            if address.is_ipv6() {
                counted.push((Kind::WideNetwork, key(attempt.realm, &[b"wide", &prefix(address, 48)])));
            }
        }
        if !attempt.is_own {
            counted.push((Kind::Unattributed, key(attempt.realm, &[b"unattributed"])));
        }
        // Without any address, everybody is in one place: a bucket of the account there would be a lock for all.
        if attempt.is_own || attempt.address.is_some() {
            counted.push((Kind::Here, here));
        }
        let account = key(attempt.realm, &[b"account", attempt.account.as_bytes()]);
        let turn = self.turn(account, here, now);
        let charge = match self.count(counted, Some((account, here)), now) {
            Ok(charge) if turn.is_zero() => charge,
            Ok(charge) => {
                self.refund(&charge);
                return Err(turn);
            }
            Err(wait) => return Err(wait.max(turn)),
        };
        let delay = self.delay(account, now);
        if !delay.is_zero() {
            let here = self.slot(here);
            self.turns.insert(here, now + delay);
        }
        Ok(charge)
    }

    /// How long this network has still to wait for the account. Who asks for the first time gets its turn noted.
    fn turn(&mut self, account: Key, here: Key, now: Duration) -> Duration {
        let delay = self.delay(account, now);
        if delay.is_zero() {
            return delay;
        }
        let here = self.slot(here);
        self.turns.entry(here).or_insert(now + delay).saturating_sub(now)
    }

    fn slot(&self, here: Key) -> Key {
        if self.turns.contains_key(&here) || self.turns.len() < MOST { here } else { shared(here) }
    }

    /// One, two, four, eight seconds and so on, once more was guessed than is free.
    fn delay(&mut self, account: Key, now: Duration) -> Duration {
        let (_, every) = Kind::Account.rule();
        let empty = self.buckets(Kind::Account).get(account).saturating_sub(now);
        let level = u32::try_from(empty.as_nanos().div_ceil(every.as_nanos().max(1))).unwrap_or(u32::MAX);
        match level.saturating_sub(FREE) {
            0 => Duration::ZERO,
            over => Duration::from_secs(1 << (over - 1).min(4)).min(LONGEST_DELAY),
        }
    }

    fn count(
        &mut self,
        mut counted: Vec<(Kind, Key)>,
        account: Option<(Key, Key)>,
        now: Duration,
    ) -> Result<Charge, Duration> {
        let wait = counted.iter().map(|(kind, key)| self.buckets(*kind).wait(*key, kind.rule(), now)).max();
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        counted.extend(account.map(|(account, _)| (Kind::Account, account)));
        for (kind, key) in &counted {
            self.buckets(*kind).charge(*key, kind.rule(), now);
        }
        Ok(Charge { counted, here: account.map(|(_, here)| here) })
    }

    pub fn take_back(&mut self, charge: &Charge) {
        self.refund(charge);
        if let Some(here) = charge.here {
            self.turns.remove(&here);
        }
    }

    fn refund(&mut self, charge: &Charge) {
        for (kind, key) in &charge.counted {
            let (_, every) = kind.rule();
            self.buckets(*kind).refund(*key, every);
        }
    }

    pub fn sweep(&mut self, now: Duration) {
        for kind in Kind::ALL {
            self.buckets(kind).forget_empty(now);
        }
        self.turns.retain(|_, turn| *turn + PATIENCE > now);
    }

    fn buckets(&mut self, kind: Kind) -> &mut Buckets {
        self.buckets.entry(kind).or_default()
    }
}

/// SHA-256 of the parts with their lengths, so that no two lists of parts are the same text.
fn key(realm: Realm, parts: &[&[u8]]) -> Key {
    let mut hash = Sha256::new();
    hash.update(realm.bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut key = Key::default();
    key.copy_from_slice(&digest[..16]);
    key
}

/// The network of an address: all of IPv4, the first `bits` of IPv6.
fn prefix(address: IpAddr, bits: u8) -> [u8; 16] {
    let mut bytes = match address.to_canonical() {
        IpAddr::V4(address) => return address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    };
    bytes[usize::from(bits / 8)..].fill(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::buckets::SHARED;
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    fn from<'a>(account: &'a str, address: &str) -> Attempt<'a> {
        let address = Some(address.parse().expect("an address"));
        Attempt { realm: Realm::Portal, account, address, is_own: true, device: None }
    }

    #[test]
    fn a_spraying_network_is_stopped_whatever_address_of_it_is_used() {
        let mut limits = SignIns::default();
        for number in 0..60 {
            let (account, address) = (format!("person{number}"), format!("2001:db8:0:1::{number:x}"));
            assert!(limits.attempt(&from(&account, &address), at(0)).is_ok(), "{number}");
        }
        assert!(limits.attempt(&from("another", "2001:db8:0:1:ffff::1"), at(0)).is_err());
        assert!(limits.attempt(&from("another", "2001:db8:0:2::1"), at(0)).is_ok(), "the network beside it");
        assert!(limits.attempt(&from("another", "2001:db8:0:1:ffff::1"), at(3)).is_ok());
    }

    #[test]
    fn many_networks_of_one_owner_are_stopped_later() {
        let mut limits = SignIns::default();
        let mut through = 0;
        for number in 0..2000 {
            let (account, address) = (format!("person{number}"), format!("2001:db8:0:{number:x}::1"));
            through += usize::from(limits.attempt(&from(&account, &address), at(0)).is_ok());
        }
        assert_eq!(through, 600);
    }

    #[test]
    fn whoever_is_guessed_at_from_everywhere_waits_a_little_and_gets_in() {
        let mut limits = SignIns::default();
        let hammer = |limits: &mut SignIns, second: u64| {
            for number in 0..200_u32 {
                let address = format!("198.51.{}.{}", number / 100, number % 100);
                let _ = limits.attempt(&from("olivia", &address), at(second));
            }
        };
        hammer(&mut limits, 0);
        let wait = limits.attempt(&from("olivia", "203.0.113.5"), at(0)).expect_err("a delay");
        assert!(wait <= LONGEST_DELAY, "{wait:?}");
        for second in 1..15 {
            hammer(&mut limits, second);
        }
        assert!(limits.attempt(&from("olivia", "203.0.113.5"), at(0) + wait).is_ok(), "whatever others did meanwhile");
        assert!(limits.attempt(&from("adam", "203.0.113.5"), at(15)).is_ok());
    }

    #[test]
    fn a_known_browser_is_nobody_elses_to_fill() {
        let mut limits = SignIns::default();
        for number in 0..500_u32 {
            let _ = limits.attempt(&from("olivia", &format!("198.51.100.{}", number % 250)), at(0));
        }
        let known = Attempt { device: Some("a browser"), ..from("olivia", "198.51.100.1") };
        assert!(limits.attempt(&known, at(0)).is_ok());
        for _ in 0..20 {
            let _ = limits.attempt(&known, at(0));
        }
        assert!(limits.attempt(&known, at(0)).is_err(), "it may not guess for ever either");
        assert!(limits.attempt(&Attempt { device: Some("another"), ..known }, at(0)).is_ok());
    }

    #[test]
    fn an_office_behind_one_address_signs_in_together() {
        let mut limits = SignIns::default();
        for number in 0..1000 {
            let account = format!("person{number}");
            let charge = limits.attempt(&from(&account, "203.0.113.5"), at(0)).expect("no guess, no limit");
            limits.take_back(&charge);
        }
    }

    #[test]
    fn where_nobody_knows_who_is_behind_a_proxy_its_address_limits_nobody() {
        let mut limits = SignIns::default();
        fn behind<'a>(account: &'a str, address: Option<&str>) -> Attempt<'a> {
            let address = address.map(|address| address.parse().expect("an address"));
            Attempt { address, is_own: false, ..from(account, "203.0.113.5") }
        }
        for number in 0..300 {
            let account = format!("person{}", number % 3);
            let _ = limits.attempt(&behind(&account, None), at(0));
        }
        assert!(limits.attempt(&behind("olivia", None), at(0)).is_ok());
        for _ in 0..100 {
            let _ = limits.attempt(&behind("adam", Some("198.51.100.7")), at(0));
        }
        assert!(limits.attempt(&behind("olivia", Some("198.51.100.8")), at(0)).is_ok());
    }

    #[test]
    fn realms_count_apart() {
        let mut limits = SignIns::default();
        for _ in 0..10 {
            limits.attempt(&from("olivia", "203.0.113.5"), at(0)).expect("within the limit");
        }
        assert!(limits.attempt(&from("olivia", "203.0.113.5"), at(0)).is_err());
        let elsewhere = Attempt { realm: Realm::Environment(Uuid::nil()), ..from("olivia", "203.0.113.5") };
        assert!(limits.attempt(&elsewhere, at(0)).is_ok());
    }

    #[test]
    fn memory_is_bounded_and_what_is_over_is_forgotten() {
        let mut limits = SignIns::default();
        for number in 0..(MOST as u32 + 5000) {
            let [_, b, c, d] = number.to_be_bytes();
            let _ = limits.attempt(&from(&format!("person{number}"), &format!("10.{b}.{c}.{d}")), at(0));
        }
        for kind in Kind::ALL {
            assert!(limits.buckets(kind).len() <= MOST + usize::from(SHARED), "{kind:?}");
        }
        limits.sweep(at(100_000));
        assert!(Kind::ALL.into_iter().all(|kind| limits.buckets(kind).len() == 0) && limits.turns.is_empty());
    }
}
