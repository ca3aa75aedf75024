//! How often a password may be tried. Nobody can keep somebody else from signing in:
//!
//! - a browser in which the account was signed in before has a bucket of its own, which no stranger can fill;
//! - guesses are counted by network (a /64 of IPv6, and ten times as wide by /48), and by account together with network; what
//!   a header claims counts apart, so that nobody fills the bucket of an address by naming it;
//! - guesses at one account from everywhere together never refuse, they delay: a network that was not heard yet waits a
//!   little, at most [`LONGEST_DELAY`], counted from when it asked first, whatever others do in the meantime;
//! - where it is not known who is behind a proxy, neither the proxy's address nor all attempts together limit anybody, and where
//!   its headers claim nothing, nobody is delayed: whoever guesses could always be there first. How many passwords can be
//!   hashed is the limit then.
//!
//! What was no guess, because the password was right, is taken back. Right passwords count apart, by account and loosely:
//! each leaves a session. A browser in which the account was signed in before counts for itself here, too.

use std::collections::HashMap;
use std::time::Duration;

use super::attempt::{Attempt, AttemptLimit};
use super::buckets::{Buckets, Key};
use super::turns::Turns;

/// Guesses at an account from everywhere that nobody is delayed for.
const FREE: u32 = 10;
/// The longest that somebody who is not known yet waits because of others.
pub const LONGEST_DELAY: Duration = Duration::from_secs(15);

/// What an attempt was counted under.
#[derive(Clone, Debug, Default)]
pub struct Charge {
    counted: Vec<(AttemptLimit, Key)>,
    here: Option<Key>,
}

#[derive(Default)]
pub struct SignIns {
    buckets: HashMap<AttemptLimit, Buckets>,
    turns: Turns,
}

impl SignIns {
    /// Counts an attempt, or gives how long to wait before the next: then nothing is counted.
    pub fn attempt(&mut self, attempt: &Attempt<'_>, now: Duration) -> Result<Charge, Duration> {
        if let Some(device) = attempt.in_device() {
            let charge = Charge { counted: vec![(AttemptLimit::Device, device)], here: None };
            return self.count(charge, Duration::ZERO, now);
        }
        let (account, here) = (attempt.at_account(), attempt.here());
        let delay = self.delay(account, now);
        let turn = here.map_or(Duration::ZERO, |here| self.turns.wait(here, delay, now));
        let mut charge = self.count(Charge { counted: attempt.places(), here }, turn, now)?;
        self.buckets(AttemptLimit::Account).charge(account, AttemptLimit::Account.rule(), now);
        charge.counted.push((AttemptLimit::Account, account));
        let delay = self.delay(account, now);
        if let Some(here) = here.filter(|_| !delay.is_zero()) {
            self.turns.note(here, now + delay);
        }
        Ok(charge)
    }

    /// One, two, four, eight seconds and so on, once more was guessed than is free.
    fn delay(&mut self, account: Key, now: Duration) -> Duration {
        let (_, every) = AttemptLimit::Account.rule();
        let empty = self.buckets(AttemptLimit::Account).get(account).saturating_sub(now);
        let level = u32::try_from(empty.as_nanos().div_ceil(every.as_nanos().max(1))).unwrap_or(u32::MAX);
        match level.saturating_sub(FREE) {
            0 => Duration::ZERO,
            over => Duration::from_secs(1 << (over - 1).min(4)).min(LONGEST_DELAY),
        }
    }

    /// Counts it, unless something is full or it is not its turn yet.
    fn count(&mut self, charge: Charge, turn: Duration, now: Duration) -> Result<Charge, Duration> {
        let full = charge.counted.iter().map(|(kind, key)| self.buckets(*kind).wait(*key, kind.rule(), now)).max();
        let wait = turn.max(full.unwrap_or_default());
        if !wait.is_zero() {
            return Err(wait);
        }
        for (kind, key) in &charge.counted {
            self.buckets(*kind).charge(*key, kind.rule(), now);
        }
        Ok(charge)
    }

    /// Counts a right password, or gives how long to wait before the next: then nothing is counted.
    pub fn right_password(&mut self, attempt: &Attempt<'_>, now: Duration) -> Result<(), Duration> {
        let key = attempt.in_device().unwrap_or_else(|| attempt.at_account());
        self.count(Charge { counted: vec![(AttemptLimit::Right, key)], here: None }, Duration::ZERO, now).map(drop)
    }

    pub fn take_back(&mut self, charge: &Charge, now: Duration) {
        for (kind, key) in &charge.counted {
            let (_, every) = kind.rule();
            self.buckets(*kind).refund(*key, every, now);
        }
        if let Some(here) = charge.here {
            self.turns.come(here, now);
        }
    }

    pub fn sweep(&mut self, now: Duration) {
        for kind in AttemptLimit::ALL {
            self.buckets(kind).forget_empty(now);
        }
        self.turns.sweep(now);
    }

