//! Accounts to choose from.

use uuid::Uuid;

use crate::model::account::{ACCOUNTS_MATCHED, AccountChoice, AccountOption};
use crate::server::db::account::{self as table, FoundAccount};
use crate::server::db::page::{Cursor, SortValue};
use crate::server::db::{Conn, count};

use crate::server::error::ServiceResult;
use crate::server::platform::text::{Search, storable};
use crate::server::service::caller::Caller;

/// Accounts of one step of a choice.
const SHOWN: usize = 20;

/// Accounts whose name or id has what was typed.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn search(caller: &Caller, typed: &str, cursor: &str) -> ServiceResult<AccountChoice> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    choice(&mut conn, caller.environment.id, typed, "", cursor).await
}

/// The first accounts that match what was typed, and the one that is chosen.
pub async fn choice(
    conn: &mut Conn,
    environment_id: Uuid,
    typed: &str,
    chosen: &str,
    cursor: &str,
) -> ServiceResult<AccountChoice> {
    let search = Search::of(typed);
    let after = Cursor::decode(cursor).and_then(|cursor| match cursor.value {
        SortValue::Text(sort_name) => Some((storable(&sort_name), cursor.id)),
        _ => None,
    });
    let words = search.words_or_id();
    let nothing = search.too_long || search.only_signs;
    let onward = after.is_some();
    let mut found = match nothing {
        true => Vec::new(),
        false => table::search(conn, environment_id, &words, after, SHOWN as i64 + 1).await?,
    };
    let more = found.len() > SHOWN;
    found.truncate(SHOWN);
    let total = count::of(conn, environment_id).await?.accounts;
    let matching = if search.is_empty() {
        total
    } else if !nothing && (more || onward) {
        table::count(conn, environment_id, &words, ACCOUNTS_MATCHED).await?
    } else {
        // All that match were read: there is nothing to count.
        found.len() as i64
    };
    let chosen = match chosen {
        "" => None,
        external_id => table::by_external_id(conn, environment_id, &storable(external_id)).await?,
    };
    let last = found.last().filter(|_| more);
    Ok(AccountChoice {
        next: last
            .map(|row| Cursor { backwards: false, value: SortValue::Text(row.sort_name.clone()), id: row.id }.encode()),
        found: found.into_iter().map(option).collect(),
        matching,
        total,
        chosen: chosen.map(|row| AccountOption { external_id: row.external_id, name: row.name }),
    })
}

fn option(row: FoundAccount) -> AccountOption {
    AccountOption { external_id: row.external_id, name: row.name }
}
