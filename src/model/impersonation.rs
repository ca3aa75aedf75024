//! Impersonation as both sides see it: what is asked, why it is refused, what is running.

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

/// A started impersonation: open `url` in a new tab before `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOff {
    pub session_id: Uuid,
    pub url: String,
    /// When the hand-off code in `url` stops working.
    pub expires_at: DateTime<Utc>,
    /// When the session ends at the latest.
    pub deadline: DateTime<Utc>,
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
    /// This operator's running impersonations of this user, newest first.
    pub running: Vec<LiveImpersonation>,
    /// Whether more of them run than these.
    pub more_running: bool,
    pub now: DateTime<Utc>,
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
    /// The newest of those that run.
    pub live: Vec<LiveImpersonation>,
    /// How many run, and how many of them the asking operator may end.
    pub running: i64,
    pub endable: i64,
    /// The operator who asks: their own sessions can be opened again.
    pub asked_by: Uuid,
    pub now: DateTime<Utc>,
}
