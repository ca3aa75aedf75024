//! The same for many users: what it would do, and doing it, each user in a transaction of its own. One that fails keeps none of the
//! others from their turn.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Membership, edit, read, remove};
use crate::model::operator::Roles;
use crate::model::user::UserQuery;
use crate::model::user_edit::{
    BulkAction, BulkEffect, BulkOutcome, BulkPlan, BulkPlanned, BulkResult, SELECTED_MAX, UserRemoval,
    validate_lock_reason,
};
use crate::server::db::account;
use crate::server::db::user::details;
use crate::server::db::user::several::{self, SelectedUser};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;

/// How long one call goes on: whoever waits for it is told what became of each.
const LONGEST: Duration = Duration::from_secs(20);
const NO_TIME: &str = "There was no time left for this one. Do the same once more for those that are left.";

/// The users that a list shows, by name, up to one more than a selection may have.
///
/// # Errors
/// Those of the list.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn matching(caller: &Caller, query: &UserQuery) -> ServiceResult<Vec<Uuid>> {
    caller.require(Roles::can_edit)?;
    let mut query = UserQuery { sort: "name".to_owned(), cursor: String::new(), ..query.clone() };
    let mut ids = Vec::new();
    loop {
        let page = read::list(caller, &query).await?;
        ids.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(cursor) if ids.len() <= SELECTED_MAX => query.cursor = cursor,
            _ => return Ok(ids),
        }
    }
}

/// What an action would do to a selection.
///
/// # Errors
/// [`ServiceError::Forbidden`] for who may not do it to anybody, [`ServiceError::Invalid`] for `users` where they are none or too
/// many, for `account` and `roles` where there are no such, and for a `reason` that says nothing.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn plan(caller: &Caller, ids: &[Uuid], action: &BulkAction) -> ServiceResult<BulkPlan> {
    let ids = selection(ids)?;
    let members = allowed(caller, &ids, action).await?;
    let mut conn = caller.state.db.read().await?;
    let rows = several::users(&mut conn, caller.environment.id, &ids).await?;
    let running = several::running(&mut conn, &ids, caller.state.now()).await?;
    let running: HashMap<Uuid, (i64, i64)> = running.into_iter().map(|(id, own, other)| (id, (own, other))).collect();
    let mut plan = BulkPlan { gone: ids.len() - rows.len(), ..BulkPlan::default() };
    for row in rows {
        let effect = effect(caller, &row, action, &members);
        let (sessions, impersonations) = running.get(&row.id).copied().unwrap_or_default();
        if effect == BulkEffect::Changes {
            plan.changing += 1;
            if matches!(action, BulkAction::Lock { .. } | BulkAction::Delete) {
                plan.sessions += sessions;
                plan.impersonations += impersonations;
            }
            plan.memberships += match action {
                BulkAction::Delete => row.memberships,
                BulkAction::AddToAccount { .. } | BulkAction::RemoveFromAccount { .. } => 1,
                BulkAction::Lock { .. } | BulkAction::Unlock => 0,
            };
        }
        let SelectedUser { id, name, email, memberships, .. } = row;
        let user = UserRemoval { id, name, email, sessions, impersonations, memberships };
        plan.users.push(BulkPlanned { user, effect });
    }
    Ok(plan)
}

/// Does it, and says of each user what came of it, in the order in which they are listed by name; those that are no users by now
/// come last.
///
/// # Errors
/// Those of [`plan`]; what fails for one user is that user's outcome.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn apply(caller: &Caller, ids: &[Uuid], action: &BulkAction) -> ServiceResult<Vec<BulkResult>> {
    let ids = selection(ids)?;
    let members = allowed(caller, &ids, action).await?;
    let mut conn = caller.state.db.read().await?;
    let rows = several::users(&mut conn, caller.environment.id, &ids).await?;
    drop(conn);
    let mut left: HashSet<Uuid> = ids.into_iter().collect();
    let mut results = Vec::with_capacity(left.len());
    let began = Instant::now();
    for row in rows {
        left.remove(&row.id);
        if began.elapsed() > LONGEST {
            let outcome = BulkOutcome::Failed(NO_TIME.to_owned());
            results.push(BulkResult { id: row.id, name: row.name, outcome });
            continue;
        }
        let outcome = match effect(caller, &row, action, &members) {
            BulkEffect::Stays => BulkOutcome::Stayed,
            BulkEffect::Changes | BulkEffect::Refused => outcome(caller, one(caller, row.id, action).await),
        };
        let is_gone = *action == BulkAction::Delete && outcome == BulkOutcome::Changed;
        let name = if is_gone { super::erase::NAME.to_owned() } else { row.name };
        results.push(BulkResult { id: row.id, name, outcome });
        tokio::task::yield_now().await;
    }
    let mut gone: Vec<Uuid> = left.into_iter().collect();
    gone.sort_unstable();
    results.extend(gone.into_iter().map(|id| BulkResult {
        id,
        name: String::new(),
        outcome: outcome(caller, Err(ServiceError::NotFound)),
    }));
    Ok(results)
}

