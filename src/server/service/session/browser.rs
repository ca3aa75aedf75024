//! A browser and what it holds: one cookie for an environment, and behind it the user's own session, impersonations, and
//! who was last who in which application. However many sessions begin and end, the browser keeps that one cookie.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::session::SessionKind;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::browser::{self as table, Former};
use crate::server::db::{Tx, session as session_table, user};
use crate::server::domain::session::Session;
use crate::server::domain::session::listed::BrowserSession;
use crate::server::error::ServiceResult;
use crate::server::platform::sha256::sha256;
use crate::server::platform::text::spellings;
use crate::server::service::session;
use crate::server::state::AppState;

/// How long a browser is known after it last got a session: as long as any session that it holds may live.
pub const LIFETIME: TimeDelta = TimeDelta::days(30);
/// Running sessions that one browser holds at most. Whoever reaches it is told.
pub const RUNNING: i64 = 1_000;
/// How long two hand-offs that began at once may lie apart.
const CROSSING: TimeDelta = TimeDelta::seconds(10);
/// Sessions that ended and are still known, so that a page can say what ended.
const ENDED: i64 = 50;

/// A browser that is about to get a session.
pub struct Jar {
    pub browser_id: Uuid,
    /// What the browser is known by from now on.
    pub cookie: String,
}

/// The browser that has this cookie, or a new one. Its cookie is another from now on: whoever knew the old one does not come
/// along.
pub async fn jar(state: &AppState, tx: &mut Tx, environment_id: Uuid, cookie: Option<&str>) -> ServiceResult<Jar> {
    let now = state.now();
    let known = match cookie.and_then(|cookie| SecretKind::BrowserCookie.hash_of(cookie)) {
        Some(hash) => table::by_secret(tx, environment_id, &hash, now).await?,
        None => None,
    };
    let (cookie, hash) = SecretKind::BrowserCookie.generate(state.random.as_ref());
    let browser_id = match known {
        Some(id) => {
            table::renew(tx, id, &hash, now + LIFETIME).await?;
            id
        }
        None => {
            let id = state.new_id();
            table::insert(tx, id, environment_id, &hash, now, now + LIFETIME).await?;
            id
        }
    };
    Ok(Jar { browser_id, cookie })
}

/// [`jar`] for a hand-off. Several may cross in one browser, each with the cookie that it had before the first one: for a
/// moment the old cookie leads a hand-off in the same portal session to the new one, and nobody else anywhere.
pub async fn jar_of_hand_off(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    cookie: Option<&str>,
    operator_session_id: Uuid,
) -> ServiceResult<Jar> {
    let now = state.now();
    let presented = cookie.and_then(|cookie| Some((cookie, SecretKind::BrowserCookie.hash_of(cookie)?)));
    let Some((cookie, hash)) = presented else { return jar(state, tx, environment_id, None).await };
    let former = Former { secret_hash: &hash, operator_session_id };
    let (next, next_hash) = successor(state, cookie);
    if let Some(browser_id) = table::by_secret(tx, environment_id, &hash, now).await? {
        if table::is_fresh(tx, browser_id, operator_session_id, now).await? {
            return Ok(Jar { browser_id, cookie: cookie.to_owned() });
        }
        table::renew_after(tx, browser_id, &next_hash, now + LIFETIME, &former, now + CROSSING).await?;
        return Ok(Jar { browser_id, cookie: next });
    }
    match table::by_former(tx, environment_id, &former, now).await? {
        Some((browser_id, current)) if current == next_hash => Ok(Jar { browser_id, cookie: next }),
        _ => jar(state, tx, environment_id, None).await,
    }
}

/// The browser that [`jar_of_hand_off`] would give, if there is one already. Nothing changes by being looked for.
pub async fn found_by_hand_off(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    cookie: Option<&str>,
    operator_session_id: Uuid,
) -> ServiceResult<Option<Uuid>> {
    let Some(hash) = cookie.and_then(|cookie| SecretKind::BrowserCookie.hash_of(cookie)) else { return Ok(None) };
    if let Some(browser_id) = table::by_secret(tx, environment_id, &hash, state.now()).await? {
        return Ok(Some(browser_id));
    }
    let former = Former { secret_hash: &hash, operator_session_id };
    Ok(table::by_former(tx, environment_id, &former, state.now()).await?.map(|(browser_id, _)| browser_id))
}

/// The cookie that a hand-off gives in the place of another: always the same, so that hand-offs that cross agree, and such
/// that nobody without the master key can tell it from the one before.
fn successor(state: &AppState, cookie: &str) -> (String, Vec<u8>) {
    let tag = state.keyring.tag("successor of a browser's cookie", cookie.as_bytes());
    SecretKind::BrowserCookie.of_bytes(sha256(tag.as_ref()))
}

/// Whether the browser holds as many running sessions as it may.
pub async fn is_full(state: &AppState, tx: &mut Tx, browser_id: Uuid) -> ServiceResult<bool> {
    Ok(table::count_running(tx, browser_id, state.now()).await? >= RUNNING)
}

