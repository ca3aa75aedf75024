//! Refresh tokens: rotated at each use (RFC 9700 section 4.14), never beyond the session's end.
//!
//! An answer can be lost: a phone loses its network, a laptop sleeps. So a token may be traded again for as long as nothing
//! that was given for it was used, however long that is. Of several that were given for one token only one lives on: the
//! one that is used first. From that moment the others, and the token before them, are old; who presents one has a copy.
//! No network loses a thousand answers: who asks for more of them than that is not its owner, or is broken.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::conclude::{Spent, Wanted, conclude, switched};
use super::{Granted, TokenError, TokenResult, may_refresh};
use crate::model::audit::action;
use crate::model::session::EndReason;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::credential::{self, RefreshHistory, RefreshToken};
use crate::server::db::{Conn, Tx, session as session_table, user};
use crate::server::domain::actor::Actor;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Origin;
use crate::server::service::session::{self, IN_A_HURRY};
use crate::server::state::AppState;

/// Tokens that may be given for one without any of them being used.
const UNUSED: i64 = 1_000;

/// A refresh token as a client presents it.
pub struct Refreshing<'a> {
    pub refresh_token: &'a str,
    /// A narrower scope for the access token.
    pub scope: Option<&'a str>,
    /// External id of the account to switch to.
    pub tenant_id: Option<&'a str>,
}

/// Trades a refresh token for the next one. Where that was lost it gives another one, until one of them is used. Afterwards
/// it is refused, and ends the session unless it comes within 10 seconds: then two pages crossed.
///
/// # Errors
/// [`TokenError`], each for what does not fit, also where the session was given too many lately. Where the account to switch to
/// is refused nothing has changed.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn refresh(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    presented: &Refreshing<'_>,
    origin: &Origin,
) -> TokenResult<Granted> {
    let Some(token_hash) = SecretKind::RefreshToken.hash_of(presented.refresh_token) else { return Err(UNKNOWN) };
    let mut tx = state.db.write().await?;
    let row = credential::refresh_token(&mut tx, &token_hash).await?;
    let row = row.filter(|row| row.application_id == application.id).ok_or(UNKNOWN)?;
    let session_id = row.session_id;
    let outcome = trade(state, tx, environment_id, application, presented, (&token_hash, row), origin).await;
    outcome.map_err(|error| error.in_session(session_id))
}

/// Trades a token that this client was given.
async fn trade(
    state: &AppState,
    mut tx: Tx,
    environment_id: Uuid,
    application: &Application,
    presented: &Refreshing<'_>,
    (token_hash, row): (&[u8], RefreshToken),
    origin: &Origin,
) -> TokenResult<Granted> {
    if presented.tenant_id.is_some()
        && let Some(standing) = session_table::standing(&mut tx, environment_id, row.session_id).await?
    {
        // Whoever signs in takes the user first, and then sessions: in this order nobody waits for each other.
        user::held(&mut tx, environment_id, standing.user_id).await?;
    }
    // Of two uses at the same instant the second waits here, and then sees what the first did.
    let taken = session::live_taken(state, &mut tx, environment_id, row.session_id).await?;
    let Some(session) = taken else {
        tx.commit().await?;
        return Err(TokenError::grant("the session has ended"));
    };
    let row =
        if tx.is_sqlite() { row } else { credential::refresh_token(&mut tx, token_hash).await?.ok_or(UNKNOWN)? };
    if !may_refresh(&session, application) {
        return Err(TokenError::grant("the application does not keep impersonated sessions alive"));
    }
    if let Some(refusal) = refusal(state, &mut tx, token_hash, &row, &session, origin).await? {
        tx.commit().await?;
        return Err(refusal.about(&session));
    }
    // A copy that is found out is never answered by a limit, and who repeats a token uses up nobody's first use of another.
    if row.rotated_at.is_some() {
        state.limits.tokens_again(row.session_id)?
    } else {
        state.limits.tokens(row.session_id)?
    }
    let scope = narrowed(&row.scope, presented.scope)?;
    let session = switched(state, &mut tx, session, presented.tenant_id, origin).await?;
    let wanted = Wanted {
        scope,
        lasting_scope: Some(&row.scope),
        with_refresh_token: true,
        family_id: Some(row.family_id),
        spent: Some(Spent::RefreshToken(token_hash)),
        code_hash: row.code_hash.as_deref(),
        tenant_id: presented.tenant_id,
        ..Wanted::default()
    };
    conclude(state, tx, session, application, wanted).await
}

