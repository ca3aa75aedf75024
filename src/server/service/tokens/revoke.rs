//! Revoking tokens (RFC 7009), and what a refresh token is worth (RFC 7662).

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::refresh::find;
use super::{SessionToken, live, may_refresh};
use crate::model::session::EndReason;
use crate::server::db::credential;
use crate::server::domain::actor::Actor;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::service::caller::Origin;
use crate::server::service::session;
use crate::server::state::AppState;

/// Revokes a refresh token with everything of its family. An impersonation ends. An unknown token is no error.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn revoke_refresh(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    refresh_token: &str,
    origin: &Origin,
) -> ServiceResult<()> {
    match find(state, application.id, refresh_token).await? {
        Some((row, _)) => revoke_access(state, environment_id, row.session_id, Some(row.family_id), origin).await,
        None => Ok(()),
    }
}

/// Revokes an access token's family. An impersonation ends.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn revoke_access(
    state: &AppState,
    environment_id: Uuid,
    session_id: Uuid,
    family_id: Option<Uuid>,
    origin: &Origin,
) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    if let Some(family_id) = family_id {
        credential::revoke_family(&mut tx, family_id, state.now()).await?;
    }
    let session = session::live_in(state, &mut tx, environment_id, session_id).await?;
    if let Some(session) = session.filter(Session::is_impersonation) {
        session::end_in(state, &mut tx, &session, EndReason::SignedOut, &Actor::client_of(&session), origin).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A refresh token that could be used now.
pub struct RefreshStanding {
    pub session: Session,
    pub scope: String,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// What a refresh token of `application` is worth now, if anything.
pub async fn refresh_standing(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    refresh_token: &str,
) -> ServiceResult<Option<RefreshStanding>> {
    let now = state.now();
    let Some((row, is_current)) = find(state, application.id, refresh_token).await? else { return Ok(None) };
    if !is_current || now >= row.expires_at {
        return Ok(None);
    }
    let token = SessionToken { session_id: row.session_id, family_id: Some(row.family_id), tenant_id: None };
    let session = live(state, environment_id, application, &token).await?;
    Ok(session.filter(|session| may_refresh(session, application)).map(|session| RefreshStanding {
        session,
        scope: row.scope,
        issued_at: row.created_at,
        expires_at: row.expires_at,
    }))
}
