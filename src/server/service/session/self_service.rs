//! What users do for themselves: seeing and ending their sessions, reading their account's log, switching account.
//!
//! The caller is the user; beside it stands the session in which they ask, the viewer.

use uuid::Uuid;

use super::sign_in;
use crate::model::audit::AuditItem;
use crate::model::session::{EndReason, SessionItem};
use crate::server::db::{Tx, account, session as session_table};
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::registry::names::Names;
use crate::server::service::{audit, session};
use crate::server::state::AppState;

/// The permission, granted by a role in an account, to read that account's log.
pub const READ_AUDIT: &str = "account.audit.read";
/// Sessions of a user that are read at once: running ones first, then the newest.
const SESSIONS: i64 = 200;

/// An account that the user may work in.
pub struct OwnAccount {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
    pub current: bool,
}

/// The user's sessions, running ones first, and whether there are more than these.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sessions(caller: &Caller, viewer: &Session) -> ServiceResult<(Vec<SessionItem>, bool)> {
    let mut conn = caller.state.db.read().await?;
    session::of_user(&mut conn, viewer.user_id, SESSIONS).await
}

/// The account in which the viewer works, told apart from others of its name.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn account_name(caller: &Caller, viewer: &Session) -> ServiceResult<Option<String>> {
    let mut conn = caller.state.db.read().await?;
    Ok(Names::of_accounts(&mut conn, viewer.account_id).await?.account_of(viewer))
}

/// The accounts between which the viewer's session may switch, told apart from others of their names.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn accounts(caller: &Caller, viewer: &Session) -> ServiceResult<Vec<OwnAccount>> {
    let mut accounts = accounts_in(caller, viewer, viewer.application_id).await?;
    let mut conn = caller.state.db.read().await?;
    let names = Names::of_accounts(&mut conn, accounts.iter().map(|account| account.id)).await?;
    for account in &mut accounts {
        account.name = names.told_apart(Some(account.id), std::mem::take(&mut account.name));
    }
    Ok(accounts)
}

/// The accounts between which the viewer's session may switch inside an application, by the names that applications know.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn accounts_in(
    caller: &Caller,
    viewer: &Session,
    application_id: Option<Uuid>,
) -> ServiceResult<Vec<OwnAccount>> {
    let mut conn = caller.state.db.read().await?;
    let memberships = account::memberships(&mut conn, viewer.user_id).await?;
    let applications = match application_id {
        Some(_) => account::applications_of_user(&mut conn, viewer.user_id).await?,
        None => Vec::new(),
    };
    let usable = |account_id: Uuid| match application_id {
        Some(id) => applications.iter().any(|row| row.account_id == account_id && row.application_id == id),
        None => true,
    };
    Ok(memberships
        .into_iter()
        .filter(|membership| membership.disabled_at.is_none() && usable(membership.account_id))
        .map(|membership| OwnAccount {
            id: membership.account_id,
            current: Some(membership.account_id) == viewer.account_id,
            external_id: membership.external_id,
            name: membership.name,
        })
        .collect())
}

/// Ends one of the viewer's sessions. From inside an impersonation only that impersonation itself can be ended, and it
/// is its operator who ended it.
///
/// # Errors
/// [`ServiceError::Forbidden`] from inside an impersonation, [`ServiceError::NotFound`] where it is not the user's.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn revoke(caller: &Caller, viewer: &Session, id: Uuid) -> ServiceResult<()> {
    let state = &caller.state;
    if viewer.id == id {
        // One's own session: signing out of it, as user or as operator.
        sign_in::sign_out(state, viewer.environment_id, id, &caller.origin).await?;
        return Ok(());
    }
    if viewer.is_impersonation() {
        return Err(ServiceError::Forbidden);
    }
    let mut tx = state.db.write().await?;
    require_running(state, &mut tx, viewer).await?;
    let other = session_table::standing(&mut tx, viewer.environment_id, id)
        .await?
        .filter(|session| session.user_id == viewer.user_id)
        .ok_or(ServiceError::NotFound)?;
    session::end_in(state, &mut tx, &other, EndReason::RevokedByUser, &caller.actor, &caller.origin).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends every running session of the viewer but the viewer's, however many there are, some at a time: others get their turn
/// in between, and what is ended stays ended. Gives how many ended.
///
/// # Errors
/// [`ServiceError::Forbidden`] from inside an impersonation, [`ServiceError::Unauthenticated`] where the viewer's session is
/// over before the first of them ends.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn revoke_others(caller: &Caller, viewer: &Session) -> ServiceResult<u32> {
    if viewer.is_impersonation() {
        return Err(ServiceError::Forbidden);
    }
    let state = &caller.state;
    // Who signs in in the meantime does not keep this busy.
    let began = state.now();
    let (mut ended, mut is_first) = (0, true);
    loop {
        let mut tx = state.db.write().await?;
        // Once begun it goes on, also where one of the others ends the viewer's meanwhile.
        if std::mem::take(&mut is_first) {
            require_running(state, &mut tx, viewer).await?;
        }
        let batch = session_table::running_but(&mut tx, viewer.user_id, viewer.id, began, session::AT_ONCE).await?;
        if batch.is_empty() {
            return Ok(ended);
        }
        for other in &batch {
            if session::end_in(state, &mut tx, other, EndReason::RevokedByUser, &caller.actor, &caller.origin).await? {
                ended += 1;
            }
        }
        tx.commit().await?;
    }
}

/// The viewer was seen before the request had wholly arrived; what ends other sessions looks again.
async fn require_running(state: &AppState, tx: &mut Tx, viewer: &Session) -> ServiceResult<()> {
    let running = session::live_in(state, tx, viewer.environment_id, viewer.id).await?;
    running.map(drop).ok_or(ServiceError::Unauthenticated)
}

/// Moves the viewer's session to another account.
///
/// # Errors
/// [`ServiceError::NotFound`] where the user has no such account or may not use it in this session.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn switch(caller: &Caller, viewer: &Session, external_id: &str) -> ServiceResult<()> {
    let (state, origin) = (&caller.state, &caller.origin);
    let mut tx = state.db.write().await?;
    let live = session::live_in(state, &mut tx, viewer.environment_id, viewer.id).await?;
    let outcome = match live {
        Some(standing) => session::switch_account(state, &mut tx, &standing, external_id, origin).await.map(drop),
        None => Err(ServiceError::Unauthenticated),
    };
    if !matches!(outcome, Err(ServiceError::NotFound)) {
        tx.commit().await?;
    }
    outcome
}

/// A page of the log of the account in which the viewer works.
pub struct AccountLog {
    pub events: Vec<AuditItem>,
    pub next: Option<String>,
    pub previous: Option<String>,
}

/// # Errors
/// [`ServiceError::Forbidden`] where no role of the viewer in this account allows it.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn account_log(caller: &Caller, viewer: &Session, cursor: &str) -> ServiceResult<AccountLog> {
    let Some(account_id) = viewer.account_id else { return Err(ServiceError::Forbidden) };
    let mut conn = caller.state.db.read().await?;
    let permissions = account::permissions(&mut conn, viewer.user_id, account_id).await?;
    let is_enabled = viewer.is_member && viewer.membership_disabled_at.is_none();
    if !is_enabled || !permissions.iter().any(|permission| permission == READ_AUDIT) {
        return Err(ServiceError::Forbidden);
    }
    let (events, next, previous) = audit::account_log(&mut conn, viewer.environment_id, account_id, cursor).await?;
    Ok(AccountLog { events, next, previous })
}
