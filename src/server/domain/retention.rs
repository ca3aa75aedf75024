//! How long an environment keeps what is over.

use chrono::{DateTime, TimeDelta, Utc};

/// What days can be given for.
pub const DAYS: std::ops::RangeInclusive<i64> = 1..=36_500;
/// Impersonations are kept as long at least, whatever is given: whoever looks into one is late by nature.
pub const IMPERSONATIONS: i64 = 30;

/// Days for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub audit: i64,
    pub sessions: i64,
    pub portal_sessions: i64,
    pub failed_sign_ins: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { audit: 400, sessions: 400, portal_sessions: 400, failed_sign_ins: 400 }
    }
}

impl Retention {
    /// Each with its name, in the plural.
    pub fn parts(&self) -> [(&'static str, i64); 4] {
        [
            ("audit events", self.audit),
            ("ended sessions", self.sessions),
            ("operators' portal sessions", self.portal_sessions),
            ("counts of failed sign-ins", self.failed_sign_ins),
        ]
    }
}

/// What was removed after its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub events: u64,
    pub sessions: u64,
    pub portal_sessions: u64,
    pub failed_sign_ins: u64,
}

impl Removed {
    pub fn all(&self) -> u64 {
        self.events + self.sessions + self.portal_sessions + self.failed_sign_ins
    }

    /// A sentence for the trail.
    pub fn sentence(&self, kept: &Retention) -> String {
        let counts = [self.events, self.sessions, self.portal_sessions, self.failed_sign_ins];
        let some = counts.into_iter().zip(kept.parts()).filter(|(count, _)| *count > 0);
        let parts: Vec<String> =
            some.map(|(count, (what, days))| format!("{what}: {count} (kept for {days} days)")).collect();
        format!("Removed after their time: {}", parts.join(", "))
    }
}

/// The time before which all is due that is kept for so many days.
pub fn due_before(now: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    now - TimeDelta::days(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_said_with_its_days() {
        let removed = Removed { events: 12, failed_sign_ins: 3, ..Removed::default() };
        let kept = Retention { audit: 90, ..Retention::default() };
        assert_eq!(
            removed.sentence(&kept),
            "Removed after their time: audit events: 12 (kept for 90 days), counts of failed sign-ins: 3 (kept for 400 days)"
        );
        assert_eq!(removed.all(), 15);
    }
}
