//! Taking a user who was deleted out of the audit trail: what was done and for which id stays, who that was does not. An event is
//! changed in no other way, and the triggers of the database allow this one for nobody who still is a user.
//!
//! The work is that of the user's own events, a few hundred in a transaction. The first of them are done in the transaction that
//! deletes; a timer does what is left, and looks once more when whatever was being written meanwhile has been.

mod text;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::model::audit::{ActorKind, action};
use crate::server::db::Tx;
use crate::server::db::audit::{self as trail, AuditFilter, index};
use crate::server::db::deleted_user::{self as table, DeletedUser};
use crate::server::db::user::UserRecord;
use crate::server::domain::event::AuditEvent;
use crate::server::domain::trail::Place;
use crate::server::error::ServiceResult;
use crate::server::state::AppState;
use text::{DELETED, Names};

/// Events in one transaction.
const BATCH: i64 = 200;
/// Transactions that whoever deletes waits for.
const AT_ONCE: usize = 25;
/// Transactions of one run of the timer.
const BATCHES: usize = 200;
/// Users in one look of the timer.
const USERS: i64 = 50;
/// After so long nothing is written any more by whoever knew the user before the deletion.
const LAST_LOOK: TimeDelta = TimeDelta::minutes(2);

/// The name of whoever is nobody any more.
pub(super) const NAME: &str = DELETED;

/// Begins: the user is deleted in this transaction, which does the first of the work.
pub(super) async fn begin(state: &AppState, tx: &mut Tx, user: &UserRecord) -> ServiceResult<()> {
    let names = Names::of([user.name.as_str(), user.email.as_str()]);
    table::insert(tx, user.environment_id, user.id, &names.to_json(), state.now()).await?;
    if let Some(row) = table::taken(tx, user.id).await? {
        batch(tx, &row).await?;
    }
    Ok(())
}

/// Goes on with a user who was deleted, as far as somebody may wait for it. What fails here is the timer's to try again.
pub(super) async fn go_on(state: &AppState, user_id: Uuid) {
    for _ in 0..AT_ONCE {
        match step(state, user_id).await {
            Ok(0) => return,
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => {
                tracing::error!(%error, user.id = %user_id, "a deleted user could not be taken out of the audit trail yet");
                return;
            }
        }
    }
}

/// What is left to do of all who were deleted. Gives how many events were changed.
///
/// # Errors
/// The database's.
pub async fn run(state: &AppState) -> ServiceResult<u64> {
    let mut conn = state.db.read().await?;
    let left = table::left(&mut conn, USERS).await?;
    drop(conn);
    let (mut changed, mut batches) = (0, 0);
    for user_id in left {
        loop {
            let events = step(state, user_id).await?;
            changed += events;
            batches += 1;
            if events == 0 {
                break;
            }
            if batches >= BATCHES {
                return Ok(changed);
            }
            tokio::task::yield_now().await;
        }
    }
    Ok(changed)
}

/// One transaction. Gives how many events it looked at, and nothing where there is nothing to do by now.
async fn step(state: &AppState, user_id: Uuid) -> ServiceResult<u64> {
    let mut tx = state.db.write().await?;
    let Some(row) = table::taken(&mut tx, user_id).await? else { return Ok(0) };
    let looked_at = batch(&mut tx, &row).await?;
    if looked_at == 0 && row.again {
        table::forget_names(&mut tx, user_id).await?;
    } else if looked_at == 0 && state.now() - row.deleted_at >= LAST_LOOK {
        // What was written late may stand before what was passed.
        table::look_again(&mut tx, user_id).await?;
        tx.commit().await?;
        return Ok(1);
    }
    tx.commit().await?;
    Ok(looked_at)
}

async fn batch(tx: &mut Tx, row: &DeletedUser) -> ServiceResult<u64> {
    let filter = AuditFilter {
        environment_id: row.environment_id,
        user_id: Some(row.user_id),
        after: row.passed(),
        ascending: true,
        limit: BATCH,
        ..AuditFilter::default()
    };
    let entries = trail::list(tx, &filter).await?;
    let Some(last) = entries.last().map(|entry| (entry.occurred_at, entry.id)) else { return Ok(0) };
    let looked_at = entries.len() as u64;
    let mut names = Names::from_json(&row.names);
    let mut indexed_until: Option<Place> = None;
    for event in entries.into_iter().filter_map(|entry| entry.event) {
        let place = (event.occurred_at, event.id);
        if let Some(event) = erased(event, row.user_id, &mut names) {
            table::rewrite(tx, &event).await?;
            if indexed_until.is_none_or(|until| place > until) {
                indexed_until = index::make_again(tx, row.environment_id, place).await?.or(indexed_until);
            }
        }
    }
    table::pass(tx, row.user_id, &names.to_json(), Some(last)).await?;
    Ok(looked_at)
}

/// The event without what names the user; nothing where nothing does.
fn erased(mut event: AuditEvent, user_id: Uuid, names: &mut Names) -> Option<AuditEvent> {
    let (user_name, user_email) = (event.user_name.take(), event.user_email.take());
    let is_named = user_name.as_deref() != Some(DELETED) || user_email.is_some();
    let mut own = Names::default();
    own.add(user_name.as_deref().filter(|name| *name != DELETED));
    own.add(user_email.as_deref());
    if event.action == action::USER_CHANGED {
        own.add(user_name.as_deref().and_then(|name| text::former_name(&event.description, name, &event.actor_name)));
    }
    let all = names.with(&own);
    names.learn(own);
    event.user_name = Some(DELETED.to_owned());
    let is_own = event.actor_kind == ActorKind::User && event.actor_id == Some(user_id);
    if is_own {
        event.actor_name = DELETED.to_owned();
    }
    // Where the user was; of an impersonation it is where the operator was.
    if event.actor_kind == ActorKind::User && event.operator_id.is_none() {
        event.ip_address = None;
        event.user_agent = None;
    }
    let doer = (!is_own).then_some(event.actor_name.as_str());
    let others =
        [doer, event.operator_name.as_deref(), event.account_name.as_deref(), event.application_name.as_deref()];
    let others: Vec<&str> = others.into_iter().flatten().collect();
    let without = |text: &str| all.out_of(text, &others);
    let (reason, ticket) = (event.reason.as_deref().map(without), event.ticket.as_deref().map(without));
    event.description = without(&event.description);
    (event.reason, event.ticket) = (reason, ticket);
    is_named.then_some(event)
}
