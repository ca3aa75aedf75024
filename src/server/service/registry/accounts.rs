//! Accounts to choose from.

use uuid::Uuid;

use crate::model::account::{ACCOUNTS_FOUND, AccountChoice, AccountOption, FoundAccounts};
use crate::server::db::Conn;
use crate::server::db::account::{self as table, AccountRecord};
use crate::server::error::ServiceResult;
use crate::server::platform::text::{Search, storable};
use crate::server::service::caller::Caller;

/// Accounts whose name or id has what was typed.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn search(caller: &Caller, typed: &str) -> ServiceResult<FoundAccounts> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    find(&mut conn, caller.environment.id, typed).await
}

/// What a page says about the `total` accounts of the environment: the one that is chosen, and those that were looked for, where no script did it.
pub async fn choice(
    conn: &mut Conn,
    environment_id: Uuid,
    looked_for: &str,
    chosen: &str,
    total: i64,
) -> ServiceResult<AccountChoice> {
    let found = match looked_for {
        "" => None,
        typed => Some(find(conn, environment_id, typed).await?),
    };
    let chosen = match chosen {
        "" => None,
        external_id => table::by_external_id(conn, environment_id, &storable(external_id)).await?,
    };
    Ok(AccountChoice { chosen: chosen.map(option), found, total })
}

/// One statement: how many match beyond the first nobody counts, since one more than is shown tells all that one has to know.
async fn find(conn: &mut Conn, environment_id: Uuid, typed: &str) -> ServiceResult<FoundAccounts> {
    let search = Search::of(typed);
    if search.too_long || search.only_signs {
        return Ok(FoundAccounts::default());
    }
    let mut rows = table::search(conn, environment_id, &search.words_or_id(), ACCOUNTS_FOUND as i64 + 1).await?;
    let more = rows.len() > ACCOUNTS_FOUND;
    rows.truncate(ACCOUNTS_FOUND);
    Ok(FoundAccounts { accounts: rows.into_iter().map(option).collect(), more })
}

fn option(row: AccountRecord) -> AccountOption {
    AccountOption { external_id: row.external_id, name: row.name }
}
