//! Chance that is the same each time: every number comes of what is thrown for and of nothing before it, so that any row can
//! be made without those ahead of it.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::{Builder, Uuid};

/// What is thrown for. Ids of different kinds never meet.
#[derive(Clone, Copy)]
pub enum Kind {
    Application = 1,
    Role,
    Account,
    User,
    Membership,
    Event,
    Impersonation,
    OwnSession,
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Dice(u64);

impl Dice {
    pub fn of(kind: Kind, index: u64) -> Self {
        let mut dice = Self((kind as u64) << 56 ^ index.wrapping_mul(0xd1b5_4a32_d192_ed03));
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// One of the numbers below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// From 0 up to 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True that often of a thousand times.
    pub fn per_mille(&mut self, often: u64) -> bool {
        self.below(1000) < often
    }

    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.below(of.len() as u64) as usize]
    }

    /// A moment of the time before `until`, the more likely the nearer.
    pub fn lately(&mut self, until: DateTime<Utc>, reach: TimeDelta) -> DateTime<Utc> {
        let back = self.share().powi(2) * reach.num_microseconds().unwrap_or_default() as f64;
        until - TimeDelta::microseconds(back as i64)
    }
}

/// The id (UUIDv7) of the thing of this number that was made then.
pub fn id(kind: Kind, index: u64, made_at: DateTime<Utc>) -> Uuid {
    let mut dice = Dice::of(kind, index);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&dice.next().to_be_bytes());
    bytes[8..].copy_from_slice(&dice.next().to_be_bytes()[..2]);
    let millis = u64::try_from(made_at.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}
