//! Users as operators see them: the list and one user's page.

use std::sync::Arc;

use uuid::Uuid;

use super::lead::{self, Led, Scope};
use crate::model::denial::Denial;
use crate::model::search::{Amount, NAMED_ACCOUNTS, Searched, USERS_MATCHED};
use crate::model::user::{
    EVENTS_SHOWN, PAGE_SIZE, SESSIONS_SHOWN, UserAccount, UserApplication, UserDetail, UserItem, UserQuery, UserSort,
    UserStatus, UsersPage,
};
use crate::server::db::page::{Cursor, SortValue, Window};
use crate::server::db::user::filter::{Counted, ListedUser, Ranking, UserFilter};
use crate::server::db::user::list as listed;
use crate::server::db::user::{self as table};
use crate::server::db::{Conn, account, count, settings};
use crate::server::error::ServiceResult;
use crate::server::platform::text::{self, Search, Word, sort_key_beginning, storable};
use crate::server::service::caller::Caller;
use crate::server::service::impersonation::{Candidate, ListedAccount};
use crate::server::service::registry::names::told_apart;
use crate::server::service::registry::{accounts, length};
use crate::server::service::{audit, session};
use crate::server::state::AppState;

/// Longer queries than this are read anew each time: what is kept is bounded, whoever asks for what.
const KEPT: usize = 1_000;

/// A page of the environment's users.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &Caller, query: &UserQuery) -> ServiceResult<UsersPage> {
    caller.require_view()?;
    let (state, environment_id) = (&caller.state, caller.environment.id);
    let read = || read(state, environment_id, query);
    let (page, enabled) = if query.length() <= KEPT {
        state.user_lists.get(&state.db, (environment_id, query.clone()), read).await?
    } else {
        read().await?
    };
    let impersonation = match (caller.roles.can_impersonate(), enabled) {
        (false, _) => Some(Denial::RoleMissing),
        (true, false) => Some(Denial::Off),
        (true, true) => None,
    };
    Ok(UsersPage { impersonation, now: state.now(), ..page })
}

/// A page without what it says to the caller alone, and whether impersonation is on.
async fn read(state: &AppState, environment_id: Uuid, query: &UserQuery) -> ServiceResult<(UsersPage, bool)> {
    let (sort, descending) = query.order();
    length::require("account", &query.account, length::SEARCH)?;
    length::require("exclude", &query.exclude, length::LIST)?;
    // A place in a list that was sorted otherwise is none in this one.
    let search = Search::of(&query.q);
    let ranking = ranking(query, &search);
    let cursor = Cursor::decode(&query.cursor).filter(|cursor| fits(sort, ranking.is_some(), &cursor.value));
    let mut conn = state.db.read().await?;
    let counts = count::of(&mut conn, environment_id).await?;
    let accounts = accounts::choice(&mut conn, environment_id, &query.find, &query.account, counts.accounts).await?;
    let account_id = match query.account.as_str() {
        "" => None,
        // An account that does not exist has no users: the filter stays, and finds none.
        external_id => Some(
            account::by_external_id(&mut conn, environment_id, &storable(external_id))
                .await?
                .map_or_else(Uuid::nil, |account| account.id),
        ),
    };
    let behind = match search.id {
        Some(id) => table::behind_id(&mut conn, environment_id, id).await?,
        None => None,
    };
    // An id that is not ours is a word like any other: others have given ids to accounts.
    let words = if behind.is_some() { Vec::new() } else { search.words_or_id() };
    // Nothing can be found: no user has this id.
    let id = behind.or((search.too_long || search.only_signs).then(Uuid::nil));
    let backwards = cursor.as_ref().is_some_and(|cursor| cursor.backwards);
    let (named_accounts, many_accounts) = named_accounts(&mut conn, environment_id, &words).await?;
    let total = counts.users();
    let status = UserStatus::parse(&query.status);
    let excluded_domains: Vec<String> = query.excluded_domains().iter().map(|name| stored_domain(name)).collect();
    let scope = Scope { in_account: account_id.is_some(), without_domains: !excluded_domains.is_empty() };
    let led = lead::lead(state, &mut conn, environment_id, &words, &named_accounts, scope, total).await?;
    let Led { lead, parts, numbers, look } = led;
    let filter = UserFilter {
        environment_id,
        id,
        lead,
        parts,
        numbers,
        look,
        named_accounts,
        words,
        account_id,
        status,
        excluded_domains,
        sort,
        ranking: ranking.filter(|_| id.is_none()),
        descending: descending != backwards,
        backwards,
        after: cursor.as_ref().map(|cursor| (beginning(&cursor.value), cursor.id)),
        limit: PAGE_SIZE as i64 + 1,
    };
    let window = Window::new(listed::list(&mut conn, &filter).await?, PAGE_SIZE, cursor.as_ref());
    let matching = if !query.is_filtered() {
        Amount::Exactly(total)
    } else if window.has_next || window.has_previous {
        let counted = match window.rows.first().and_then(|row| row.matching) {
            Some(matching) => Counted { matching: matching.min(USERS_MATCHED), more: matching > USERS_MATCHED },
            None => listed::count(&mut conn, &filter, USERS_MATCHED).await?,
        };
        amount(counted, window.rows.len())
    } else {
        Amount::Exactly(window.rows.len() as i64)
    };
    let enabled = settings::get(&mut conn, environment_id).await?.enabled;
    let edge = |row: Option<&ListedUser>, backwards| {
        row.map(|row| Cursor { backwards, value: row.place(&filter), id: row.id }.encode())
    };
    let page = UsersPage {
        next: edge(window.rows.last().filter(|_| window.has_next), false),
        previous: edge(window.rows.first().filter(|_| window.has_previous), true),
        rows: Arc::new(window.rows.into_iter().map(list_row).collect()),
        drawn: 0,
        is_filtered: query.is_filtered(),
        total,
        matching,
        accounts,
        searched: Searched { many_accounts, ..search.said() },
        impersonation: None,
        now: state.now(),
    };
    Ok((page, enabled))
}

