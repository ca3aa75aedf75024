//! The whole story of one session, as operators read it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::application::LogoutState;
use crate::model::audit::AuditItem;
use crate::model::session::EndReason;
use crate::server::db::delivery::logout::{self, SessionMessage};
use crate::server::db::session as table;
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit;
use crate::server::service::caller::Caller;

/// Events that the page shows.
const EVENTS: i64 = 500;

/// A session with everything that happened in it.
pub struct Story {
    pub session: Session,
    /// Oldest first, at most 500.
    pub events: Vec<AuditItem>,
    /// Whether there is more than these.
    pub more: bool,
    /// Whether the applications that had tokens of it were told of its end.
    pub told: Vec<Told>,
    /// Whether it runs, and the caller may end it.
    pub may_end: bool,
    pub now: DateTime<Utc>,
}

/// What became of telling one application.
pub struct Told {
    pub application_id: Uuid,
    pub application_name: String,
    pub state: LogoutState,
    /// When it was settled, or is tried again.
    pub at: DateTime<Utc>,
    pub attempts: i64,
    pub last_error: Option<String>,
}

impl Told {
    fn of(row: SessionMessage) -> Self {
        let (state, at) = match (row.delivered_at, row.dead_at) {
            (Some(at), _) => (LogoutState::Delivered, at),
            (None, Some(at)) => (LogoutState::Failed, at),
            (None, None) if row.last_error.is_some() => (LogoutState::Retrying, row.next_attempt_at),
            (None, None) => (LogoutState::Sending, row.next_attempt_at),
        };
        Self {
            application_id: row.application_id,
            application_name: row.application_name,
            state,
            at,
            attempts: row.attempts,
            last_error: row.last_error,
        }
    }
}

impl Story {
    /// How it ended: by an end that was written down, or because its time is over.
    pub fn ended(&self) -> Option<(DateTime<Utc>, EndReason)> {
        let session = &self.session;
        match (session.ended_at, session.end_reason) {
            (Some(at), Some(reason)) => Some((at, reason)),
            _ if session.expires_at <= self.now => Some((session.expires_at, EndReason::Expired)),
            _ => None,
        }
    }
}

/// The story of a session of the caller's environment.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such session, [`ServiceError::Forbidden`] for those who see nothing of
/// the environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn story(caller: &Caller, session_id: Uuid) -> ServiceResult<Story> {
    caller.require_view()?;
    let environment_id = caller.environment.id;
    let mut conn = caller.state.db.read().await?;
    let session = table::standing(&mut conn, environment_id, session_id).await?.ok_or(ServiceError::NotFound)?;
    let (events, more) = audit::of_session(&mut conn, environment_id, session_id, EVENTS).await?;
    let told = logout::of_session(&mut conn, session_id).await?.into_iter().map(Told::of).collect();
    let now = caller.state.now();
    let runs = session.ended_at.is_none() && session.expires_at > now;
    let may_end =
        runs && session.is_impersonation() && (caller.is(session.operator_id) || caller.roles.can_end_any_session());
    Ok(Story { session, events, more, told, may_end, now })
}