/// The users of a selection, each once.
fn selection(ids: &[Uuid]) -> ServiceResult<Vec<Uuid>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    match ids.len() {
        0 => Err(ServiceError::invalid("users", "Select at least one user.")),
        count if count > SELECTED_MAX => {
            Err(ServiceError::invalid("users", format!("These are {count} users; {SELECTED_MAX} is the most at once.")))
        }
        _ => Ok(ids),
    }
}

/// Whether the caller may do it to anybody and it can be done at all. Gives who is a member of the account that it is about.
async fn allowed(caller: &Caller, ids: &[Uuid], action: &BulkAction) -> ServiceResult<HashSet<Uuid>> {
    let (external_id, wanted): (&str, &[String]) = match action {
        BulkAction::Delete => return caller.require(Roles::can_administer).map(|()| HashSet::new()),
        BulkAction::Unlock => return caller.require(Roles::can_edit).map(|()| HashSet::new()),
        BulkAction::Lock { reason } => {
            caller.require(Roles::can_edit)?;
            validate_lock_reason(reason)?;
            return Ok(HashSet::new());
        }
        BulkAction::AddToAccount { account, roles } => (account, roles),
        BulkAction::RemoveFromAccount { account } => (account, &[]),
    };
    caller.require(Roles::can_edit)?;
    let mut conn = caller.state.db.read().await?;
    let roles = details::roles(&mut conn, caller.environment.id).await?;
    if let Some(unknown) = wanted.iter().find(|key| !roles.iter().any(|(known, _)| known == *key)) {
        return Err(ServiceError::invalid("roles", format!("There is no role {unknown} here.")));
    }
    let account = account::by_external_id(&mut conn, caller.environment.id, external_id).await?;
    let Some(account) = account else {
        let what = if external_id.is_empty() {
            "Choose an account.".to_owned()
        } else {
            format!("There is no account {external_id} here.")
        };
        return Err(ServiceError::invalid("account", what));
    };
    Ok(several::members(&mut conn, account.id, ids).await?.into_iter().collect())
}

fn effect(caller: &Caller, row: &SelectedUser, action: &BulkAction, members: &HashSet<Uuid>) -> BulkEffect {
    let changes = match action {
        BulkAction::Lock { .. } => row.locked_at.is_none(),
        BulkAction::Unlock => row.locked_at.is_some(),
        BulkAction::AddToAccount { .. } => !members.contains(&row.id),
        BulkAction::RemoveFromAccount { .. } => members.contains(&row.id),
        BulkAction::Delete if row.is_protected && !caller.roles.can_unprotect() => return BulkEffect::Refused,
        BulkAction::Delete => true,
    };
    if changes { BulkEffect::Changes } else { BulkEffect::Stays }
}

async fn one(caller: &Caller, id: Uuid, action: &BulkAction) -> ServiceResult<()> {
    match action {
        BulkAction::Lock { reason } => edit::lock(caller, id, reason, None).await.map(drop),
        BulkAction::Unlock => edit::unlock(caller, id, None).await.map(drop),
        BulkAction::AddToAccount { account, roles } => {
            let (account, roles) = (account.clone(), roles.clone());
            let membership = Membership { account, roles, disabled: false, line: 0 };
            edit::set_membership(caller, id, membership, None).await.map(drop)
        }
        BulkAction::RemoveFromAccount { account } => edit::remove_membership(caller, id, account, None).await.map(drop),
        BulkAction::Delete => remove::delete(caller, id).await,
    }
}

fn outcome(caller: &Caller, result: ServiceResult<()>) -> BulkOutcome {
    match result {
        Ok(()) => BulkOutcome::Changed,
        Err(error) => BulkOutcome::Failed(error.into_api(&caller.origin.request_id).to_string()),
    }
}
