//! Accounts and their applications.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::user::pieces;
use crate::server::db::{DbResult, Tx, built, execute};
use crate::server::platform::text;

pub struct AccountUpsert<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub external_id: &'a str,
    pub name: &'a str,
    pub created_at: DateTime<Utc>,
}

/// Makes accounts with distinct keys. Gives how many were made: those whose key another has by now were not.
pub async fn insert_accounts(tx: &mut Tx, rows: &[AccountUpsert<'_>]) -> DbResult<u64> {
    let mut made = 0;
    for piece in pieces(rows) {
        let mut sql = tx.build(
            "INSERT INTO accounts (id, environment_id, external_id, name, created_at, sort_name, search_text, text_version) ",
        );
        sql.values(piece, |values, row| {
            values
                .bind(row.id)
                .bind(row.environment_id)
                .bind(row.external_id)
                .bind(row.name)
                .bind(row.created_at)
                .bind(text::sort_key(row.name))
                .bind(text::search_text(&[row.name, row.external_id]))
                .bind(text::VERSION);
        });
        sql.push(" ON CONFLICT (environment_id, external_id) DO NOTHING");
        made += built!(sql, execute)?;
    }
    Ok(made)
}

/// Makes it, or writes the one of this id. Gives whether it did: it does not where another has the key by now.
pub async fn upsert_account(tx: &mut Tx, row: &AccountUpsert<'_>) -> DbResult<bool> {
    let written = execute!(
        tx,
        "INSERT INTO accounts (id, environment_id, external_id, name, created_at, sort_name, search_text, text_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (environment_id, external_id) DO UPDATE SET version = accounts.version + 1, name = excluded.name, sort_name = excluded.sort_name,
           search_text = excluded.search_text, text_version = excluded.text_version
         WHERE accounts.id = excluded.id",
        row.id,
        row.environment_id,
        row.external_id,
        row.name,
        row.created_at,
        text::sort_key(row.name),
        text::search_text(&[row.name, row.external_id]),
        text::VERSION
    )?;
    Ok(written == 1)
}

/// Takes its applications from an account.
pub async fn remove_assignments(tx: &mut Tx, account_id: Uuid) -> DbResult<()> {
    execute!(tx, "DELETE FROM account_applications WHERE account_id = $1", account_id)?;
    Ok(())
}

/// What an account has of applications that it did not have before.
pub struct Assignment {
    pub account_id: Uuid,
    pub application_id: Uuid,
    pub is_default: bool,
}

/// Gives applications to accounts that have none.
pub async fn add_assignments(tx: &mut Tx, assignments: &[Assignment]) -> DbResult<()> {
    for piece in pieces(assignments) {
        let mut sql = tx.build("INSERT INTO account_applications (account_id, application_id, is_default) ");
        sql.values(piece, |values, row| {
            values.bind(row.account_id).bind(row.application_id).bind(row.is_default);
        });
        built!(sql, execute)?;
    }
    Ok(())
}