    fn buckets(&mut self, kind: AttemptLimit) -> &mut Buckets {
        self.buckets.entry(kind).or_default()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::attempt::Realm;
    use super::super::buckets::{MOST, SHARED};
    use super::*;
    use crate::server::platform::client_address::{Forwarding, Place};

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    fn from<'a>(account: &'a str, address: &str) -> Attempt<'a> {
        let places = vec![Place::Own(address.parse().expect("an address"))];
        Attempt { realm: Realm::Portal, account, places, is_own: true, device: None }
    }

    /// Over a connection from a proxy that nobody named.
    fn behind<'a>(account: &'a str, claim: Option<&str>) -> Attempt<'a> {
        let address = |text: &str| text.parse().expect("an address");
        let over = address("127.0.0.1");
        let place = |claim| Place::Claimed { over, header: Forwarding::Common, address: address(claim) };
        Attempt { places: claim.map(place).into_iter().collect(), is_own: false, ..from(account, "203.0.113.5") }
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
            limits.take_back(&charge, at(0));
        }
        assert!(
            AttemptLimit::ALL.into_iter().all(|kind| limits.buckets(kind).len() == 0),
            "who is right takes no place"
        );
    }

    #[test]
    fn whoever_knows_a_password_signs_in_often_and_not_without_end() {
        let mut limits = SignIns::default();
        let sign_in = |limits: &mut SignIns, attempt: &Attempt<'_>, second: u64| {
            let charge = limits.attempt(attempt, at(second)).expect("no guess");
            limits.take_back(&charge, at(second));
            limits.right_password(attempt, at(second))
        };
        let thief = from("olivia", "198.51.100.1");
        for _ in 0..300 {
            sign_in(&mut limits, &thief, 0).expect("within the limit");
        }
        assert_eq!(sign_in(&mut limits, &thief, 0), Err(Duration::from_secs(1)));
        assert!(sign_in(&mut limits, &from("olivia", "203.0.113.5"), 0).is_err(), "from wherever");
        let known = Attempt { device: Some("a browser"), ..from("olivia", "198.51.100.1") };
        sign_in(&mut limits, &known, 0).expect("her own browser has its own");
        sign_in(&mut limits, &from("adam", "198.51.100.1"), 0).expect("so has another account");
        sign_in(&mut limits, &thief, 1).expect("one more");
        assert!(sign_in(&mut limits, &thief, 1).is_err());
    }

    #[test]
    fn where_nobody_knows_who_is_behind_a_proxy_its_address_limits_nobody() {
        let mut limits = SignIns::default();
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
    fn however_many_attempts_nobody_answers_for_they_keep_nobody_out() {
        let mut limits = SignIns::default();
        for number in 0..20_000_u32 {
            let [_, b, c, d] = number.to_be_bytes();
            let claim = format!("203.{b}.{c}.{d}");
            let _ = limits.attempt(&behind(&format!("{number}@x.example"), Some(&claim)), at(0));
            let _ = limits.attempt(&behind("olivia", None), at(0));
        }
        let wait = limits.attempt(&behind("olivia", Some("198.51.100.99")), at(0)).expect_err("a delay");
        assert!(wait <= LONGEST_DELAY);
        assert!(limits.attempt(&behind("olivia", Some("198.51.100.99")), at(0) + wait).is_ok());
        assert!(limits.attempt(&behind("olivia", None), at(0)).is_ok(), "nor where nothing is claimed");
    }

    #[test]
    fn whoever_writes_anothers_address_into_a_header_fills_nothing_of_theirs() {
        let mut limits = SignIns::default();
        for number in 0..100 {
            let _ = limits.attempt(&behind(&format!("person{number}"), Some("203.0.113.5")), at(0));
            let _ = limits.attempt(&behind("olivia", Some("203.0.113.5")), at(0));
        }
        assert!(limits.attempt(&from("adam", "203.0.113.5"), at(0)).is_ok());
        assert!(limits.attempt(&from("olivia", "203.0.113.5"), at(0)).is_ok());
    }

    #[test]
    fn of_two_places_each_is_counted() {
        let mut limits = SignIns::default();
        let over = "127.0.0.1".parse().expect("an address");
        let mut through = 0;
        for number in 0..200_u32 {
            let made_up = format!("192.0.2.{number}");
            let mut attempt = behind("", Some("198.51.100.7"));
            let address = made_up.parse().expect("an address");
            attempt.places.push(Place::Claimed { over, header: Forwarding::Standard, address });
            let account = format!("person{number}");
            through += usize::from(limits.attempt(&Attempt { account: &account, ..attempt }, at(0)).is_ok());
        }
        assert_eq!(through, 60);
    }

    #[test]
    fn who_has_waited_and_is_not_heard_does_not_wait_again() {
        let mut limits = SignIns::default();
        for number in 0..100 {
            let _ = limits.attempt(&from("olivia", &format!("203.0.113.{number}")), at(0));
        }
        let hers = from("olivia", "198.51.100.99");
        let wait = limits.attempt(&hers, at(0)).expect_err("a delay");
        let charge = limits.attempt(&hers, at(0) + wait).expect("her turn");
        limits.take_back(&charge, at(0) + wait);
        assert!(limits.attempt(&hers, at(0) + wait).is_ok());
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
        for kind in AttemptLimit::ALL {
            assert!(limits.buckets(kind).len() <= MOST + usize::from(SHARED), "{kind:?}");
        }
        limits.sweep(at(100_000));
        assert!(AttemptLimit::ALL.into_iter().all(|kind| limits.buckets(kind).len() == 0) && limits.turns.len() == 0);
    }
}
