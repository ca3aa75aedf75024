//! What Understudy itself writes down: the name of each action and how severe it is, in one table that `docs/audit.md`
//! shows and a test compares with it.
//!
//! What an application reports is stored as `application.` and its own word, as severe as the application says, within the
//! bounds of who reports.

use super::Severity;

/// The prefix of what applications report.
pub const REPORTED: &str = "application.";

macro_rules! actions {
    ($($constant:ident = $name:literal, $($severity:ident)|+;)+) => {
        $(pub const $constant: &str = $name;)+
        /// Each action with the severities that it can have, the usual one first.
        pub const ALL: &[(&str, &[Severity])] = &[$(($name, &[$(Severity::$severity),+])),+];
    };
}

// Info is the day's work. Medium is what one wants to find again: somebody acts for another, or tried to. High is what a
// person should look at: rights, settings, keys, secrets that came from the wrong side. Critical is a theft.
actions! {
    OPERATOR_SIGNED_IN = "operator.signed_in", Info;
    OPERATOR_SIGN_IN_FAILED = "operator.sign_in_failed", Medium | High;
    OPERATOR_SIGNED_OUT = "operator.signed_out", Info;
    OPERATOR_CREATED = "operator.created", High;
    OPERATOR_INVITED = "operator.invited", High;
    OPERATOR_JOINED = "operator.joined", High;
    OPERATOR_LINK_MADE = "operator.password_link_made", High;
    OPERATOR_PASSWORD_SET = "operator.password_set", High;
    OPERATOR_REMOVED = "operator.removed", High;
    OPERATOR_DISABLED = "operator.disabled", High;
    OPERATOR_ENABLED = "operator.enabled", High;
    OPERATOR_PASSWORD_RESET = "operator.password_reset", High;
    OPERATOR_SIGNED_OUT_EVERYWHERE = "operator.signed_out_everywhere", High;
    OPERATOR_ROLES_CHANGED = "operator.roles_changed", High;
    USER_SIGNED_IN = "user.signed_in", Info;
    USER_SIGN_IN_FAILED = "user.sign_in_failed", Medium | High;
    USER_PASSWORD_LINK_MADE = "user.password_link_made", Medium;
    USER_PASSWORD_SET = "user.password_set", Medium;
    USER_SIGNED_OUT = "user.signed_out", Info;
    SESSION_REVOKED = "session.revoked", Info;
    SESSION_ACCOUNT_SWITCHED = "session.account_switched", Info;
    REFRESH_TOKEN_REUSED = "token.refresh_reused", Critical;
    AUTHORIZATION_CODE_REUSED = "token.code_reused", High;
    IMPERSONATION_STARTED = "impersonation.started", Medium;
    IMPERSONATION_DENIED = "impersonation.denied", Medium;
    IMPERSONATION_OPENED = "impersonation.opened", Info;
    IMPERSONATION_REOPENED = "impersonation.reopened", Info;
    IMPERSONATION_ENDED = "impersonation.ended", Info;
    HAND_OFF_REFUSED = "impersonation.hand_off_refused", Info | Medium | High;
    SETTINGS_CHANGED = "impersonation.settings_changed", High;
    DATA_IMPORTED = "data.imported", Medium;
    DATA_CHANGE_LEFT_OUT = "data.change_left_out", Medium;
    DATA_IMPORT_FAILED = "data.import_failed", High;
    DATA_REMOVED = "data.removed", Info;
    DATA_EXPORTED = "data.exported", Medium;
    USER_CREATED = "user.created", Info;
    USER_CHANGED = "user.changed", Info;
    USER_DELETED = "user.deleted", High;
    USER_EMAIL_CHANGED = "user.email_changed", High;
    USER_LOCKED = "user.locked", Medium;
    USER_UNLOCKED = "user.unlocked", High;
    USER_VERIFIED = "user.email_verified", Medium;
    USER_UNVERIFIED = "user.email_unverified", Medium;
    USER_PASSWORD_CHANGED = "user.password_changed", High | Medium;
    USER_MFA_RESET = "user.mfa_reset", High;
    MEMBERSHIP_CHANGED = "membership.changed", Medium | Info;
    MEMBERSHIP_ROLES_CHANGED = "membership.roles_changed", Medium | Info;
    ROLE_CREATED = "role.created", Medium;
    ROLE_CHANGED = "role.changed", Medium | Info;
    ROLE_DELETED = "role.deleted", High;
    ACCOUNT_CREATED = "account.created", Info;
    ACCOUNT_CHANGED = "account.changed", Medium | Info;
    ACCOUNT_DELETED = "account.deleted", High;
    APPLICATION_CREATED = "client.created", Medium;
    APPLICATION_DELETED = "client.deleted", High;
    APPLICATION_CHANGED = "client.changed", Medium | High | Info;
    ENVIRONMENT_CREATED = "environment.created", Info;
    ENVIRONMENT_CHANGED = "environment.changed", Medium;
    ENVIRONMENT_ARCHIVED = "environment.archived", High;
    ENVIRONMENT_RESTORED = "environment.restored", High;
    RETENTION_CHANGED = "environment.retention_changed", High;
    ENVIRONMENT_HOST_CHANGED = "environment.host_changed", High;
    KEYS_ROTATED = "key.rotated", High;
    KEY_REMOVED = "key.removed", Info;
    LOGOUT_UNDELIVERED = "backchannel_logout.failed", High;
    LOGOUT_RETRIED = "backchannel_logout.retried", Info;
}

/// The severities that an action can have, the usual one first; none for a name that is not in the table.
pub fn severities(action: &str) -> &'static [Severity] {
    if action.starts_with(REPORTED) {
        return &Severity::ALL;
    }
    ALL.iter().find(|(name, _)| *name == action).map_or(&[], |(_, severities)| severities)
}

/// How severe an action usually is.
pub fn severity(action: &str) -> Severity {
    severities(action).first().copied().unwrap_or(Severity::Info)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A constant outside the table would be an action that nobody can look up.
    #[test]
    fn every_action_is_in_the_table_once() {
        let mut names: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        let source = include_str!("action.rs");
        let constants = source.lines().filter(|line| line.starts_with("pub const ") && line.contains(": &str = \""));
        assert_eq!(constants.count(), 1, "beside the prefix of reported actions all belong into the table");
        assert_eq!(severity(IMPERSONATION_STARTED), Severity::Medium);
        assert_eq!(severity("nothing.of_ours"), Severity::Info);
    }
}
