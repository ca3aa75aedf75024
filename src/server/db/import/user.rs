//! Users, many at a time: as arrays in one statement on PostgreSQL, as lists of a few lengths on SQLite, so that a few prepared
//! statements serve all.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection};
use uuid::Uuid;

use crate::server::db::{DbResult, Raw, Tx};
use crate::server::platform::text;

/// Rows of one statement on SQLite, the longest first: there is a statement for each, and it stays prepared.
const LENGTHS: [usize; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

pub struct UserUpsert<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    /// In its stored spelling: [`text::email`].
    pub email: &'a str,
    /// No other user of the environment has it.
    pub external_id: Option<String>,
    pub name: &'a str,
    pub email_verified: bool,
    pub picture_url: Option<String>,
    pub password_hash: Option<String>,
    pub mfa_enrolled: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub active_account_id: Option<Uuid>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub last_visit_us: i64,
    pub visits: i64,
    /// Of a new one.
    pub created_at: DateTime<Utc>,
}

const INSERT: &str = "INSERT INTO users (id, environment_id, external_id, email, email_domain, email_verified, name, sort_name,
    search_text, picture_url, password_hash, mfa_enrolled, locked_at, active_account_id, last_login_at, last_visit_us, visits,
    created_at, text_version) ";

const ARRAYS: &str = "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::boolean[], $13::timestamptz[], $14::uuid[], $15::timestamptz[],
    $16::bigint[], $17::bigint[], $18::timestamptz[], $19::bigint[])";

/// Somebody else may have made a user of the address a moment ago, with a password and ids: nothing of it is touched.
const NEW_ONLY: &str = " ON CONFLICT (environment_id, email) DO NOTHING";

/// What is written of a user who is there. What the product records itself only ever grows.
const UPDATE: &str = " ON CONFLICT (environment_id, email) DO UPDATE SET version = users.version + 1, external_id = excluded.external_id,
    email_verified = excluded.email_verified,
    picture_url = excluded.picture_url, password_hash = excluded.password_hash, mfa_enrolled = excluded.mfa_enrolled,
    locked_at = excluded.locked_at, active_account_id = excluded.active_account_id,
    last_login_at = CASE WHEN users.last_login_at IS NULL OR excluded.last_login_at > users.last_login_at
      THEN excluded.last_login_at ELSE users.last_login_at END,
    last_visit_us = CASE WHEN excluded.last_visit_us > users.last_visit_us THEN excluded.last_visit_us
      ELSE users.last_visit_us END,
    visits = CASE WHEN excluded.visits > users.visits THEN excluded.visits ELSE users.visits END";

/// The name, which the search index follows: it is left alone where it stays.
const NAMES: &str = ", name = excluded.name, sort_name = excluded.sort_name, search_text = excluded.search_text,
    text_version = excluded.text_version";

/// Makes users with distinct e-mails. Gives how many were made: those whose e-mail somebody has by now were not.
pub async fn insert_users(tx: &mut Tx, rows: &[UserUpsert<'_>]) -> DbResult<u64> {
    write_users(tx, rows, &[NEW_ONLY]).await
}

/// Writes all of users that are there, with distinct e-mails, and that nobody else changes meanwhile; their names only
/// `with_names`.
pub async fn update_users(tx: &mut Tx, rows: &[UserUpsert<'_>], with_names: bool) -> DbResult<()> {
    let on_conflict: &[&str] = if with_names { &[UPDATE, NAMES] } else { &[UPDATE] };
    write_users(tx, rows, on_conflict).await?;
    Ok(())
}

async fn write_users(tx: &mut Tx, rows: &[UserUpsert<'_>], on_conflict: &[&str]) -> DbResult<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    let statement = tx.begin(concat!(module_path!(), "::write_users::here"));
    if let Raw::Postgres(conn) = tx.raw() {
        let column = |of: &dyn Fn(&UserUpsert<'_>) -> Option<String>| rows.iter().map(of).collect::<Vec<_>>();
        let query = sqlx::query(AssertSqlSafe([INSERT, ARRAYS, &on_conflict.concat()].concat()))
            .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.environment_id).collect::<Vec<_>>())
            .bind(column(&|row| row.external_id.clone()))
            .bind(rows.iter().map(|row| row.email).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| text::domain_of(row.email)).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.email_verified).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.name).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| text::sort_key(row.name)).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| text::search_text(&[row.name, row.email])).collect::<Vec<_>>())
            .bind(column(&|row| row.picture_url.clone()))
            .bind(column(&|row| row.password_hash.clone()))
            .bind(rows.iter().map(|row| row.mfa_enrolled).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.locked_at).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.active_account_id).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.last_login_at).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.last_visit_us).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.visits).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
            .bind(vec![text::VERSION; rows.len()]);
        return Ok(statement.run(query.execute(conn)).await?.rows_affected());
    }
    match tx.raw() {
        Raw::Sqlite(conn) => Ok(statement.run(write_in_pieces(conn, rows, on_conflict)).await?),
        Raw::Postgres(_) => Err(sqlx::Error::PoolClosed.into()),
    }
}

/// Each piece is made ready while SQLite's thread writes the one before.
async fn write_in_pieces(
    conn: &mut SqliteConnection,
    rows: &[UserUpsert<'_>],
    on_conflict: &[&str],
) -> sqlx::Result<u64> {
    let mut pieces = pieces(rows);
    let mut ready = pieces.next().map(|piece| users_statement(piece, on_conflict));
    let mut written = 0;
    while let Some(mut query) = ready {
        let run = query.build().execute(&mut *conn);
        let next = async { pieces.next().map(|piece| users_statement(piece, on_conflict)) };
        let (done, next) = tokio::join!(run, next);
        written += done?.rows_affected();
        ready = next;
    }
    Ok(written)
}

fn users_statement(piece: &[UserUpsert<'_>], on_conflict: &[&str]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(INSERT);
    query.push_values(piece, |mut values, row| {
        values
            .push_bind(row.id)
            .push_bind(row.environment_id)
            .push_bind(row.external_id.as_deref())
            .push_bind(row.email)
            .push_bind(text::domain_of(row.email))
            .push_bind(row.email_verified)
            .push_bind(row.name)
            .push_bind(text::sort_key(row.name))
            .push_bind(text::search_text(&[row.name, row.email]))
            .push_bind(row.picture_url.as_deref())
            .push_bind(row.password_hash.as_deref())
            .push_bind(row.mfa_enrolled)
            .push_bind(row.locked_at)
            .push_bind(row.active_account_id)
            .push_bind(row.last_login_at)
            .push_bind(row.last_visit_us)
            .push_bind(row.visits)
            .push_bind(row.created_at)
            .push_bind(text::VERSION);
    });
    for part in on_conflict {
        query.push(part);
    }
    query
}

/// The rows in as few lists of the known lengths as there can be.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rows.len())?;
        let (piece, rest) = rows.split_at(length);
        rows = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_come_in_lists_of_a_few_lengths() {
        for count in [0, 1, 7, 8, 9, 200, 1_000] {
            let rows: Vec<usize> = (0..count).collect();
            let pieces: Vec<&[usize]> = pieces(&rows).collect();
            assert!(pieces.iter().all(|piece| LENGTHS.contains(&piece.len())), "{count}");
            assert_eq!(pieces.concat(), rows);
        }
    }
}
