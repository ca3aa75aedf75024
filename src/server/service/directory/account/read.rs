//! Accounts as operators see them: the list, and one account's page with what belongs to it, each part of it a page by itself.

use chrono::{DateTime, Utc};

use crate::model::account_page::{
    AccountApplication, AccountDetail, AccountItem, AccountLog, AccountQuery, AccountRemoval, AccountSession,
    AccountSessions, AccountSort, AccountsPage,
};
use crate::model::operator::Roles;
use crate::model::session::SessionKind;
use crate::model::user::PAGE_SIZE;
use crate::server::db::account::list::{self as table, AccountFilter, ListedAccount, SizedAccount};
use crate::server::db::page::{Cursor, SortValue, Window};
use crate::server::db::session::{SessionOfAccount, of_account};
use crate::server::db::user::visited;
use crate::server::db::{Conn, count};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text::{Search, storable};
use crate::server::service::caller::Caller;
use crate::server::service::registry::names::Names;
use crate::server::service::{audit, session};

/// Applications that a page offers to assign.
const OTHERS: i64 = 100;

/// A page of the environment's accounts.
///
/// # Errors
/// [`ServiceError::Forbidden`] for those who may see nothing here.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &Caller, query: &AccountQuery) -> ServiceResult<AccountsPage> {
    caller.require_view()?;
    let environment_id = caller.environment.id;
    let (sort, descending) = query.order();
    let search = Search::of(&query.q);
    let cursor = Cursor::decode(&query.cursor).filter(|cursor| fits(sort, &cursor.value));
    let backwards = cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let mut conn = caller.state.db.read().await?;
    let total = count::of(&mut conn, environment_id).await?.accounts;
    let filter = AccountFilter {
        environment_id,
        words: search.words_or_id(),
        sort,
        descending: descending != backwards,
        after: cursor.as_ref().map(|cursor| (beginning(&cursor.value), cursor.id)),
        limit: PAGE_SIZE as i64 + 1,
    };
    let nothing = search.too_long || search.only_signs;
    let rows = if nothing { Vec::new() } else { table::list(&mut conn, &filter).await? };
    let window = Window::new(rows, PAGE_SIZE, cursor.as_ref());
    let edge = |row: Option<&ListedAccount>, backwards| {
        row.map(|row| Cursor { backwards, value: row.place(sort), id: row.id }.encode())
    };
    Ok(AccountsPage {
        next: edge(window.rows.last().filter(|_| window.has_next), false),
        previous: edge(window.rows.first().filter(|_| window.has_previous), true),
        rows: window.rows.into_iter().map(item).collect(),
        total,
        searched: search.said(),
        now: caller.state.now(),
    })
}

fn item(row: ListedAccount) -> AccountItem {
    AccountItem {
        id: row.id,
        external_id: row.external_id,
        name: row.name,
        users: row.users,
        applications: row.applications,
        active_at: visited(row.active_us),
    }
}

/// Whether a cursor was made for this order.
fn fits(sort: AccountSort, value: &SortValue) -> bool {
    match sort {
        AccountSort::Name => matches!(value, SortValue::Text(_)),
        AccountSort::Users | AccountSort::Activity => matches!(value, SortValue::Number(_)),
    }
}

/// Where a page begins. A cursor is the caller's to make up.
fn beginning(value: &SortValue) -> SortValue {
    match value {
        SortValue::Text(text) => SortValue::Text(storable(text)),
        other => other.clone(),
    }
}

/// One account, by its external id or its id.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for those who may see nothing here.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn get(caller: &Caller, key: &str) -> ServiceResult<AccountDetail> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let row = found(caller, &mut conn, key).await?;
    let assigned = table::applications(&mut conn, row.id).await?;
    let others = table::other_applications(&mut conn, caller.environment.id, row.id, OTHERS).await?;
    let names = Names::of(&mut conn, [], assigned.iter().chain(&others).map(|(_, _, _, id)| *id)).await?;
    let told = |(client_id, name, is_default, id)| AccountApplication {
        client_id,
        name: names.told_apart(Some(id), name),
        is_default,
    };
    Ok(AccountDetail {
        id: row.id,
        external_id: row.external_id,
        name: row.name,
        version: row.version,
        created_at: row.created_at,
        users: row.users,
        active_at: visited(row.active_us),
        applications: assigned.into_iter().map(told).collect(),
        others: others.into_iter().map(told).collect(),
        now: caller.state.now(),
    })
}

/// Sessions in an account: its users' own, or impersonations, the newest first.
///
/// # Errors
/// Those of [`get`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sessions(caller: &Caller, key: &str, kind: SessionKind, cursor: &str) -> ServiceResult<AccountSessions> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let row = found(caller, &mut conn, key).await?;
    let cursor = Cursor::decode(cursor).filter(|cursor| matches!(cursor.value, SortValue::Time(_)));
    let after = cursor.as_ref().and_then(|cursor| match cursor.value {
        SortValue::Time(began) => Some((began, cursor.id)),
        _ => None,
    });
    let backwards = cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let rows = of_account(&mut conn, row.id, kind, after, backwards, PAGE_SIZE as i64 + 1).await?;
    let window = Window::new(rows, PAGE_SIZE, cursor.as_ref());
    let edge = |row: Option<&SessionOfAccount>, backwards| {
        row.map(|row| Cursor::at_time(backwards, row.session.created_at, row.session.id).encode())
    };
    let next = edge(window.rows.last().filter(|_| window.has_next), false);
    let previous = edge(window.rows.first().filter(|_| window.has_previous), true);
    let ids = window.rows.iter().filter_map(|row| row.session.application_id);
    let names = Names::of(&mut conn, [], ids).await?;
    let rows = window.rows.into_iter().map(|row| AccountSession {
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        session: session::item(row.session, &names),
    });
    Ok(AccountSessions { rows: rows.collect(), next, previous, now: now(caller) })
}

/// The account's own log, as its administrators see it: without what is hidden from it.
///
/// # Errors
/// Those of [`get`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn log(caller: &Caller, key: &str, cursor: &str) -> ServiceResult<AccountLog> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let row = found(caller, &mut conn, key).await?;
    let (rows, next, previous) = audit::account_log(&mut conn, caller.environment.id, row.id, cursor).await?;
    Ok(AccountLog { rows, next, previous, now: now(caller) })
}

/// What would end with an account.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all who could not delete any.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn removal(caller: &Caller, key: &str) -> ServiceResult<AccountRemoval> {
    caller.require(Roles::can_administer)?;
    let mut conn = caller.state.db.read().await?;
    let row = found(caller, &mut conn, key).await?;
    let impersonations = table::count_impersonations(&mut conn, caller.environment.id, row.id, now(caller)).await?;
    Ok(AccountRemoval {
        memberships: row.users,
        applications: table::applications(&mut conn, row.id).await?.len() as i64,
        impersonations,
        external_id: row.external_id,
        name: row.name,
    })
}

fn now(caller: &Caller) -> DateTime<Utc> {
    caller.state.now()
}

async fn found(caller: &Caller, conn: &mut Conn, key: &str) -> ServiceResult<SizedAccount> {
    table::of_key(conn, caller.environment.id, &storable(key)).await?.ok_or(ServiceError::NotFound)
}
