//! What starting an impersonation is decided by, and what is written down of it: the operator, the target, and the account and
//! application that were chosen.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::policy::{self, AccountFacts, ApplicationFacts, Grant, MembershipState, PolicyFacts, Target};
use crate::model::application::LoginMethod;
use crate::model::denial::Denial;
use crate::model::operator::Roles;

/// The facts of one start as they stood at one moment.
#[derive(Clone, Debug)]
pub struct StartFacts {
    /// The operator's roles in the environment.
    pub operator_roles: Roles,
    pub operator_email: String,
    /// The environment's switch.
    pub enabled: bool,
    pub hidden_from_account: bool,
    /// `None` where the environment has no such user.
    pub target: Option<ChosenTarget>,
    /// Whether the target is a member of any account.
    pub has_memberships: bool,
    /// `None` where the target is no member of an account of that external id.
    pub account: Option<ChosenAccount>,
}

#[derive(Clone, Debug)]
pub struct ChosenTarget {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub email_verified: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub is_protected: bool,
}

#[derive(Clone, Debug)]
pub struct ChosenAccount {
    pub id: Uuid,
    pub name: String,
    /// Whether the environment has another account of this name.
    pub shares_name: bool,
    pub disabled_at: Option<DateTime<Utc>>,
    pub has_applications: bool,
    /// `None` where the account has no application of that client id.
    pub application: Option<ChosenApplication>,
}

#[derive(Clone, Debug)]
pub struct ChosenApplication {
    pub id: Uuid,
    pub name: String,
    /// Whether the environment has another application of this name.
    pub shares_name: bool,
    pub login_method: LoginMethod,
    pub app_url: String,
    pub login_url: String,
    pub keep_session_alive: bool,
}

/// What the policy allowed.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    pub target: &'a ChosenTarget,
    pub account: &'a ChosenAccount,
    pub application: &'a ChosenApplication,
    pub grant: Grant,
}

impl StartFacts {
    /// Decides about starting as `target`.
    ///
    /// # Errors
    /// What the policy says against it.
    pub fn choose<'a>(&'a self, target: &'a ChosenTarget) -> Result<Choice<'a>, Denial> {
        let grant = policy::decide(&PolicyFacts {
            enabled: self.enabled,
            roles: self.operator_roles,
            operator_email: &self.operator_email,
            target: Target {
                email: &target.email,
                locked: target.locked_at.is_some(),
                verified: target.email_verified,
                is_protected: target.is_protected,
            },
            account: self.account_facts(),
        })?;
        let account = self.account.as_ref().ok_or(Denial::NotAssigned)?;
        let application = account.application.as_ref().ok_or(Denial::NotAssigned)?;
        Ok(Choice { target, account, application, grant })
    }

    fn account_facts(&self) -> Option<AccountFacts> {
        let Some(account) = &self.account else {
            let not_a_member =
                AccountFacts { membership: MembershipState::None, has_applications: false, application: None };
            return self.has_memberships.then_some(not_a_member);
        };
        let application = account.application.as_ref();
        Some(AccountFacts {
            membership: match account.disabled_at {
                Some(_) => MembershipState::Disabled,
                None => MembershipState::Enabled,
            },
            has_applications: account.has_applications,
            application: application.map(|row| ApplicationFacts { keep_session_alive: row.keep_session_alive }),
        })
    }
}
