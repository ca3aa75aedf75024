//! Rows of older versions, brought into today's form of text in short transactions, while others read and write.

use crate::server::db::names::NamedTable;
use crate::server::db::text::{self as table, StaleUser, UserText};
use crate::server::db::{Conn, DbError};
use crate::server::error::ServiceResult;
use crate::server::platform::text;
use crate::server::state::AppState;

/// Rows of one transaction: nobody waits noticeably for it.
const BATCH: i64 = 200;
/// How often the progress is told.
const TOLD_EVERY: u64 = 20_000;

/// Brings at most `most` users, and all accounts, applications and operators, into today's form. Gives how many rows were written; less
/// than `most` means that there are no more.
pub async fn run(state: &AppState, most: u64) -> ServiceResult<u64> {
    let mut written = operators(state).await?;
    for what in [NamedTable::Accounts, NamedTable::Applications] {
        written += named(state, what).await?;
    }
    let mut after = 0;
    let mut told = 0;
    while written < most {
        let mut conn = state.db.read().await?;
        let batch = table::stale_users(&mut conn, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.seq;
        drop(conn);
        written += users(state, &batch).await?;
        if written - told >= TOLD_EVERY {
            told = written;
            let mut conn = state.db.read().await?;
            let left = table::count_stale(&mut conn).await?;
            tracing::info!(written, left, "bringing names and addresses into today's form");
        }
        // On SQLite the next batch would be in front of every other writer.
        tokio::task::yield_now().await;
    }
    Ok(written)
}

async fn users(state: &AppState, batch: &[StaleUser]) -> ServiceResult<u64> {
    if users_together(state, batch).await? {
        return Ok(batch.len() as u64);
    }
    // One row keeps the others back: each on its own, and that one once more, which finds its address taken.
    let mut written = 0;
    for user in batch.chunks(1) {
        written += u64::from(users_together(state, user).await? || users_together(state, user).await?);
    }
    Ok(written)
}

/// Writes all of them in one transaction, or none where somebody took an address in this moment. Gives whether it did.
async fn users_together(state: &AppState, batch: &[StaleUser]) -> ServiceResult<bool> {
    let mut tx = state.db.write().await?;
    for user in batch {
        let stored = text::email(&user.email).ok();
        let conflict = match &stored {
            None => Some(String::new()),
            Some(email) if *email == user.email => None,
            Some(email) => table::is_taken(&mut tx, user.environment_id, email, user.id).await?.then(|| email.clone()),
        };
        let email = match (stored, &conflict) {
            (Some(email), None) => email,
            _ => user.email.clone(),
        };
        let name = text::composed(&user.name);
        let row = UserText {
            email_domain: text::domain_of(&email),
            email_conflict: conflict.as_deref(),
            sort_name: &text::sort_key(&name),
            search_text: &text::search_text(&[&name, &email]),
            name: &name,
            email: &email,
            version: text::VERSION,
        };
        match table::refresh_user(&mut tx, user, &row).await {
            Err(error) if DbError::is_unique_violation(&error) => return Ok(false),
            outcome => outcome?,
        }
    }
    tx.commit().await?;
    Ok(true)
}

async fn named(state: &AppState, what: NamedTable) -> ServiceResult<u64> {
    let mut written = 0;
    loop {
        let mut conn = state.db.read().await?;
        let batch = table::stale_named(&mut conn, what, BATCH).await?;
        drop(conn);
        if batch.is_empty() {
            return Ok(written);
        }
        let mut tx = state.db.write().await?;
        for row in &batch {
            let (sort_name, search_text) = (text::sort_key(&row.name), text::search_text(&[&row.name, &row.key]));
            table::refresh_named(&mut tx, what, row, &sort_name, &search_text, text::VERSION).await?;
        }
        tx.commit().await?;
        written += batch.len() as u64;
    }
}

/// Operators are few: each start looks at all of them.
async fn operators(state: &AppState) -> ServiceResult<u64> {
    let mut conn = state.db.read().await?;
    let known = table::operators(&mut conn).await?;
    drop(conn);
    let mut written = 0;
    for (id, email) in &known {
        let Some(stored) = text::email(email).ok().filter(|stored| stored != email) else { continue };
        if known.iter().any(|(_, other)| *other == stored) {
            continue;
        }
        let mut tx = state.db.write().await?;
        match table::set_operator_email(&mut tx, *id, &stored).await {
            // Another operator has two spellings in one, or has just got this one: both stay as they are.
            Err(error) if DbError::is_unique_violation(&error) => continue,
            outcome => outcome?,
        }
        tx.commit().await?;
        written += 1;
    }
    Ok(written)
}

/// Addresses that stay as they are because they cannot be what they should: a sentence each, at most `most`.
pub async fn conflicts(conn: &mut Conn, most: i64) -> ServiceResult<Vec<String>> {
    let mut sentences = Vec::new();
    for row in table::conflicts(conn, most).await? {
        let email = text::printable(&row.email);
        sentences.push(if row.email_conflict.is_empty() {
            format!("user {} in {} has {email:?}, which is no e-mail address", row.id, row.environment)
        } else {
            format!("user {} in {} has {email:?}, another spelling of {}", row.id, row.environment, row.email_conflict)
        });
    }
    let operators = table::operators(conn).await?;
    for (index, (_, email)) in operators.iter().enumerate() {
        if let Some((_, other)) = operators[..index].iter().find(|(_, other)| text::same_person(other, email)) {
            sentences.push(format!("operator {email:?} looks like operator {other:?}"));
        }
    }
    Ok(sentences)
}