const UNKNOWN: TokenError = TokenError::grant("the refresh token is unknown or was not issued to this client");

/// Why the token may not be used, if so; then the transaction holds what follows from that.
async fn refusal(
    state: &AppState,
    tx: &mut Tx,
    token_hash: &[u8],
    row: &RefreshToken,
    session: &Session,
    origin: &Origin,
) -> ServiceResult<Option<TokenError>> {
    let now = state.now();
    let history = history(tx, token_hash, row).await?;
    if history.is_revoked {
        return Ok(Some(TokenError::grant("the refresh token was revoked")));
    }
    if now >= row.expires_at {
        return Ok(Some(TokenError::grant("the refresh token has expired")));
    }
    match outrun_at(row, &history) {
        Some(outrun_at) if now <= outrun_at + IN_A_HURRY => Ok(Some(TokenError::grant(
            "another refresh token of this session was used a moment ago: go on with that one's",
        ))),
        Some(_) => {
            reused(state, tx, row, session, origin).await?;
            Ok(Some(TokenError::grant("the refresh token was used before; the session has been ended")))
        }
        None if history.has_too_many_unused => {
            reused(state, tx, row, session, origin).await?;
            Ok(Some(TokenError::grant("the refresh token was used too often; the session has been ended")))
        }
        None => Ok(None),
    }
}

async fn history(conn: &mut Conn, token_hash: &[u8], row: &RefreshToken) -> ServiceResult<RefreshHistory> {
    let parent_hash = row.parent_hash.as_deref();
    Ok(credential::refresh_history(conn, token_hash, parent_hash, row.family_id, UNUSED).await?)
}

/// Since when the token is an old one, whoever has it, if it is.
fn outrun_at(row: &RefreshToken, history: &RefreshHistory) -> Option<DateTime<Utc>> {
    // It is from a time when nothing was noted about what was given for it: one use was all it had.
    row.rotated_at.filter(|_| !history.has_successor).or(history.outrun_at)
}

async fn reused(
    state: &AppState,
    tx: &mut Tx,
    row: &RefreshToken,
    session: &Session,
    origin: &Origin,
) -> ServiceResult<()> {
    credential::revoke_family(tx, row.family_id, state.now()).await?;
    let event = Event::of(
        session.environment_id,
        action::REFRESH_TOKEN_REUSED,
        format!(
            "An old refresh token of {} was used though a newer one was in use already; the session ends",
            session.user_name
        ),
    )
    .in_session(session)
    .from(origin);
    audit::record(state, tx, event).await?;
    session::end_in(state, tx, session, EndReason::RefreshTokenReused, &Actor::System, origin).await?;
    Ok(())
}

/// The scope of the access token: all that was granted, or the part that is asked for (RFC 6749 section 6).
fn narrowed(granted: &str, wanted: Option<&str>) -> TokenResult<String> {
    let Some(wanted) = wanted else { return Ok(granted.to_owned()) };
    let mut words = Vec::new();
    for word in wanted.split_ascii_whitespace() {
        if !granted.split(' ').any(|known| known == word) {
            return Err(TokenError::Scope);
        }
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() { Err(TokenError::Scope) } else { Ok(words.join(" ")) }
}

/// A refresh token's family, for what revokes or describes it, and whether it could still be traded.
pub(super) async fn find(
    state: &AppState,
    application_id: Uuid,
    refresh_token: &str,
) -> ServiceResult<Option<(RefreshToken, bool)>> {
    let Some(token_hash) = SecretKind::RefreshToken.hash_of(refresh_token) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    let row = credential::refresh_token(&mut conn, &token_hash).await?;
    let Some(row) = row.filter(|row| row.application_id == application_id) else { return Ok(None) };
    let is_old = outrun_at(&row, &history(&mut conn, &token_hash, &row).await?).is_some();
    Ok(Some((row, !is_old)))
}
