//! Impersonation as both sides see it: what is asked, why it is refused, what is running.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::denial::Denial;
use super::text;
use super::validate::FieldError;

/// The shortest reason, as [`text::weight`] counts: a ticket number alone has as much, and so has a word of the scripts that
/// need the fewest signs for one.
pub const REASON_MIN: usize = 3;
/// The longest reason, in characters.
pub const REASON_MAX: usize = 500;
/// The longest ticket reference, in characters.
pub const TICKET_MAX: usize = 100;
/// How long an impersonation lasts where the application keeps its session alive.
pub const MINUTES: i64 = 60;
/// How long it lasts where the application does not.
pub const MINUTES_WITHOUT_KEEP_ALIVE: i64 = 5;

/// What an operator asks for in the drawer. All fields are the form's own strings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartImpersonation {
    pub environment: String,
    pub user_id: Uuid,
    /// External id of the account.
    pub account: String,
    /// Client id of the application.
    pub application: String,
    pub reason: String,
    #[serde(default)]
    pub ticket: String,
}

/// A reason that may be stored: at most [`REASON_MAX`] characters as [`text::written`] leaves them, of which letters and
/// digits weigh at least [`REASON_MIN`].
///
/// # Errors
/// A [`FieldError`] for the field `reason`.
pub fn validate_reason(reason: &str) -> Result<String, FieldError> {
    let reason = text::written(reason);
    match reason.chars().count() {
        _ if !text::is_visible(&reason) => Err(FieldError::new("reason", "Say why you are signing in as this user.")),
        length if length > REASON_MAX => {
            Err(FieldError::new("reason", format!("The reason has {length} characters; {REASON_MAX} is the most.")))
        }
        _ if text::has_control_characters(&reason) => {
            Err(FieldError::new("reason", "The reason has characters in it that cannot be shown. Type it anew."))
        }
        _ if text::weight(&reason) < REASON_MIN => Err(FieldError::new(
            "reason",
            format!("Say more: a reason has at least {REASON_MIN} letters or digits. A ticket number will do."),
        )),
        _ => Ok(reason),
    }
}

/// A ticket that may be stored, `None` where nothing of it can be seen: at most [`TICKET_MAX`] characters.
///
/// # Errors
/// A [`FieldError`] for the field `ticket`.
pub fn validate_ticket(ticket: &str) -> Result<Option<String>, FieldError> {
    let ticket = text::written(ticket);
    match ticket.chars().count() {
        _ if !text::is_visible(&ticket) => Ok(None),
        length if length > TICKET_MAX => {
            Err(FieldError::new("ticket", format!("The ticket has {length} characters; {TICKET_MAX} is the most.")))
        }
        _ if text::has_control_characters(&ticket) => {
            Err(FieldError::new("ticket", "The ticket has characters in it that cannot be shown. Type it anew."))
        }
        _ => Ok(Some(ticket)),
    }
}

/// Permissions as they are typed: separated by spaces, commas or lines.
pub fn permission_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}

/// Whether two texts name the same permissions, in whatever order.
pub fn same_permissions(one: &str, other: &str) -> bool {
    let all_in = |one, other| permission_words(one).all(|word| permission_words(other).any(|known| known == word));
    all_in(one, other) && all_in(other, one)
}

/// A started impersonation: open `url` in a new tab before `expires_at`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOff {
    pub session_id: Uuid,
    pub url: String,
    /// When the hand-off code in `url` stops working.
    pub expires_at: DateTime<Utc>,
    /// When the session ends at the latest.
    pub deadline: DateTime<Utc>,
}

/// Without the address, in which the code stands.
impl fmt::Debug for HandOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandOff").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// An application in the drawer's choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerApplication {
    pub client_id: String,
    pub name: String,
    pub is_default: bool,
    pub hosted: bool,
    /// 60, or 5 where the application does not keep sessions alive.
    pub minutes: i64,
    /// Why starting with this account and application is refused, if it is.
    pub denial: Option<Denial>,
}

/// An account in the drawer's choice, with its applications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawerAccount {
    pub external_id: String,
    pub name: String,
    pub roles: Vec<String>,
    pub active: bool,
    pub applications: Vec<DrawerApplication>,
    /// Why this account is refused whatever the application, if it is.
    pub denial: Option<Denial>,
}

impl DrawerAccount {
    /// The application to preselect: the account's default one, else its first.
    pub fn default_application(&self) -> Option<&DrawerApplication> {
        self.applications.iter().find(|application| application.is_default).or(self.applications.first())
    }
}

/// Everything that the drawer shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawer {
    /// Whom it is shown to.
    pub operator_id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    pub email: String,
    /// Active account first, then by name.
    pub accounts: Vec<DrawerAccount>,
    /// Why starting is refused whatever is chosen, if it is.
    pub denial: Option<Denial>,
    /// Whether the account's own audit log will show it.
    pub hidden_from_account_audit: bool,
    /// This operator's running impersonations of this user, newest first, at most 100.
    pub running: Vec<LiveImpersonation>,
    /// Where there are more: the oldest of those that were looked at.
    pub oldest: Option<SessionStart>,
    pub now: DateTime<Utc>,
}