/// Gives a session to the browser, for one application or, the user's own, for all. Of those that ended the oldest go.
pub async fn hold(
    state: &AppState,
    tx: &mut Tx,
    browser_id: Uuid,
    session_id: Uuid,
    application_id: Option<Uuid>,
) -> ServiceResult<()> {
    table::forget_ended(tx, browser_id, ENDED).await?;
    Ok(table::hold(tx, browser_id, session_id, application_id, state.now()).await?)
}

/// A session that a browser holds.
#[derive(Clone, Debug)]
pub struct HeldSession {
    pub session_id: Uuid,
    pub user_id: Uuid,
    /// The one application that may use it; `None` for the user's own session.
    pub application_id: Option<Uuid>,
    /// When it was opened here, for the first time or once more, if no application got anything by it since.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it ended, if that is written down.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What the browser with this cookie holds, running sessions first, newest first: whether each may go on is asked when it
/// is used. `None` where no browser has it.
pub async fn held(
    state: &AppState,
    environment_id: Uuid,
    cookie: Option<&str>,
) -> ServiceResult<Option<(Uuid, Vec<HeldSession>)>> {
    let Some(hash) = cookie.and_then(|cookie| SecretKind::BrowserCookie.hash_of(cookie)) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    let Some(id) = table::by_secret(&mut conn, environment_id, &hash, state.now()).await? else { return Ok(None) };
    let rows = table::held(&mut conn, id).await?;
    // An impersonation is bound to one application, a session of the user's own to none.
    let consistent = |row: &BrowserSession| (row.kind == SessionKind::Impersonation) == row.application_id.is_some();
    let held = rows.into_iter().filter(consistent).map(|row| HeldSession {
        session_id: row.session_id,
        user_id: row.user_id,
        application_id: row.application_id,
        opened_at: row.reopened_at.or_else(|| (!row.used).then_some(row.created_at)),
        ended_at: row.ended_at,
    });
    Ok(Some((id, held.collect())))
}

/// Who was who in an application by the browser, the last first, each with whether it may go on. One that has ended is among
/// them until somebody else came after it: nobody takes its place unasked.
pub async fn uses(state: &AppState, browser_id: Uuid, application_id: Uuid) -> ServiceResult<Vec<(Session, bool)>> {
    let mut conn = state.db.read().await?;
    let rows = session_table::used_by(&mut conn, browser_id, application_id, table::USES).await?;
    drop(conn);
    let mut uses = Vec::new();
    for standing in rows {
        let goes_on = session::may_go_on(state, &standing).await?;
        uses.push((standing, goes_on));
    }
    Ok(uses)
}

/// The sessions that the browser holds and that may go on. One that may not is ended by being asked.
pub async fn running(state: &AppState, browser_id: Uuid) -> ServiceResult<Vec<Session>> {
    let mut conn = state.db.read().await?;
    let rows = session_table::held_by(&mut conn, browser_id, table::HELD).await?;
    drop(conn);
    let mut running = Vec::new();
    for standing in rows {
        if session::may_go_on(state, &standing).await? {
            running.push(standing);
        }
    }
    Ok(running)
}

/// Notes that the application got something by this session here, in the transaction that gives it.
pub async fn note_use(
    state: &AppState,
    tx: &mut Tx,
    browser_id: Uuid,
    application_id: Uuid,
    session_id: Uuid,
) -> ServiceResult<()> {
    Ok(table::note_use(tx, browser_id, application_id, session_id, false, state.now()).await?)
}

/// Notes that the person chose this session for the application here.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn choose(state: &AppState, browser_id: Uuid, application_id: Uuid, session_id: Uuid) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    table::note_use(&mut tx, browser_id, application_id, session_id, true, state.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// [`note_use`], unless the session is the last one there anyway and was not opened once more since: `unused`.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn note_last_use(
    state: &AppState,
    browser_id: Uuid,
    application_id: Uuid,
    session_id: Uuid,
    unused: bool,
) -> ServiceResult<()> {
    let mut conn = state.db.read().await?;
    let last = table::last_use(&mut conn, browser_id, application_id).await?;
    drop(conn);
    if !unused && last == Some(session_id) {
        return Ok(());
    }
    let mut tx = state.db.write().await?;
    note_use(state, &mut tx, browser_id, application_id, session_id).await?;
    tx.commit().await?;
    Ok(())
}

/// A session of the environment, and whether it may go on. One that may not is ended by being asked.
pub async fn look(state: &AppState, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<(Session, bool)>> {
    let Some(seen) = state.sessions.session(&state.db, environment_id, id).await? else { return Ok(None) };
    let goes_on = session::may_go_on(state, &seen.standing).await?;
    Ok(Some((seen.standing.clone(), goes_on)))
}

/// The user of the environment whom a hint names by id or e-mail, if it names one.
pub async fn user_named(state: &AppState, environment_id: Uuid, hint: &str) -> ServiceResult<Option<Uuid>> {
    let mut conn = state.db.read().await?;
    if let Ok(id) = Uuid::try_parse(hint) {
        return Ok(user::by_id(&mut conn, environment_id, id).await?.map(|row| row.id));
    }
    if hint.contains('@') {
        for email in spellings(hint) {
            if let Some(row) = user::by_email(&mut conn, environment_id, &email).await? {
                return Ok(Some(row.id));
            }
        }
    }
    Ok(None)
}
