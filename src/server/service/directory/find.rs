//! Finding anything by a few letters, from any page.

use crate::model::find::{FOUND, Found, FoundApplication, FoundUser};
use crate::model::user::{UserItem, UserQuery};
use crate::server::db::application;
use crate::server::db::session::{RecentUser, recent_users};
use crate::server::domain::application::ListedApplication;
use crate::server::error::ServiceResult;
use crate::server::platform::text::Search;
use crate::server::service::caller::Caller;
use crate::server::service::directory::user;
use crate::server::service::registry::accounts;

/// Whom an operator impersonated lately: so many are looked at, and so many shown.
const LATELY: i64 = 50;

/// The first users, accounts and applications that have what was typed; where nothing was, whom the caller impersonated lately.
///
/// # Errors
/// [`crate::server::error::ServiceError::Forbidden`] for those who see nothing of the environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find(caller: &Caller, typed: &str) -> ServiceResult<Found> {
    caller.require_view()?;
    let search = Search::of(typed);
    if search.is_empty() {
        return Ok(Found { recent: recent(caller).await?, ..Found::default() });
    }
    if search.too_long || search.only_signs {
        return Ok(Found::default());
    }
    let query = UserQuery { q: typed.to_owned(), ..UserQuery::default() };
    let users = user::list(caller, &query).await?.rows;
    let accounts = accounts::search(caller, typed).await?.accounts;
    let mut conn = caller.state.db.read().await?;
    let words = search.words_or_id();
    let (found, _) = application::list(&mut conn, caller.environment.id, &words, FOUND as i64, 1).await?.apart();
    let user = |row: &UserItem| FoundUser { id: row.id, name: row.name.clone(), email: row.email.clone() };
    let application =
        |row: ListedApplication| FoundApplication { id: row.id, name: row.name, client_id: row.client_id };
    Ok(Found {
        recent: Vec::new(),
        users: users.iter().take(FOUND).map(user).collect(),
        accounts: accounts.into_iter().take(FOUND).collect(),
        applications: found.into_iter().map(application).collect(),
    })
}

async fn recent(caller: &Caller) -> ServiceResult<Vec<FoundUser>> {
    let Ok(operator) = caller.operator() else { return Ok(Vec::new()) };
    let mut conn = caller.state.db.read().await?;
    let found = recent_users(&mut conn, caller.environment.id, operator.id, LATELY, FOUND as i64).await?;
    Ok(found.into_iter().map(|RecentUser { id, name, email }| FoundUser { id, name, email }).collect())
}
