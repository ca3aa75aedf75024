//! What can change about users, accounts, applications and roles, and which changes take away what protects somebody.
//!
//! In an import, whatever opens a door that was closed, or takes away what somebody was given, happens only where it is
//! allowed by name. What closes a door is listed and done.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::model::audit::{Severity, action};

/// A change that has to be allowed by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Locked users are let in again.
    Unlock,
    /// Verified users become invited ones and cannot sign in any more.
    Unverify,
    /// Passwords are replaced: also those that users chose here.
    ChangePassword,
    /// Users are left without a password.
    RemovePassword,
    /// Users are no longer noted as enrolled for a second factor.
    ResetMfa,
    /// Users leave an account.
    RemoveMembership,
    /// Memberships that were disabled are in force again.
    EnableMembership,
    /// Users lose a role in an account.
    RemoveRole,
    /// Roles lose a permission.
    RemovePermission,
    /// Accounts lose an application.
    RemoveApplication,
    /// Applications lose an address to which they redirect.
    RemoveRedirect,
    /// Applications get another secret or other keys, so that the ones in use stop working.
    ChangeSecret,
    /// Applications become public clients.
    RemoveSecret,
    /// Applications are no longer told that a session ended.
    RemoveLogout,
    /// Impersonations into an application last an hour instead of 5 minutes.
    LengthenSessions,
}

