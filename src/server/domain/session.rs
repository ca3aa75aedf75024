//! A session and everything on which its right to go on depends.

pub mod listed;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::policy::{self, AccountFacts, ApplicationFacts, Grant, MembershipState, PolicyFacts, Target};
use crate::model::denial::Denial;
use crate::model::mode::Mode;
use crate::model::operator::Roles;
use crate::model::session::{EndReason, SessionKind};

/// A session with its user, account, application, operator and settings, as they are now.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub kind: SessionKind,
    /// What may be done in it. A user's own session always acts.
    pub mode: Mode,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub hidden_from_account: bool,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<EndReason>,
    pub user_id: Uuid,
    pub user_email: String,
    pub user_name: String,
    pub email_verified: bool,
    pub locked_at: Option<DateTime<Utc>>,
    /// The user's own sessions from before are over.
    pub sessions_end_before: Option<DateTime<Utc>>,
    pub account_id: Option<Uuid>,
    pub account_name: Option<String>,
    pub account_external_id: Option<String>,
    pub application_id: Option<Uuid>,
    pub application_name: Option<String>,
    pub client_id: Option<String>,
    pub keep_session_alive: Option<bool>,
    pub operator_id: Option<Uuid>,
    pub operator_name: Option<String>,
    pub operator_email: Option<String>,
    pub operator_disabled_at: Option<DateTime<Utc>>,
    /// In the session's environment.
    pub operator_roles: Roles,
    pub is_member: bool,
    pub membership_disabled_at: Option<DateTime<Utc>>,
    pub is_assigned: bool,
    /// Whether it is an impersonation of somebody who holds a protected permission in any account.
    pub is_protected: bool,
    pub enabled: bool,
    /// Whether the environment is archived.
    pub archived: bool,
}

impl Session {
    pub fn is_impersonation(&self) -> bool {
        self.kind == SessionKind::Impersonation
    }

    /// Why the session may not go on, if so. An ended one has its own reason.
    pub fn end_due(&self, now: DateTime<Utc>) -> Option<EndReason> {
        if self.end_reason.is_some() {
            return self.end_reason;
        }
        if now >= self.expires_at {
            return Some(EndReason::Expired);
        }
        match self.kind {
            // Nothing here holds a session to looking only. One that a newer server began is over, before it does more.
            _ if self.mode != Mode::Act => Some(EndReason::OperatorLostRight),
            SessionKind::Impersonation if self.archived => Some(EndReason::EnvironmentArchived),
            SessionKind::Impersonation => self.grant().err().map(end_reason),
            SessionKind::Password if self.locked_at.is_some() => Some(EndReason::TargetLockedOrRemoved),
            SessionKind::Password if self.sessions_end_before.is_some_and(|before| self.created_at < before) => {
                Some(EndReason::PasswordChanged)
            }
            SessionKind::Password => None,
        }
    }

    /// What the policy says of an impersonation like this one now.
    pub fn grant(&self) -> Result<Grant, Denial> {
        policy::decide(&self.facts())
    }

    fn facts(&self) -> PolicyFacts<'_> {
        let membership = match (self.is_member, self.membership_disabled_at) {
            (false, _) => MembershipState::None,
            (true, Some(_)) => MembershipState::Disabled,
            (true, None) => MembershipState::Enabled,
        };
        let application = self
            .is_assigned
            .then_some(ApplicationFacts { keep_session_alive: self.keep_session_alive.unwrap_or(false) });
        PolicyFacts {
            enabled: self.enabled,
            roles: if self.operator_disabled_at.is_some() { Roles::default() } else { self.operator_roles },
            operator_email: self.operator_email.as_deref().unwrap_or_default(),
            target: Target {
                email: &self.user_email,
                locked: self.locked_at.is_some(),
                verified: self.email_verified,
                is_protected: self.is_protected,
            },
            account: self.account_id.map(|_| AccountFacts {
                membership,
                has_applications: application.is_some(),
                application,
            }),
        }
    }
}

/// The reason for which a running impersonation ends when its policy now says no.
fn end_reason(denial: Denial) -> EndReason {
    match denial {
        Denial::Off => EndReason::SettingsTurnedOff,
        Denial::RoleMissing | Denial::SelfImpersonation | Denial::TargetProtected => EndReason::OperatorLostRight,
        Denial::TargetLocked | Denial::TargetUnverified | Denial::NotAMember | Denial::DisabledInAccount => {
            EndReason::TargetLockedOrRemoved
        }
        Denial::NoAccount | Denial::NoApplications | Denial::NotAssigned => EndReason::AccountOrApplicationRemoved,
    }
}