/// What was counted, which is no less than what is seen.
fn amount(counted: Counted, shown: usize) -> Amount {
    let matching = counted.matching.max(shown as i64);
    if counted.more { Amount::MoreThan(matching) } else { Amount::Exactly(matching) }
}

/// Whom a search most likely means comes first, unless an order was chosen.
fn ranking(query: &UserQuery, search: &Search) -> Option<Ranking> {
    if search.words.is_empty() || !query.sort.is_empty() {
        return None;
    }
    let typed = search.words.iter().map(|word| word.key.as_str()).collect::<Vec<_>>().join(" ");
    Some(Ranking { name: sort_key_beginning(&typed), email: typed })
}

/// Accounts that have all the words, unless the words are too short to say anything, and whether there are too many of them
/// to look at their members.
async fn named_accounts(conn: &mut Conn, environment_id: Uuid, words: &[Word]) -> ServiceResult<(Vec<Uuid>, bool)> {
    if !words.iter().any(|word| word.key.chars().count() > 2) {
        return Ok((Vec::new(), false));
    }
    let found = account::named(conn, environment_id, words, NAMED_ACCOUNTS as i64 + 1).await?;
    let many = found.len() > NAMED_ACCOUNTS;
    Ok((if many { Vec::new() } else { found }, many))
}

/// A domain that somebody typed, as the domains of addresses are stored.
fn stored_domain(typed: &str) -> String {
    text::domain(typed).unwrap_or_else(|| storable(typed))
}

/// Whether a cursor was made for this order: PostgreSQL compares only what is of one kind.
fn fits(sort: UserSort, is_ranked: bool, value: &SortValue) -> bool {
    match (sort, value) {
        (_, SortValue::Ranked(_, value)) => is_ranked && fits(sort, false, value),
        _ if is_ranked => false,
        (UserSort::Name | UserSort::Email | UserSort::Account | UserSort::Status, value) => {
            matches!(value, SortValue::Text(_))
        }
        (UserSort::LastVisit | UserSort::Visits, value) => matches!(value, SortValue::Number(_)),
        (UserSort::Created, value) => matches!(value, SortValue::Time(_)),
    }
}

/// Where a page begins. A cursor is the caller's to make up.
fn beginning(value: &SortValue) -> SortValue {
    match value {
        SortValue::Text(text) => SortValue::Text(storable(text)),
        SortValue::Ranked(part, value) => SortValue::Ranked(*part, Box::new(beginning(value))),
        other => other.clone(),
    }
}

fn list_row(row: ListedUser) -> UserItem {
    UserItem {
        status: table::status(row.locked_at, row.email_verified),
        last_visit_at: table::visited(row.last_visit_us),
        other_accounts: row.accounts - i64::from(row.main_account.is_some()),
        main_account: row.main_account.map(|name| told_apart(name, row.main_account_key.as_deref())),
        id: row.id,
        name: row.name,
        email: row.email,
        picture_url: row.picture_url,
        mfa_enrolled: row.mfa_enrolled,
        visits: row.visits,
    }
}

/// One user with everything on its page.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn get(caller: &Caller, user_id: Uuid) -> ServiceResult<UserDetail> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let candidate = Candidate::load(&mut conn, caller.environment.id, user_id).await?;
    let roles = account::membership_roles(&mut conn, user_id).await?;
    let (sessions, more_sessions) = session::of_user(&mut conn, user_id, SESSIONS_SHOWN as i64).await?;
    let (events, more_events) = audit::of_user(&mut conn, caller.environment.id, user_id, EVENTS_SHOWN as i64).await?;
    let user = &candidate.user;
    let accounts = candidate.accounts(&roles, |account| user_account(&candidate, account));
    Ok(UserDetail {
        id: user.id,
        version: user.version,
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
        has_earlier: more_sessions || more_events,
        asked_by: caller.actor.id().unwrap_or_default(),
        can_end_any: caller.roles.can_end_any_session(),
        impersonation: candidate.denial(caller),
        now: caller.state.now(),
    })
}

fn user_account(candidate: &Candidate, account: ListedAccount<'_>) -> UserAccount {
    let applications = candidate.applications_of(account.membership.account_id).map(|application| UserApplication {
        client_id: application.client_id.clone(),
        name: candidate.names.told_apart(Some(application.application_id), application.name.clone()),
        is_default: application.is_default,
    });
    UserAccount {
        applications: applications.collect(),
        external_id: account.membership.external_id.clone(),
        name: account.name,
        roles: account.roles,
        active: account.active,
        disabled: account.membership.disabled_at.is_some(),
    }
}