impl Protection {
    pub fn word(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// One thing that changes about something that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    Renamed,
    ExternalId,
    Verified,
    Unverified,
    PasswordSet,
    PasswordChanged,
    PasswordRemoved,
    Picture,
    MfaEnrolled,
    MfaReset,
    Locked,
    Unlocked,
    MembershipAdded,
    MembershipRemoved,
    MembershipDisabled,
    MembershipEnabled,
    RoleGiven,
    RoleRemoved,
    ActiveAccount,
    LastVisit,
    Visits,
    PermissionGiven,
    PermissionRemoved,
    ApplicationAssigned,
    ApplicationWithdrawn,
    DefaultApplication,
    LoginMethod,
    AppUrl,
    LoginUrl,
    InitiateLoginUrl,
    RedirectAdded,
    RedirectRemoved,
    LogoutRedirectAdded,
    LogoutRedirectRemoved,
    SessionsLengthened,
    SessionsShortened,
    SecretSet,
    SecretChanged,
    SecretRemoved,
    SigningAlgorithm,
    KeysSet,
    KeysChanged,
    KeysRemoved,
    LogoutSet,
    LogoutChanged,
    LogoutRemoved,
    NewAccountsGiven,
    NewAccountsKept,
    NewAccountsDefault,
}

/// What is known about a kind of change.
pub struct Facts {
    /// The column that says it.
    pub column: &'static str,
    /// How many were: `2 unlocked`.
    pub counted: &'static str,
    /// What happens to the one: `is unlocked`. What it is about follows.
    pub sentence: &'static str,
    /// Each is listed, and not only counted.
    pub listed: bool,
    pub asks: Option<Protection>,
    /// Its event, beside the one of the import.
    pub event: Option<(&'static str, Severity)>,
}

impl What {
    pub fn facts(self) -> Facts {
        use Severity::{High, Info, Medium};
        let facts =
            |column, counted, sentence| Facts { column, counted, sentence, listed: false, asks: None, event: None };
        let listed = |column, counted, sentence, action, severity| Facts {
            listed: true,
            event: Some((action, severity)),
            ..facts(column, counted, sentence)
        };
        let asks = |protection, facts: Facts| Facts { asks: Some(protection), ..facts };
        let (role, account, client) = (action::ROLE_CHANGED, action::ACCOUNT_CHANGED, action::APPLICATION_CHANGED);
        let (member, roles) = (action::MEMBERSHIP_CHANGED, action::MEMBERSHIP_ROLES_CHANGED);
        match self {
            Self::Renamed => facts("name", "renamed", "is the new name of"),
            Self::ExternalId => facts("external_id", "known otherwise", "is known to its directory as"),
            Self::Verified => listed("email_verified", "verified", "becomes verified", action::USER_VERIFIED, Medium),
            Self::Unverified => asks(
                Protection::Unverify,
                listed(
                    "email_verified",
                    "no longer verified",
                    "is no longer verified",
                    action::USER_UNVERIFIED,
                    Medium,
                ),
            ),
            Self::PasswordSet => {
                listed("password_hash", "given", "gets a password", action::USER_PASSWORD_CHANGED, Medium)
            }
            Self::PasswordChanged => asks(
                Protection::ChangePassword,
                listed("password_hash", "replaced", "gets another password", action::USER_PASSWORD_CHANGED, High),
            ),
            Self::PasswordRemoved => asks(
                Protection::RemovePassword,
                listed("password_hash", "removed", "loses the password", action::USER_PASSWORD_CHANGED, High),
            ),
            Self::Picture => facts("picture_url", "changed", "gets another picture"),
            Self::MfaEnrolled => facts("mfa_enrolled", "enrolled", "is enrolled elsewhere for a second factor"),
            Self::MfaReset => asks(
                Protection::ResetMfa,
                listed(
                    "mfa_enrolled",
                    "reset",
                    "is no longer enrolled for a second factor",
                    action::USER_MFA_RESET,
                    High,
                ),
            ),
            Self::Locked => listed("locked", "locked", "is locked", action::USER_LOCKED, Medium),
            Self::Unlocked => {
                asks(Protection::Unlock, listed("locked", "unlocked", "is unlocked", action::USER_UNLOCKED, High))
            }
            Self::MembershipAdded => {
                Facts { event: Some((member, Info)), ..facts("accounts", "memberships added", "becomes a member of") }
            }
            Self::MembershipRemoved => asks(
                Protection::RemoveMembership,
                listed("accounts", "memberships removed", "loses the membership in", member, Medium),
            ),
            Self::MembershipDisabled => listed("accounts", "memberships disabled", "is disabled in", member, Medium),
            Self::MembershipEnabled => asks(
                Protection::EnableMembership,
                listed("accounts", "memberships enabled", "is enabled again in", member, Medium),
            ),
            Self::RoleGiven => {
                Facts { event: Some((roles, Info)), ..facts("accounts", "roles given", "gets the role") }
            }
            Self::RoleRemoved => {
                asks(Protection::RemoveRole, listed("accounts", "roles removed", "loses the role", roles, Medium))
            }
            Self::ActiveAccount => facts("active_account", "changed", "works in another account"),
            Self::LastVisit => facts("last_visit_at", "later than known", "was here later than known"),
            Self::Visits => facts("visits", "more than known", "was here more often than known"),
            Self::PermissionGiven => {
                Facts { event: Some((role, Medium)), ..facts("permissions", "given", "gets the permission") }
            }
            Self::PermissionRemoved => asks(
                Protection::RemovePermission,
                listed("permissions", "removed", "loses the permission", role, Medium),
            ),
            Self::ApplicationAssigned => facts("applications", "assigned", "gets the application"),
            Self::ApplicationWithdrawn => asks(
                Protection::RemoveApplication,
                listed("applications", "withdrawn", "loses the application", account, Medium),
            ),
            Self::DefaultApplication => facts("applications", "defaults changed", "has another default application"),
            Self::LoginMethod => {
                Facts { event: Some((client, Medium)), ..facts("login_method", "changed", "signs in otherwise") }
            }
            Self::AppUrl => listed("app_url", "changed", "begins at another address:", client, Medium),
            // Hand-off codes go there.
            Self::LoginUrl => listed("login_url", "changed", "signs in at another address:", client, Medium),
            Self::InitiateLoginUrl => {
                listed("initiate_login_url", "changed", "is told of sign-ins at another address:", client, Medium)
            }
            Self::RedirectAdded => listed("redirect_uris", "added", "gets the redirect address", client, Medium),
            Self::RedirectRemoved => asks(
                Protection::RemoveRedirect,
                listed("redirect_uris", "removed", "loses the redirect address", client, Medium),
            ),
            Self::LogoutRedirectAdded => Facts {
                event: Some((client, Info)),
                ..facts("post_logout_redirect_uris", "added", "gets the address after sign-out")
            },
            Self::LogoutRedirectRemoved => asks(
                Protection::RemoveRedirect,
                listed("post_logout_redirect_uris", "removed", "loses the address after sign-out", client, Medium),
            ),
            Self::SessionsLengthened => asks(
                Protection::LengthenSessions,
                listed("keep_session_alive", "lengthened", "keeps sessions alive from now on", client, High),
            ),
            Self::SessionsShortened => {
                listed("keep_session_alive", "shortened", "no longer keeps sessions alive", client, Medium)
            }
            Self::SecretSet => listed("client_secret", "given", "gets a secret", client, Medium),
            Self::SecretChanged => {
                asks(Protection::ChangeSecret, listed("client_secret", "replaced", "gets another secret", client, High))
            }
            Self::SecretRemoved => asks(
                Protection::RemoveSecret,
                listed("client_secret", "removed", "loses its secret and becomes a public client", client, High),
            ),
            Self::SigningAlgorithm => listed("signing_algorithm", "changed", "gets tokens signed with", client, Medium),
            Self::KeysSet => listed("jwks", "given", "gets keys of its own", client, Medium),
            Self::KeysChanged => {
                asks(Protection::ChangeSecret, listed("jwks", "replaced", "gets other keys of its own", client, High))
            }
            Self::KeysRemoved => {
                asks(Protection::RemoveSecret, listed("jwks", "removed", "loses the keys of its own", client, High))
            }
            Self::LogoutSet => {
                listed("backchannel_logout_uri", "given", "is told of ended sessions at", client, Medium)
            }
            Self::LogoutChanged => listed(
                "backchannel_logout_uri",
                "changed",
                "is told of ended sessions at another address:",
                client,
                Medium,
            ),
            Self::LogoutRemoved => asks(
                Protection::RemoveLogout,
                listed("backchannel_logout_uri", "removed", "is no longer told of ended sessions", client, Medium),
            ),
            Self::NewAccountsGiven => {
                listed("assigned_to_new", "given", "is given to every new account from now on", client, Medium)
            }
            Self::NewAccountsKept => {
                listed("assigned_to_new", "kept", "is no longer given to every new account", client, Medium)
            }
            Self::NewAccountsDefault => Facts {
                event: Some((client, Info)),
                ..facts("default_of_new", "changed", "becomes the default application of new accounts")
            },
        }
    }

    /// What happens, as a sentence: `Dana Whitfield is unlocked`.
    pub fn sentence(self, who: &str, about: &str) -> String {
        let space = if about.is_empty() { "" } else { " " };
        format!("{who} {}{space}{about}", self.facts().sentence)
    }
}

/// A change, and what it is about: an account, `account:role`, an address.
pub type Change = (What, String);
