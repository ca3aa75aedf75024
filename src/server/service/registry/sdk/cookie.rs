//! The cookie by which an SDK keeps its application signed in. Each is bound to one session and one application; it is
//! not rotated, for several tabs use it at once and an answer that a navigation cuts off would lose the next one.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::crypto::secret::SecretKind;
use crate::server::db::Tx;
use crate::server::db::credential::{self, NewSessionCookie, SessionCookie};
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

/// Cookies of one browser that are looked at: more than browsers keep of one site.
const COOKIES: usize = 500;

/// Cookies of one application in one browser: its SDKs know three spellings of the name.
const REPLACED: usize = 10;

/// A session that a browser keeps for an application. Whether it may go on is asked when it is used.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    pub session_id: Uuid,
    pub application_id: Uuid,
    /// Whether it took the place of somebody else's session that ran: a tab that is loaded anew could be of either.
    pub shared: bool,
    /// What the cookie came with, where it came with tokens.
    pub family_id: Option<Uuid>,
}

fn hashes(cookies: &[String]) -> Vec<Vec<u8>> {
    cookies.iter().filter_map(|cookie| SecretKind::SessionCookie.hash_of(cookie)).take(COOKIES).collect()
}

/// Whether one of these cookies is of this session, or took its place while it ran, be the session over or not.
pub async fn was_given(state: &AppState, cookies: &[String], session_id: Uuid) -> ServiceResult<bool> {
    let hashes = hashes(cookies);
    if hashes.is_empty() {
        return Ok(false);
    }
    let mut conn = state.db.read().await?;
    Ok(credential::was_given(&mut conn, session_id, &hashes).await?)
}

/// The sessions of the environment behind these cookies that have not ended, newest first.
pub async fn kept(state: &AppState, environment_id: Uuid, cookies: &[String]) -> ServiceResult<Vec<Kept>> {
    let hashes = hashes(cookies);
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut conn = state.db.read().await?;
    let rows = credential::session_cookies(&mut conn, environment_id, &hashes).await?;
    // The provider's own cookie of a user's session is bound to no application and worth nothing here.
    let bound = |row: SessionCookie| {
        let SessionCookie { session_id, application_id, family_id, shared } = row;
        application_id.map(|application_id| Kept { session_id, application_id, family_id, shared })
    };
    Ok(rows.into_iter().filter_map(bound).collect())
}

/// Notes that a new cookie takes the place of those that the browser had for the application until now, whether what they
/// stood for has ended or not: whose place these had taken may run.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn replace(state: &AppState, secret: &str, replaced: &[String]) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    replace_in(state, &mut tx, secret, replaced).await?;
    tx.commit().await?;
    Ok(())
}

async fn replace_in(state: &AppState, tx: &mut Tx, secret: &str, replaced: &[String]) -> ServiceResult<()> {
    let Some(secret_hash) = SecretKind::SessionCookie.hash_of(secret) else { return Ok(()) };
    for hash in replaced.iter().filter_map(|cookie| SecretKind::SessionCookie.hash_of(cookie)).take(REPLACED) {
        credential::note_replaced(tx, &secret_hash, &hash, state.now()).await?;
    }
    Ok(())
}

/// A new cookie for a running session in one application, bound to the tokens that it comes with, if it does. It takes the
/// place of those that the browser had for the application.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn give(
    state: &AppState,
    session_id: Uuid,
    application_id: Uuid,
    family_id: Option<Uuid>,
    expires_at: DateTime<Utc>,
    replaced: &[String],
) -> ServiceResult<String> {
    let (secret, secret_hash) = SecretKind::SessionCookie.generate(state.random.as_ref());
    let row = NewSessionCookie {
        secret_hash: &secret_hash,
        session_id,
        application_id: Some(application_id),
        now: state.now(),
        expires_at,
    };
    let mut tx = state.db.write().await?;
    credential::insert_session_cookie(&mut tx, &row).await?;
    if let Some(family_id) = family_id {
        credential::bind_session_cookie(&mut tx, &secret_hash, family_id).await?;
    }
    replace_in(state, &mut tx, &secret, replaced).await?;
    tx.commit().await?;
    Ok(secret)
}
