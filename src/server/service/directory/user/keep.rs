//! What a user keeps although the row says otherwise: changes that nobody allowed, because they were none when the file was
//! checked.

use super::{Membership, User};
use crate::server::db::import::KnownUser;
use crate::server::service::directory::change::{Change, What};
use crate::server::service::directory::given::Given;

impl User {
    /// Takes out of the row what makes this change.
    pub(super) fn keep(&mut self, (what, about): &Change, known: &KnownUser) {
        match what {
            What::Unverified => self.email_verified = None,
            What::PasswordChanged | What::PasswordRemoved => self.password_hash = Given::Kept,
            What::MfaReset => self.mfa_enrolled = None,
            What::Unlocked => self.locked = None,
            What::MembershipRemoved => self.keep_membership(about, known),
            What::MembershipEnabled => {
                if let Some(membership) = self.membership(about) {
                    membership.disabled = true;
                }
            }
            What::RoleRemoved => {
                if let Some((account, role)) = about.split_once(':')
                    && let Some(membership) = self.membership(account)
                {
                    membership.roles.push(role.to_owned());
                }
            }
            _ => {}
        }
    }

    fn membership(&mut self, account: &str) -> Option<&mut Membership> {
        let Given::Set(memberships) = &mut self.memberships else { return None };
        memberships.iter_mut().find(|membership| membership.account == account)
    }

    fn keep_membership(&mut self, account: &str, known: &KnownUser) {
        let Some(held) = known.memberships.iter().find(|held| held.account == account) else { return };
        let kept = Membership {
            account: held.account.clone(),
            roles: held.roles.iter().map(|(_, key)| key.clone()).collect(),
            disabled: held.disabled_at.is_some(),
            line: self.line,
        };
        match &mut self.memberships {
            Given::Set(memberships) => memberships.push(kept),
            memberships => *memberships = Given::Set(vec![kept]),
        }
    }
}
