//! Sessions of users, and why they end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    Password,
    Impersonation,
}

impl SessionKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Impersonation => "impersonation",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        [Self::Password, Self::Impersonation].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Why a session ended. Each session ends once, for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Expired,
    EndedByOperator,
    RevokedByUser,
    RevokedByAdministrator,
    SignedOut,
    OperatorLostRight,
    OperatorSignedOut,
    TargetLockedOrRemoved,
    SettingsTurnedOff,
    AccountOrApplicationRemoved,
    RefreshTokenReused,
    AuthorizationCodeReused,
    PasswordChanged,
    TooManySessions,
}

impl EndReason {
    pub const ALL: [Self; 14] = [
        Self::Expired,
        Self::EndedByOperator,
        Self::RevokedByUser,
        Self::RevokedByAdministrator,
        Self::SignedOut,
        Self::OperatorLostRight,
        Self::OperatorSignedOut,
        Self::TargetLockedOrRemoved,
        Self::SettingsTurnedOff,
        Self::AccountOrApplicationRemoved,
        Self::RefreshTokenReused,
        Self::AuthorizationCodeReused,
        Self::PasswordChanged,
        Self::TooManySessions,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::EndedByOperator => "ended_by_operator",
            Self::RevokedByUser => "revoked_by_user",
            Self::RevokedByAdministrator => "revoked_by_administrator",
            Self::SignedOut => "signed_out",
            Self::OperatorLostRight => "operator_lost_right",
            Self::OperatorSignedOut => "operator_signed_out",
            Self::TargetLockedOrRemoved => "target_locked_or_removed",
            Self::SettingsTurnedOff => "settings_turned_off",
            Self::AccountOrApplicationRemoved => "account_or_application_removed",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::AuthorizationCodeReused => "authorization_code_reused",
            Self::PasswordChanged => "password_changed",
            Self::TooManySessions => "too_many_sessions",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::EndedByOperator => "ended by operator",
            Self::RevokedByUser => "revoked by user",
            Self::RevokedByAdministrator => "revoked by an administrator",
            Self::SignedOut => "signed out",
            Self::OperatorLostRight => "operator lost the right",
            Self::OperatorSignedOut => "operator signed out of the portal",
            Self::TargetLockedOrRemoved => "target locked or removed",
            Self::SettingsTurnedOff => "settings turned off",
            Self::AccountOrApplicationRemoved => "account or application removed",
            Self::RefreshTokenReused => "an old refresh token was used again",
            Self::AuthorizationCodeReused => "an authorization code was used twice",
            Self::PasswordChanged => "the password was changed",
            Self::TooManySessions => "the user began too many others",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// A session in a list: of the User page, or of the user's own sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionItem {
    pub id: Uuid,
    pub kind: SessionKind,
    pub started_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<EndReason>,
    pub account_name: Option<String>,
    pub application_name: Option<String>,
    /// The operator of an impersonation.
    pub operator_id: Option<Uuid>,
    pub operator_name: Option<String>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

impl SessionItem {
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}
