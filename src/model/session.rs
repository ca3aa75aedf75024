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

    /// The same for people who know nothing of operators and their settings, as the beginning of a sentence or the whole.
    pub fn said(self) -> &'static str {
        match self {
            Self::Expired => "Ended when its time was over",
            Self::EndedByOperator => "Ended by the support staff",
            Self::RevokedByUser => "Ended by the user",
            Self::RevokedByAdministrator => "Ended by an administrator",
            Self::SignedOut => "Ended by signing out",
            Self::OperatorLostRight => "Ended because the support staff may no longer act as this user",
            Self::OperatorSignedOut => "Ended when the support staff signed out",
            Self::TargetLockedOrRemoved => "Ended because the user was locked or removed",
            Self::SettingsTurnedOff => "Ended because nobody may act as a user here any more",
            Self::AccountOrApplicationRemoved => "Ended because the account or the application was removed",
            Self::RefreshTokenReused => "Ended for safety, because something that had been replaced was used again",
            Self::AuthorizationCodeReused => "Ended for safety, because something that works once was used twice",
            Self::PasswordChanged => "Ended when the password was changed",
            Self::TooManySessions => "Ended because newer sign-ins took its place",
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::EndReason;

    #[test]
    fn each_end_is_said_in_words_of_its_own() {
        let said: HashSet<&str> = EndReason::ALL.into_iter().map(EndReason::said).collect();
        assert_eq!(said.len(), EndReason::ALL.len());
        for words in said {
            assert!(words.starts_with("Ended ") && !words.ends_with('.') && !words.contains("operator"), "{words}");
        }
    }
}
