//! What an application gets out of a session: authorization codes and refresh tokens, and about whom a token speaks.
//!
//! All that one authorization code began is a family. Its id travels in each access token's `jti`, so that revoking
//! one token revokes them all, though no access token is stored.

pub mod client;
mod code;
mod conclude;
mod exchange;
pub mod profile;
mod refresh;
mod refused;
mod reissue;
mod revoke;
mod subject;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::session;
use crate::server::db::{Tx, account};
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::domain::subject::Subject;
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

pub use code::{CodeRequest, NoCode, Redemption, issue_code, redeem_code, redeem_sdk_code};
pub use exchange::{Exchange, exchange_hand_off};
pub use refresh::{Refreshing, refresh};
pub use refused::{TokenError, TokenRefusal, TokenResult};
pub use reissue::{Reissue, reissue};
pub use revoke::{RefreshStanding, refresh_standing, revoke_access, revoke_refresh};
use subject::subject_in;

/// How long an authorization code works.
const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// What the token endpoint turns into tokens.
pub struct Granted {
    pub subject: Subject,
    pub scope: String,
    /// The nonce of the authorization request; none at a refresh.
    pub nonce: Option<String>,
    pub refresh_token: Option<String>,
    /// What the access token belongs to, where there is a refresh token beside it.
    pub family_id: Option<Uuid>,
}

/// Without the refresh token.
impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Granted");
        shown
            .field("session", &self.subject.session.id)
            .field("scope", &self.scope)
            .field("family_id", &self.family_id);
        shown.finish_non_exhaustive()
    }
}

/// What a token of a session hangs on.
#[derive(Clone, Debug)]
pub struct SessionToken {
    pub session_id: Uuid,
    pub family_id: Option<Uuid>,
    /// External id of the account that an access token is about; a refresh token is about none.
    pub tenant_id: Option<String>,
}

/// The subject of an access token, or `None` where the token is worth nothing any more.
pub async fn subject(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    token: &SessionToken,
) -> ServiceResult<Option<Arc<Subject>>> {
    let session = state.sessions.session(&state.db, environment_id, token.session_id).await?;
    let Some(session) = session.filter(|session| !session.is_revoked(token.family_id)) else { return Ok(None) };
    if !session::may_go_on(state, &session.standing).await? {
        return Ok(None);
    }
    let read = async |session: Session| {
        let mut conn = state.db.read().await?;
        subject_in(&mut conn, session, application).await
    };
    let subject = state.sessions.subject(&state.db, environment_id, token.session_id, application.id, read).await?;
    Ok(subject.filter(|subject| subject.may_work_in(token.tenant_id.as_deref())))
}

/// Keys of the user's roles in an account of this external id, and its permissions there: none where the user has no such
/// account any more.
pub async fn rights_in<'a>(
    state: &AppState,
    subject: &'a Subject,
    tenant_id: &str,
) -> ServiceResult<(Cow<'a, [String]>, Cow<'a, [String]>)> {
    if tenant_id == subject.tenant_id {
        return Ok((subject.roles.as_slice().into(), subject.permissions.as_slice().into()));
    }
    let mut conn = state.db.read().await?;
    let session = &subject.session;
    let found = account::by_external_id(&mut conn, session.environment_id, tenant_id).await?;
    let Some(found) = found else { return Ok(Default::default()) };
    let (roles, permissions) = account::rights(&mut conn, session.user_id, found.id).await?;
    Ok((roles.into(), permissions.into()))
}

/// The session of a token, if neither it nor the token's family is over and its user may still use the application in
/// the token's account.
pub async fn live(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    token: &SessionToken,
) -> ServiceResult<Option<Session>> {
    let subject = subject(state, environment_id, application, token).await?;
    Ok(subject.map(|subject| subject.session.clone()))
}

/// The session, if it is not over and may give `application` anything: an impersonation is for its own application and for no
/// other.
async fn live_for(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    session_id: Uuid,
    application: &Application,
) -> ServiceResult<Option<Session>> {
    let session = session::live_in(state, tx, environment_id, session_id).await?;
    Ok(session.filter(|session| !session.is_impersonation() || session.application_id == Some(application.id)))
}

/// Whether a session of this application gets refresh tokens: always one of the user's own, an impersonation only
/// where the application keeps sessions alive.
fn may_refresh(session: &Session, application: &Application) -> bool {
    !session.is_impersonation() || application.keep_session_alive
}