impl Drawer {
    /// Whether a session of this operator and user that ran is over by now. One that began before the oldest that was looked at
    /// is taken to run still: nothing was said of it.
    pub fn is_over(&self, session: SessionStart) -> bool {
        self.oldest.is_none_or(|oldest| session >= oldest)
            && !self.running.iter().any(|live| live.session_id == session.session_id)
    }
}

/// What lists of sessions are ordered by: when one began, and its id where several began at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionStart {
    pub started_at: DateTime<Utc>,
    pub session_id: Uuid,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveImpersonation {
    pub session_id: Uuid,
    pub operator_id: Uuid,
    pub operator_name: String,
    pub user_id: Uuid,
    pub user_name: String,
    pub user_email: String,
    pub account_name: String,
    /// What the drawer's choices go by: names can be equal.
    pub account_external_id: String,
    pub application_name: String,
    pub client_id: String,
    pub reason: String,
    pub ticket: Option<String>,
    pub started_at: DateTime<Utc>,
    pub deadline: DateTime<Utc>,
    /// Whether the asking operator may end it: its own, or any for Owner and Admin.
    pub can_end: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpersonationSettings {
    pub enabled: bool,
    pub hide_from_account_audit: bool,
}

/// What was changed in the form of the settings and not saved, as it comes back in an address; `None` for what is as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnsavedSettings {
    pub enabled: Option<bool>,
    pub hide_from_account_audit: Option<bool>,
    /// As it was typed.
    pub protected_permissions: Option<String>,
}

/// The word that says which text was emptied: an address has no empty words.
const EMPTIED: &str = "emptied";

impl UnsavedSettings {
    /// As words of an address.
    pub fn words(&self) -> Vec<(&'static str, &str)> {
        let switch = |on: bool| if on { "true" } else { "false" };
        let enabled = self.enabled.map(|on| ("enabled", switch(on)));
        let hidden = self.hide_from_account_audit.map(|on| ("hide_from_account_audit", switch(on)));
        let protected = self.protected_permissions.as_deref().map(|text| match text {
            "" => (EMPTIED, "protected_permissions"),
            text => ("protected_permissions", text),
        });
        [enabled, hidden, protected].into_iter().flatten().collect()
    }

    /// From the words of an address, of which one that is not there is empty.
    pub fn of<'a>(word: impl Fn(&str) -> &'a str) -> Self {
        let switch = |name| match word(name) {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let protected = match word("protected_permissions") {
            "" => (word(EMPTIED) == "protected_permissions").then(String::new),
            text => Some(text.to_owned()),
        };
        Self {
            enabled: switch("enabled"),
            hide_from_account_audit: switch("hide_from_account_audit"),
            protected_permissions: protected,
        }
    }
}

/// The Impersonation page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImpersonationOverview {
    pub settings: ImpersonationSettings,
    /// Grows with each change of the settings.
    pub version: i64,
    /// Permissions whose holders only an Owner may impersonate, in order.
    pub protected_permissions: Vec<String>,
    pub can_change_settings: bool,
    /// Whether the operator may take protected permissions off.
    pub can_unprotect: bool,
    /// One page of those that run, newest first.
    pub live: Vec<LiveImpersonation>,
    /// Cursors of the pages beside it.
    pub previous: Option<String>,
    pub next: Option<String>,
    /// How many run, and how many of them the asking operator may end.
    pub running: i64,
    pub endable: i64,
    /// The operator who asks: their own sessions can be opened again.
    pub asked_by: Uuid,
    pub now: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_the_same_in_any_order_and_however_they_are_set_apart() {
        assert!(same_permissions("a.read, b.write", "b.write\r\na.read\n"));
        assert!(same_permissions(" ", ""));
        for other in ["a.read", "a.read b.write c", ""] {
            assert!(
                !same_permissions("a.read b.write", other) && !same_permissions(other, "a.read b.write"),
                "{other}"
            );
        }
    }

    #[test]
    fn what_was_not_saved_comes_back_as_it_was_entered() {
        let text = |text: &str| Some(text.to_owned());
        for unsaved in [
            UnsavedSettings::default(),
            UnsavedSettings { enabled: Some(false), ..UnsavedSettings::default() },
            UnsavedSettings {
                hide_from_account_audit: Some(true),
                protected_permissions: text(""),
                enabled: Some(true),
            },
            UnsavedSettings { protected_permissions: text("users.write,\r\n a&b"), ..UnsavedSettings::default() },
        ] {
            let words = unsaved.words();
            let word = |name: &str| words.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
            assert_eq!(UnsavedSettings::of(word), unsaved);
        }
    }
}
