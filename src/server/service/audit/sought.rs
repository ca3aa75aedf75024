//! What a search of the trail means: words, or whatever an id is of.

use uuid::Uuid;

use crate::server::db::audit::{self as table, AuditFilter, Sought};
use crate::server::db::{Conn, account, application, operator};
use crate::server::error::ServiceResult;
use crate::server::platform::text::{Search, Word, search_key};

/// Client ids that have one word, at most.
const CLIENT_IDS: i64 = 1_000;

/// Adds to `filter` what is looked for.
pub async fn seek(conn: &mut Conn, filter: &mut AuditFilter, search: &Search) -> ServiceResult<()> {
    let words = search.words_or_id();
    match search.id {
        Some(id) => by_id(conn, filter, id, &words).await,
        None => {
            filter.words = sought(conn, filter.environment_id, &words).await?;
            Ok(())
        }
    }
}

/// An operator's id, or one that events have as theirs; otherwise what others have given it to, an account or an application.
async fn by_id(conn: &mut Conn, filter: &mut AuditFilter, id: Uuid, word: &[Word]) -> ServiceResult<()> {
    if operator::exists(conn, id).await? {
        filter.operator_id = Some(id);
        return Ok(());
    }
    let environment_id = filter.environment_id;
    let of_events = AuditFilter { environment_id, limit: 1, ..AuditFilter::default() };
    if !table::with_id(conn, &of_events, id, 1).await?.is_empty() {
        filter.id = Some(id);
        return Ok(());
    }
    let accounts = account::search(conn, environment_id, word, 2).await?;
    if let [account] = accounts.as_slice()
        && filter.account_id.is_none_or(|chosen| chosen == account.id)
    {
        filter.account_id = Some(account.id);
        return Ok(());
    }
    let words = sought(conn, environment_id, word).await?;
    if words.iter().any(|sought| !sought.applications.is_empty()) {
        filter.words = words;
    } else {
        filter.id = Some(id);
    }
    Ok(())
}

/// The words with the applications that they may mean.
async fn sought(conn: &mut Conn, environment_id: Uuid, words: &[Word]) -> ServiceResult<Vec<Sought>> {
    let mut sought = Vec::with_capacity(words.len());
    for word in words {
        // One or two letters say nothing about a client id.
        let known = match word.key.chars().count() {
            0..=2 => Vec::new(),
            _ => application::client_ids(conn, environment_id, word, CLIENT_IDS).await?,
        };
        let has_it = |client_id: &str| {
            let client_id = search_key(client_id);
            word.keys().any(|key| client_id.contains(key))
        };
        let applications = known.into_iter().filter(|(_, client_id)| has_it(client_id)).map(|(id, _)| id).collect();
        sought.push(Sought { word: word.clone(), applications });
    }
    Ok(sought)
}
