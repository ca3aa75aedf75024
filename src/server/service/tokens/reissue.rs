//! Tokens for a session that its browser proved by cookie: what a refresh is without a refresh token.

use chrono::TimeDelta;
use uuid::Uuid;

use super::conclude::{Wanted, conclude, switched};
use super::{Granted, TokenError, TokenResult, live_for, may_refresh};
use crate::model::impersonation::MINUTES_WITHOUT_KEEP_ALIVE;
use crate::server::db::credential;
use crate::server::domain::application::Application;
use crate::server::service::caller::Origin;
use crate::server::state::AppState;

/// How long an impersonation gets tokens where the application does not keep sessions alive.
const WITHOUT_KEEP_ALIVE: TimeDelta = TimeDelta::minutes(MINUTES_WITHOUT_KEEP_ALIVE);

/// What is asked for in a session.
pub struct Reissue<'a> {
    pub scope: &'a str,
    /// Whether a refresh token is wanted too; a session that may not have one gets none.
    pub with_refresh_token: bool,
    /// What the cookie came with, where it came with tokens: what is given now is taken back together with that.
    pub family_id: Option<Uuid>,
    /// External id of the account to switch to.
    pub tenant_id: Option<&'a str>,
}

/// Gives `application` new tokens in the session. Whoever calls has seen that the session is the browser's and that the
/// browser is at this application.
///
/// # Errors
/// [`TokenError`], also where the session was given too many lately. Where the account to switch to is refused nothing has
/// changed.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn reissue(
    state: &AppState,
    environment_id: Uuid,
    session_id: Uuid,
    application: &Application,
    wanted: &Reissue<'_>,
    origin: &Origin,
) -> TokenResult<Granted> {
    state.limits.tokens(session_id)?;
    let outcome = give(state, environment_id, session_id, application, wanted, origin).await;
    outcome.map_err(|error| error.in_session(session_id))
}

async fn give(
    state: &AppState,
    environment_id: Uuid,
    session_id: Uuid,
    application: &Application,
    wanted: &Reissue<'_>,
    origin: &Origin,
) -> TokenResult<Granted> {
    let mut tx = state.db.write().await?;
    let Some(session) = live_for(state, &mut tx, environment_id, session_id, application).await? else {
        tx.commit().await?;
        return Err(TokenError::grant("the session has ended"));
    };
    if let Some(family_id) = wanted.family_id
        && credential::is_family_revoked(&mut tx, family_id).await?
    {
        return Err(TokenError::grant("what this browser was given has been revoked"));
    }
    let now = state.now();
    // It may have been turned off since the session began; a refresh token would be refused, too.
    if !may_refresh(&session, application) && now >= session.created_at + WITHOUT_KEEP_ALIVE {
        return Err(TokenError::grant("the application does not keep impersonated sessions alive"));
    }
    let session = switched(state, &mut tx, session, wanted.tenant_id, origin).await?;
    let wanted = Wanted {
        scope: wanted.scope.to_owned(),
        with_refresh_token: wanted.with_refresh_token,
        family_id: wanted.family_id,
        tenant_id: wanted.tenant_id,
        ..Wanted::default()
    };
    conclude(state, tx, session, application, wanted).await
}
