//! How long an environment keeps what is over: what is said, and saying something else.

use crate::model::audit::action;
use crate::server::db::Conn;
use crate::server::db::retention as table;
use crate::server::domain::retention::{DAYS, Retention};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use uuid::Uuid;

/// Days that become others; what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    pub audit: Option<i64>,
    pub sessions: Option<i64>,
    pub portal_sessions: Option<i64>,
    pub failed_sign_ins: Option<i64>,
}

/// The days, before and from now on.
#[derive(Clone, Copy, Debug)]
pub struct Changed {
    pub before: Retention,
    pub now: Retention,
}

pub async fn of(conn: &mut Conn, environment_id: Uuid) -> ServiceResult<Retention> {
    Ok(table::of(conn, environment_id).await?.days)
}

/// Keeps what is over for other days from now on, in the caller's environment.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but whoever administers the server, [`ServiceError::Invalid`] for days that cannot be.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn set(caller: &Caller, change: Change) -> ServiceResult<Changed> {
    caller.require_system()?;
    let environment_id = caller.environment.id;
    let mut tx = caller.state.db.write().await?;
    // Whoever says something else at the same time waits: what was before is what the other said.
    let before = table::hold(&mut tx, environment_id).await?.days;
    let now = Retention {
        audit: change.audit.unwrap_or(before.audit),
        sessions: change.sessions.unwrap_or(before.sessions),
        portal_sessions: change.portal_sessions.unwrap_or(before.portal_sessions),
        failed_sign_ins: change.failed_sign_ins.unwrap_or(before.failed_sign_ins),
    };
    for (what, days) in now.parts() {
        if !DAYS.contains(&days) {
            let message = format!("{what} cannot be kept for {days} days: give {} to {}", DAYS.start(), DAYS.end());
            return Err(ServiceError::invalid("days", message));
        }
    }
    if now == before {
        return Ok(Changed { before, now });
    }
    table::set(&mut tx, environment_id, &now).await?;
    let changes = before.parts().into_iter().zip(now.parts()).filter(|(before, now)| before != now);
    let changes: Vec<String> =
        changes.map(|((what, before), (_, now))| format!("{what} for {now} days instead of {before}")).collect();
    let sentence = format!("{} keeps from now on: {}", caller.environment.name, changes.join(", "));
    audit::record(&caller.state, &mut tx, Event::of_caller(caller, action::RETENTION_CHANGED, sentence)).await?;
    tx.commit().await?;
    Ok(Changed { before, now })
}
