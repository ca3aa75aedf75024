//! Sessions of users, and why they end.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::words::words;

words! {
    pub enum SessionKind {
        Password = "password",
        Impersonation = "impersonation",
    }
}

words! {
    /// Why a session ended. Each session ends once, for one reason.
    #[derive(Hash)]
    pub enum EndReason {
        Expired = "expired" => "expired",
        EndedByOperator = "ended_by_operator" => "ended by operator",
        RevokedByUser = "revoked_by_user" => "revoked by user",
        RevokedByAdministrator = "revoked_by_administrator" => "revoked by an administrator",
        SignedOut = "signed_out" => "signed out",
        OperatorLostRight = "operator_lost_right" => "operator lost the right",
        OperatorSignedOut = "operator_signed_out" => "operator signed out of the portal",
        TargetLockedOrRemoved = "target_locked_or_removed" => "target locked or removed",
        SettingsTurnedOff = "settings_turned_off" => "settings turned off",
        AccountOrApplicationRemoved = "account_or_application_removed" => "account or application removed",
        EnvironmentArchived = "environment_archived" => "environment archived",
        RefreshTokenReused = "refresh_token_reused" => "an old refresh token was used again",
        AuthorizationCodeReused = "authorization_code_reused" => "an authorization code was used twice",
        PasswordChanged = "password_changed" => "the password was changed",
        TooManySessions = "too_many_sessions" => "the user began too many others",
    }
}

impl EndReason {
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
            Self::EnvironmentArchived => "Ended because this environment is not used any more",
            Self::RefreshTokenReused => "Ended for safety, because something that had been replaced was used again",
            Self::AuthorizationCodeReused => "Ended for safety, because something that works once was used twice",
            Self::PasswordChanged => "Ended when the password was changed",
            Self::TooManySessions => "Ended because newer sign-ins took its place",
        }
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
