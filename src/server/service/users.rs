//! Users as operators see them: the list and one user's page.

use uuid::Uuid;

use super::caller::Caller;
use super::cursor::{Cursor, Window};
use super::impersonation::Candidate;
use super::{audit, session};
use crate::model::impersonation::Denial;
use crate::model::user::{
    PAGE_SIZE, UserAccount, UserApplication, UserDetail, UserQuery, UserRow, UserStatus, UsersPage,
};
use crate::server::db::user::{self as table, SortValue, UserFilter, UserListRow};
use crate::server::db::{account, settings};
use crate::server::error::ServiceResult;
use crate::server::text::storable;

/// Counting stops here: nobody reads further, and a count over a million rows is not free.
const COUNT_LIMIT: i64 = 1000;
const TOTAL_LIMIT: i64 = 100_000;
const SESSIONS: i64 = 50;
const EVENTS: i64 = 20;

/// A page of the environment's users.
pub async fn list(caller: &Caller, query: &UserQuery) -> ServiceResult<UsersPage> {
    caller.require_view()?;
    let environment_id = caller.environment.id;
    let (sort, descending) = query.order();
    let cursor = Cursor::decode(&query.cursor);
    let mut conn = caller.state.db.read().await?;
    let account_id = match query.account.as_str() {
        "" => None,
        // An account that does not exist has no users: the filter stays, and finds none.
        external_id => Some(
            account::by_external_id(&mut conn, environment_id, &storable(external_id))
                .await?
                .map_or_else(Uuid::nil, |account| account.id),
        ),
    };
    let backwards = cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let filter = UserFilter {
        environment_id,
        search: storable(&query.q.trim().to_lowercase()),
        account_id,
        status: UserStatus::parse(&query.status),
        excluded_domains: query.excluded_domains().iter().map(|domain| storable(domain)).collect(),
        sort,
        descending: descending != backwards,
        after: cursor.as_ref().map(|cursor| (beginning(&cursor.value), cursor.id)),
        limit: PAGE_SIZE as i64 + 1,
    };
    let window = Window::new(table::list(&mut conn, &filter).await?, PAGE_SIZE, cursor.as_ref());
    let total = table::count_all(&mut conn, environment_id, TOTAL_LIMIT).await?;
    let matching =
        if query.is_filtered() { table::count(&mut conn, &filter, COUNT_LIMIT).await? } else { total.min(COUNT_LIMIT) };
    let accounts = account::options(&mut conn, environment_id).await?;
    let enabled = settings::get(&mut conn, environment_id).await?.enabled;
    let edge = |row: Option<&UserListRow>, backwards| {
        row.map(|row| Cursor { backwards, value: row.sort_value(sort), id: row.id }.encode())
    };
    let impersonation = match (caller.roles.can_impersonate(), enabled) {
        (false, _) => Some(Denial::RoleMissing),
        (true, false) => Some(Denial::Off),
        (true, true) => None,
    };
    Ok(UsersPage {
        next: edge(window.rows.last().filter(|_| window.has_next), false),
        previous: edge(window.rows.first().filter(|_| window.has_previous), true),
        rows: window.rows.into_iter().map(list_row).collect(),
        total,
        matching,
        accounts,
        impersonation,
        now: caller.state.now(),
    })
}

/// Where a page begins. A cursor is the caller's to make up.
fn beginning(value: &SortValue) -> SortValue {
    match value {
        SortValue::Text(text) => SortValue::Text(storable(text)),
        other => other.clone(),
    }
}

fn list_row(row: UserListRow) -> UserRow {
    UserRow {
        status: table::status(row.locked_at, row.email_verified),
        last_visit_at: table::visited(row.last_visit_us),
        other_accounts: row.accounts - i64::from(row.main_account.is_some()),
        id: row.id,
        name: row.name,
        email: row.email,
        picture_url: row.picture_url,
        main_account: row.main_account,
        mfa_enrolled: row.mfa_enrolled,
        visits: row.visits,
    }
}

/// One user with everything on its page.
pub async fn get(caller: &Caller, user_id: Uuid) -> ServiceResult<UserDetail> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let candidate = Candidate::load(&mut conn, caller.environment.id, user_id).await?;
    let roles = account::membership_roles(&mut conn, user_id).await?;
    let sessions = session::of_user(&mut conn, user_id, SESSIONS).await?;
    let events = audit::of_user(&mut conn, caller.environment.id, user_id, EVENTS).await?;
    let user = &candidate.user;
    let mut accounts: Vec<UserAccount> = candidate
        .memberships
        .iter()
        .map(|membership| UserAccount {
            external_id: membership.external_id.clone(),
            name: membership.name.clone(),
            roles: roles
                .iter()
                .filter(|(account_id, _, _)| *account_id == membership.account_id)
                .map(|(_, _, name)| name.clone())
                .collect(),
            active: Some(membership.account_id) == user.active_account_id,
            disabled: membership.disabled_at.is_some(),
            applications: candidate
                .applications
                .iter()
                .filter(|application| application.account_id == membership.account_id)
                .map(|application| UserApplication {
                    client_id: application.client_id.clone(),
                    name: application.name.clone(),
                    is_default: application.is_default,
                })
                .collect(),
        })
        .collect();
    accounts.sort_by_key(|account| !account.active);
    Ok(UserDetail {
        id: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        email_verified: user.email_verified,
        picture_url: user.picture_url.clone(),
        status: user.status(),
        mfa_enrolled: user.mfa_enrolled,
        created_at: user.created_at,
        last_login_at: user.last_login_at,
        last_visit_at: user.last_visit_at(),
        visits: user.visits,
        accounts,
        sessions,
        events,
        asked_by: caller.operator.id,
        can_end_any: caller.roles.can_end_any_session(),
        impersonation: candidate.denial(caller),
        now: caller.state.now(),
    })
}
