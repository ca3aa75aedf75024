//! What applications get wrong is shown to whoever can mend it: in the log at once, and for a day on the application's
//! page.
//!
//! Strangers can make as many mistakes as they like. They are counted in memory and written down together, every few
//! seconds and before anybody looks, so that no request waits for that and none costs more than the others.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::model::problem::{ProblemItem, ProblemKind};
use crate::server::cache::problems::{OF_A_KIND, Occurrences, ProblemKey, ProblemOwner};
use crate::server::crypto::secret;
use crate::server::db::Conn;
use crate::server::db::problem as table;
use crate::server::domain::problem::ApplicationProblem;
use crate::server::error::ServiceResult;
use crate::server::service::caller::Caller;
use crate::server::state::AppState;

/// How long a mistake is shown after it was made last.
const KEPT: TimeDelta = TimeDelta::days(1);
/// Characters of what was refused.
const LONGEST: usize = 300;

/// One mistake: where, whose, if that can be told, and what was refused. `value` must be no secret.
pub struct Mistake<'a> {
    pub environment_id: Uuid,
    /// Id and client id.
    pub application: Option<(Uuid, &'a str)>,
    pub kind: ProblemKind,
    pub value: &'a str,
    pub request_id: &'a str,
    pub about: About,
}

/// Whose session a mistake was made in, as far as that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    pub session_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
}

impl<'a> Mistake<'a> {
    /// A page called from an origin that no application of the environment has.
    pub fn of_origin(environment_id: Uuid, origin: &'a str, request_id: &'a str) -> Self {
        Self {
            environment_id,
            application: None,
            kind: ProblemKind::Origin,
            value: origin,
            request_id,
            about: About::default(),
        }
    }
}

/// Says it in the log, and counts it.
pub fn note(state: &AppState, mistake: &Mistake<'_>) {
    let value = shown(mistake.value);
    say(state, mistake, &value);
    let now = state.now();
    let place = (mistake.environment_id, mistake.application.map_or_else(Uuid::nil, |(id, _)| id));
    let seen = Occurrences { first_at: now, last_at: now, occurrences: 1, request_id: mistake.request_id.to_owned() };
    state.problems.add(place, (mistake.kind, value), seen);
}

/// One line. Strangers can cause any number of them: of many in a second the log has some, and says how many more there were.
fn say(state: &AppState, mistake: &Mistake<'_>, refused: &str) {
    let client_id = mistake.application.map(|(_, client_id)| client_id);
    let lines = if client_id.is_some() { &state.lines.of_applications } else { &state.lines.of_strangers };
    let Some(left_out) = lines.next(state.clock.monotonic()) else { return };
    tracing::info!(
        client_id,
        environment = %mistake.environment_id,
        session = mistake.about.session_id.map(tracing::field::display),
        user = mistake.about.user_id.map(tracing::field::display),
        kind = mistake.kind.as_str(),
        refused = ?refused,
        left_out,
        request.id = mistake.request_id,
        "an application got something wrong"
    );
}

/// What was refused as it may be shown: one line, not endless, and no secret that was sent in the wrong place.
fn shown(value: &str) -> String {
    let value = secret::hidden(value);
    let mut line: String = value.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(LONGEST).collect();
    if value.chars().count() > LONGEST {
        line.pop();
        line.push('…');
    }
    line
}

/// Writes down what was counted. Gives how many different mistakes that were; where it fails they go on waiting.
pub async fn write_down(state: &AppState) -> ServiceResult<u64> {
    let waiting = state.problems.take();
    if waiting.is_empty() {
        return Ok(0);
    }
    let mut touched: Vec<ProblemOwner> = waiting.iter().map(|(place, ..)| *place).collect();
    touched.dedup();
    let written = waiting.len() as u64;
    if let Err(error) = write(state, &waiting).await {
        for (place, refused, seen) in waiting {
            state.problems.add(place, refused, seen);
        }
        return Err(error);
    }
    // On its own: what is added locks rows in one order, and what is forgotten in another.
    let mut tx = state.db.write().await?;
    for (environment_id, application_id) in touched {
        table::keep_newest(&mut tx, environment_id, application_id, OF_A_KIND as i64).await?;
    }
    tx.commit().await?;
    Ok(written)
}

async fn write(state: &AppState, waiting: &[(ProblemOwner, ProblemKey, Occurrences)]) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    for ((environment_id, application_id), (kind, value), seen) in waiting {
        let row = ApplicationProblem {
            environment_id: *environment_id,
            application_id: *application_id,
            kind: *kind,
            value: value.clone(),
            first_at: seen.first_at,
            last_at: seen.last_at,
            occurrences: seen.occurrences,
            request_id: seen.request_id.clone(),
        };
        table::add(&mut tx, &row).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The same before somebody looks, who sees what there is also where the writer has no time.
pub async fn write_down_first(state: &AppState) {
    if let Err(error) = write_down(state).await {
        tracing::warn!(error = format!("{error:#}"), "what applications got wrong could not be written down yet");
    }
}

/// Forgets what is older than a day. Gives how many went.
pub async fn forget_old(state: &AppState) -> ServiceResult<u64> {
    let mut tx = state.db.write().await?;
    let deleted = table::delete_old(&mut tx, state.now() - KEPT).await?;
    if deleted > 0 {
        tx.commit().await?;
    }
    Ok(deleted)
}

/// The recent mistakes of one application, newest first.
pub async fn of_application(
    state: &AppState,
    conn: &mut Conn,
    environment_id: Uuid,
    application_id: Uuid,
) -> ServiceResult<Vec<ProblemItem>> {
    let rows = table::of_application(conn, environment_id, application_id, state.now() - KEPT).await?;
    Ok(rows.into_iter().map(item).collect())
}

/// The recent mistakes of whom nobody knows: unknown client ids, and pages of origins that no application has.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn of_nobody(caller: &Caller) -> ServiceResult<Vec<ProblemItem>> {
    caller.require_view()?;
    write_down_first(&caller.state).await;
    let mut conn = caller.state.db.read().await?;
    of_application(&caller.state, &mut conn, caller.environment.id, Uuid::nil()).await
}

fn item(row: ApplicationProblem) -> ProblemItem {
    ProblemItem {
        kind: row.kind,
        value: row.value,
        first_at: row.first_at,
        last_at: row.last_at,
        occurrences: row.occurrences,
        request_id: row.request_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_one_line_and_no_secret() {
        assert_eq!(shown("https://a.example/cb"), "https://a.example/cb");
        assert_eq!(shown("a\nb\u{1b}[31m"), "a\u{fffd}b\u{fffd}[31m");
        let long = shown(&"ü".repeat(5_000));
        assert!(long.chars().count() == LONGEST && long.ends_with('…'));
        let secret = "ucs_dGhlIHNlY3JldCBvZiB0aGUgY29uc29sZSBpbiB0MzIWfrS";
        assert_eq!(shown(secret), "(a secret)");
        let inside = format!("https://a.example/{}?client_secret={secret}", "x".repeat(LONGEST - 40));
        assert!(!shown(&inside).contains("ucs_"), "a secret that is cut off is one, too");
    }
}
