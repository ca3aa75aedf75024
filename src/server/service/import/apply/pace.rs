//! How much goes into a transaction. It is found out by how long the database takes: the more, the less is written twice; but
//! others want to write, too.

use std::time::Duration;

use super::turn::Written;

/// How long a transaction should take: between these, nothing changes.
const SHORT: Duration = Duration::from_millis(25);
const LONG: Duration = Duration::from_millis(50);
/// Batches of users in one transaction at most.
const MOST: i64 = 8;

/// How much goes into a transaction, and how much has.
pub struct Pace {
    pub batches: i64,
    pub done: u64,
    /// Users that were written, and at how many PostgreSQL is told of the new sizes, with which the plans of everybody's statements
    /// are made: after the first, and each time there are four times as many.
    users: usize,
    next_analyze: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { batches: 1, done: 0, users: 0, next_analyze: 1 }
    }
}

impl Pace {
    pub fn note(&mut self, written: &Written) {
        self.done += written.rows as u64;
        self.users += written.users;
        if written.users == 0 {
            return;
        }
        if written.took > LONG {
            self.batches = (self.batches / 2).max(1);
        } else if written.took < SHORT {
            self.batches = (self.batches + 1).min(MOST);
        }
    }

    pub fn has_users(&self) -> bool {
        self.users > 0
    }

    pub fn is_analyze_due(&mut self) -> bool {
        let is_due = self.users >= self.next_analyze;
        if is_due {
            self.next_analyze = self.users * 4;
        }
        is_due
    }
}
