//! Actions that an application reports from inside a session.
//!
//! Whoever sits at a browser has the session's token and can say anything with it, also without a browser. So what comes with
//! that token alone is marked as that and never an alarm; only an application that proves itself may report one.

use uuid::Uuid;

use crate::model::audit::{Severity, action};
use crate::model::text::turns_direction;
use crate::server::domain::application::Application;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::service::session;

const ACTION_MAX: usize = 64;
const DESCRIPTION_MAX: usize = 500;

/// What an application says happened.
#[derive(Debug, serde::Deserialize)]
pub struct Report {
    /// Lower-case words joined by dots, dashes or underscores: `invoice.exported`.
    pub action: String,
    /// A sentence for people, in one line.
    #[serde(default)]
    pub description: String,
    /// A word of [`Severity`]; `info` where it is missing.
    #[serde(default)]
    pub severity: Option<String>,
}

/// Who sends a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// Whoever has the session's token: a page, or whoever is at the browser.
    Session,
    /// The application, which proved itself with its secret or its key.
    Application,
}

impl Reporter {
    /// More than this is written as this.
    fn most(self) -> Severity {
        match self {
            Self::Session => Severity::Medium,
            Self::Application => Severity::Critical,
        }
    }
}

/// Writes an action that `application` reports into the audit trail: done by the caller, who is the session's user, and inside an
/// impersonation by its operator.
///
/// # Errors
/// [`ServiceError::Unauthenticated`] where the session has ended, [`ServiceError::Invalid`] for a malformed report.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn record(
    caller: &Caller,
    session_id: Uuid,
    application: &Application,
    report: &Report,
    reporter: Reporter,
) -> ServiceResult<()> {
    let name = report.action.trim();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > ACTION_MAX || !name.chars().all(allowed) {
        return Err(ServiceError::invalid(
            "action",
            format!("action must be 1 to {ACTION_MAX} lower-case letters, digits, dots, dashes and underscores"),
        ));
    }
    if report.description.chars().count() > DESCRIPTION_MAX {
        return Err(ServiceError::invalid(
            "description",
            format!("description has more than {DESCRIPTION_MAX} characters"),
        ));
    }
    // It stands in one line of the trail, in exports and in terminals: nothing in it may end the line or turn what follows.
    if report
        .description
        .contains(|c: char| c.is_control() || turns_direction(c) || matches!(c, '\u{2028}' | '\u{2029}'))
    {
        let sentence = "description has a control character in it, or one that turns the direction of writing";
        return Err(ServiceError::invalid("description", sentence));
    }
    let severity = match report.severity.as_deref() {
        None => Severity::Info,
        Some(word) => Severity::parse(word)
            .ok_or_else(|| ServiceError::invalid("severity", "severity must be info, medium, high or critical"))?,
    };
    let severity = severity.min(reporter.most());
    let (state, environment_id) = (&caller.state, caller.environment.id);
    state.limits.report(session_id)?;
    let mut tx = state.db.write().await?;
    let Some(session) = session::live_in(state, &mut tx, environment_id, session_id).await? else {
        tx.commit().await?;
        return Err(ServiceError::Unauthenticated);
    };
    let sentence = match report.description.trim() {
        "" => name,
        sentence => sentence,
    };
    let description = match reporter {
        Reporter::Session => format!("Reported from a session in {}: {sentence}", application.name),
        Reporter::Application => format!("Reported by {}: {sentence}", application.name),
    };
    let event = Event::new(environment_id, &format!("{}{name}", action::REPORTED), severity, description)
        .by(&caller.actor)
        .in_session(&session)
        .in_application(application.id, &application.name)
        .from(&caller.origin);
    audit::record(state, &mut tx, event).await?;
    tx.commit().await?;
    Ok(())
}
