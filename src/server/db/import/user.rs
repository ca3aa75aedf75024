//! Users and memberships, many at a time: as arrays in one statement on PostgreSQL, as lists of a few lengths on SQLite, so that
//! a few prepared statements serve all.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::server::db::{DbResult, Raw, Tx, built};
use crate::server::platform::text;

/// Rows of one statement on SQLite, the longest first: there is a statement for each, and it stays prepared.
const LENGTHS: [usize; 4] = [128, 32, 8, 1];

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
    drop(statement);
    let mut written = 0;
    for piece in pieces(rows) {
        let mut sql = tx.build(INSERT);
        sql.values(piece, |values, row| {
            values
                .bind(row.id)
                .bind(row.environment_id)
                .bind(row.external_id.as_deref())
                .bind(row.email)
                .bind(text::domain_of(row.email))
                .bind(row.email_verified)
                .bind(row.name)
                .bind(text::sort_key(row.name))
                .bind(text::search_text(&[row.name, row.email]))
                .bind(row.picture_url.as_deref())
                .bind(row.password_hash.as_deref())
                .bind(row.mfa_enrolled)
                .bind(row.locked_at)
                .bind(row.active_account_id)
                .bind(row.last_login_at)
                .bind(row.last_visit_us)
                .bind(row.visits)
                .bind(row.created_at)
                .bind(text::VERSION);
        });
        for part in on_conflict {
            sql.push(part);
        }
        written += built!(sql, execute)?;
    }
    Ok(written)
}

/// The rows in as few lists of the known lengths as there can be.
fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rows.len())?;
        let (piece, rest) = rows.split_at(length);
        rows = rest;
        Some(piece)
    })
}

pub struct MembershipUpsert {
    pub account_id: Uuid,
    pub user_id: Uuid,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Of a new one.
    pub created_at: DateTime<Utc>,
    /// Roles that it does not have yet.
    pub role_ids: Vec<Uuid>,
}

const MEMBERSHIPS: &str = "INSERT INTO memberships (account_id, user_id, disabled_at, created_at) ";
const MEMBERSHIP_ARRAYS: &str = "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])";
const MEMBERSHIP_UPDATE: &str = " ON CONFLICT (account_id, user_id) DO UPDATE SET disabled_at = excluded.disabled_at";
const ROLES: &str = "INSERT INTO membership_roles (account_id, user_id, role_id) ";
const ROLE_ARRAYS: &str = "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])";

/// Makes memberships or writes their state, and adds their roles.
pub async fn add_memberships(tx: &mut Tx, memberships: &[MembershipUpsert]) -> DbResult<()> {
    if memberships.is_empty() {
        return Ok(());
    }
    let roles = memberships.iter().flat_map(|row| row.role_ids.iter().map(|role| (row.account_id, row.user_id, *role)));
    let roles: Vec<(Uuid, Uuid, Uuid)> = roles.collect();
    let statement = tx.begin(concat!(module_path!(), "::add_memberships::here"));
    if let Raw::Postgres(conn) = tx.raw() {
        let query = sqlx::query(AssertSqlSafe([MEMBERSHIPS, MEMBERSHIP_ARRAYS, MEMBERSHIP_UPDATE].concat()))
            .bind(memberships.iter().map(|row| row.account_id).collect::<Vec<_>>())
            .bind(memberships.iter().map(|row| row.user_id).collect::<Vec<_>>())
            .bind(memberships.iter().map(|row| row.disabled_at).collect::<Vec<_>>())
            .bind(memberships.iter().map(|row| row.created_at).collect::<Vec<_>>());
        statement.run(query.execute(&mut *conn)).await?;
        if !roles.is_empty() {
            let query = sqlx::query(AssertSqlSafe([ROLES, ROLE_ARRAYS].concat()))
                .bind(roles.iter().map(|(account_id, ..)| *account_id).collect::<Vec<_>>())
                .bind(roles.iter().map(|(_, user_id, _)| *user_id).collect::<Vec<_>>())
                .bind(roles.iter().map(|(.., role_id)| *role_id).collect::<Vec<_>>());
            statement.run(query.execute(conn)).await?;
        }
        return Ok(());
    }
    drop(statement);
    // In the order of the table, page by page.
    let mut sorted: Vec<&MembershipUpsert> = memberships.iter().collect();
    sorted.sort_by_key(|row| (row.account_id, row.user_id));
    for piece in pieces(&sorted) {
        let mut sql = tx.build(MEMBERSHIPS);
        sql.values(piece, |values, row| {
            values.bind(row.account_id).bind(row.user_id).bind(row.disabled_at).bind(row.created_at);
        });
        sql.push(MEMBERSHIP_UPDATE);
        built!(sql, execute)?;
    }
    for piece in pieces(&roles) {
        let mut sql = tx.build(ROLES);
        sql.values(piece, |values, (account_id, user_id, role_id)| {
            values.bind(account_id).bind(user_id).bind(role_id);
        });
        built!(sql, execute)?;
    }
    Ok(())
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
