//! Several rows about one user: what they say together.

use std::collections::HashSet;

use crate::server::service::directory::given::Given;
use crate::server::service::directory::user::{Membership, User};

impl User {
    /// Takes in another row. Whoever is locked in one of them is locked, and whoever is verified in one is verified. A
    /// password counts only where its own row is verified, or none is: else whoever registers somebody's address elsewhere
    /// would bring a password along for an address that another row vouches for. Gives what could not be kept.
    pub(super) fn merge_row(&mut self, mut other: Self) -> Option<&'static str> {
        let is_verified = self.is_verified() || other.is_verified();
        let mut left = None;
        for side in [&mut *self, &mut other] {
            if is_verified && !side.is_verified() && side.password_hash.set().is_some() {
                side.password_hash = Given::Kept;
                left = Some("the password of a row that is not verified, beside one that is,");
            }
        }
        let either = |one: Option<bool>, other: Option<bool>| one.max(other);
        self.name = self.name.take().or(other.name);
        self.email_verified = either(self.email_verified, other.email_verified);
        self.mfa_enrolled = either(self.mfa_enrolled, other.mfa_enrolled);
        self.locked = either(self.locked, other.locked);
        for (mine, theirs) in
            [(&mut self.password_hash, other.password_hash), (&mut self.picture_url, other.picture_url)]
        {
            if *mine == Given::Kept {
                *mine = theirs;
            }
        }
        self.active_account = self.active_account.take().or(other.active_account);
        self.last_visit_at = self.last_visit_at.max(other.last_visit_at);
        self.visits = self.visits.max(other.visits);
        self.created_at = [self.created_at, other.created_at].into_iter().flatten().min();
        self.merged_lines.push(other.line);
        self.merged_lines.extend(other.merged_lines);
        match (&mut self.memberships, other.memberships) {
            // Each keeps its line until it is known whether what it refers to is there.
            (Given::Set(mine), Given::Set(theirs)) => mine.extend(theirs),
            (mine, theirs @ Given::Set(_)) => *mine = theirs,
            _ => {}
        }
        left
    }

    /// Leaves out what the rows on these lines say about accounts, and takes together what the others say of each account.
    /// Gives whether a row is left that is not among them.
    pub fn leave_out(&mut self, lines: &HashSet<u64>) -> bool {
        if let Given::Set(memberships) = &mut self.memberships {
            let mut whole: Vec<Membership> = Vec::new();
            for membership in memberships.drain(..).filter(|membership| !lines.contains(&membership.line)) {
                match whole.iter_mut().find(|known| known.account == membership.account) {
                    None => whole.push(membership),
                    Some(known) => {
                        known.roles.extend(membership.roles);
                        known.roles.sort();
                        known.roles.dedup();
                    }
                }
            }
            *memberships = whole;
        }
        std::iter::once(&self.line).chain(&self.merged_lines).any(|line| !lines.contains(line))
    }
}
