//! What an application gets out of a session: authorization codes and refresh tokens, and about whom a token speaks.
//!
//! All that one authorization code began is a family. Its id travels in each access token's `jti`, so that revoking
//! one token revokes them all, though no access token is stored.

pub mod client;
mod code;
mod exchange;
pub mod profile;
mod refresh;
mod reissue;
mod revoke;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::session;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::application::ApplicationRow;
use crate::server::db::credential::{self, NewRefreshToken};
use crate::server::db::session::{self as session_table, StandingRow};
use crate::server::db::{Conn, DbError, Tx, account};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::rate_limit::Limited;
use crate::server::state::AppState;

pub use code::{CodeRequest, NoCode, Redemption, issue_code, redeem_code, redeem_sdk_code};
pub use exchange::{Exchange, exchange_hand_off};
pub use refresh::{Refreshing, refresh};
pub use reissue::{Reissue, reissue};
pub use revoke::{RefreshStanding, refresh_standing, revoke_access, revoke_refresh};

/// How long an authorization code works.
const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// Refresh tokens that a browser's cookie gave and that were never used, at most: as many tabs may be open at once.
const TABS: i64 = 100;

/// Why no token is issued. The text is for the application's developer.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("{0}")]
    Grant(&'static str),
    #[error("{0}")]
    Request(&'static str),
    #[error("the scope is wider than what was granted")]
    Scope,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<Limited> for TokenError {
    fn from(limited: Limited) -> Self {
        Self::Service(limited.into())
    }
}

impl From<DbError> for TokenError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

pub type TokenResult<T> = Result<T, TokenError>;

/// About whom and where a token speaks: a session's user in the account in which it works.
#[derive(Debug)]
pub struct Subject {
    pub session: StandingRow,
    pub account_id: Uuid,
    /// External id of the account.
    pub tenant_id: String,
    pub account_name: String,
    /// External ids of all accounts in which the user is enabled.
    pub tenant_ids: Vec<String>,
    /// External ids of those among them that have the application.
    usable_tenant_ids: Vec<String>,
    /// Keys of the user's roles in the account.
    pub roles: Vec<String>,
    pub permissions: Vec<String>,
}

impl Subject {
    /// The user as `application` sees it: in the session's account or, where that account does not have the
    /// application, in the user's first one that does. `None` where there is none: then the user has no business there.
    pub async fn load(
        conn: &mut Conn,
        session: StandingRow,
        application: &ApplicationRow,
    ) -> ServiceResult<Option<Self>> {
        let mut memberships = account::memberships(conn, session.user_id).await?;
        memberships.retain(|membership| membership.disabled_at.is_none());
        let assigned = account::applications_of_user(conn, session.user_id).await?;
        let has_application = |account_id: Uuid| {
            assigned.iter().any(|row| row.account_id == account_id && row.application_id == application.id)
        };
        let usable = memberships.iter().filter(|membership| has_application(membership.account_id));
        let current = usable.clone().find(|membership| Some(membership.account_id) == session.account_id);
        let chosen = match current {
            None if session.is_impersonation() => None,
            None => usable.clone().next(),
            found => found,
        };
        let Some(chosen) = chosen else { return Ok(None) };
        let usable_tenant_ids = usable.map(|membership| membership.external_id.clone()).collect();
        let roles = account::membership_roles(conn, session.user_id).await?;
        let account_id = chosen.account_id;
        Ok(Some(Self {
            account_id,
            tenant_id: chosen.external_id.clone(),
            account_name: chosen.name.clone(),
            roles: roles.into_iter().filter(|row| row.0 == account_id).map(|row| row.1).collect(),
            permissions: account::permissions(conn, session.user_id, account_id).await?,
            tenant_ids: memberships.iter().map(|membership| membership.external_id.clone()).collect(),
            usable_tenant_ids,
            session,
        }))
    }

    /// Whether a token about this account is still good: one about none needs any in which the user may work.
    pub fn may_work_in(&self, tenant_id: Option<&str>) -> bool {
        tenant_id.is_none_or(|tenant_id| self.usable_tenant_ids.iter().any(|known| known == tenant_id))
    }
}

/// What the token endpoint turns into tokens.
#[derive(Debug)]
pub struct Granted {
    pub subject: Subject,
    pub scope: String,
    /// The nonce of the authorization request; none at a refresh.
    pub nonce: Option<String>,
    pub refresh_token: Option<String>,
    /// What the access token belongs to, where there is a refresh token beside it.
    pub family_id: Option<Uuid>,
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
    application: &ApplicationRow,
    token: &SessionToken,
) -> ServiceResult<Option<Arc<Subject>>> {
    let session = state.sessions.session(&state.db, environment_id, token.session_id).await?;
    let Some(session) = session.filter(|session| !session.is_revoked(token.family_id)) else { return Ok(None) };
    if !session::may_go_on(state, &session.standing).await? {
        return Ok(None);
    }
    let subject = state.sessions.subject(&state.db, environment_id, token.session_id, application).await?;
    Ok(subject.filter(|subject| subject.may_work_in(token.tenant_id.as_deref())))
}

/// Keys of the user's roles in an account of this external id, and its permissions there: none where the user has no such
/// account any more.
pub async fn rights_in(
    state: &AppState,
    subject: &Subject,
    tenant_id: &str,
) -> ServiceResult<(Vec<String>, Vec<String>)> {
    if tenant_id == subject.tenant_id {
        return Ok((subject.roles.clone(), subject.permissions.clone()));
    }
    let mut conn = state.db.read().await?;
    let session = &subject.session;
    let found = account::by_external_id(&mut conn, session.environment_id, tenant_id).await?;
    let Some(found) = found else { return Ok((Vec::new(), Vec::new())) };
    let roles = account::membership_roles(&mut conn, session.user_id).await?;
    let roles = roles.into_iter().filter(|row| row.0 == found.id).map(|row| row.1).collect();
    Ok((roles, account::permissions(&mut conn, session.user_id, found.id).await?))
}

/// The session of a token, if neither it nor the token's family is over and its user may still use the application in
/// the token's account.
pub async fn live(
    state: &AppState,
    environment_id: Uuid,
    application: &ApplicationRow,
    token: &SessionToken,
) -> ServiceResult<Option<StandingRow>> {
    let subject = subject(state, environment_id, application, token).await?;
    Ok(subject.map(|subject| subject.session.clone()))
}

/// Notes that `application` gets tokens of the session: from now on it is told of the session's end. Whoever ends the
/// session waits for this transaction, or came first: then there are no tokens.
async fn note_use(
    tx: &mut Tx,
    session: &StandingRow,
    application: &ApplicationRow,
    now: DateTime<Utc>,
) -> TokenResult<()> {
    if session_table::touch(tx, session.id, now).await? == 0 {
        return Err(TokenError::Grant("the session has ended"));
    }
    session_table::add_application(tx, session.id, application.id, now).await?;
    Ok(())
}

/// Whether a session of this application gets refresh tokens: always one of the user's own, an impersonation only
/// where the application keeps sessions alive.
fn may_refresh(session: &StandingRow, application: &ApplicationRow) -> bool {
    !session.is_impersonation() || application.keep_session_alive
}

/// What a new refresh token follows from.
struct Origin<'a> {
    family_id: Uuid,
    /// The refresh token that was traded for it.
    parent_hash: Option<&'a [u8]>,
    /// The authorization code that began its family.
    code_hash: Option<&'a [u8]>,
}

impl Origin<'_> {
    /// A beginning, in a family that may have others.
    fn of(family_id: Uuid) -> Self {
        Self { family_id, parent_hash: None, code_hash: None }
    }
}

/// Makes a refresh token that lives as long as its session. Of those that a cookie gave and nobody used, some stay.
async fn issue_refresh_token(
    state: &AppState,
    tx: &mut Tx,
    session: &StandingRow,
    application: &ApplicationRow,
    origin: &Origin<'_>,
    scope: &str,
) -> ServiceResult<String> {
    let (text, token_hash) = SecretKind::RefreshToken.generate(state.random.as_ref());
    let token = NewRefreshToken {
        token_hash: &token_hash,
        parent_hash: origin.parent_hash,
        family_id: origin.family_id,
        session_id: session.id,
        application_id: application.id,
        code_hash: origin.code_hash,
        scope,
        now: state.now(),
        expires_at: session.expires_at,
    };
    if origin.parent_hash.is_none() {
        credential::delete_old_of_cookie(tx, origin.family_id, TABS - 1).await?;
    }
    credential::insert_refresh_token(tx, &token).await?;
    Ok(text)
}
