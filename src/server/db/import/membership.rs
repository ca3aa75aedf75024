//! Memberships and their roles, many at a time, as users are.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::user::pieces;
use crate::server::db::{DbResult, Raw, Tx, built};

pub struct MembershipUpsert {
    pub account_id: Uuid,
    pub user_id: Uuid,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Of a new one.
    pub created_at: DateTime<Utc>,
    /// The user was made in this transaction: there can be none yet.
    pub is_new: bool,
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
    let (new, others): (Vec<&MembershipUpsert>, Vec<&MembershipUpsert>) =
        memberships.iter().partition(|row| row.is_new);
    write_memberships(tx, new, "").await?;
    write_memberships(tx, others, MEMBERSHIP_UPDATE).await?;
    let roles = memberships.iter().flat_map(|row| row.role_ids.iter().map(|role| (row.account_id, row.user_id, *role)));
    add_roles(tx, &roles.collect::<Vec<_>>()).await
}

async fn write_memberships(
    tx: &mut Tx,
    mut memberships: Vec<&MembershipUpsert>,
    on_conflict: &'static str,
) -> DbResult<()> {
    if memberships.is_empty() {
        return Ok(());
    }
    // In the order of the table, page by page.
    memberships.sort_by_key(|row| (row.account_id, row.user_id));
    let statement = tx.begin(concat!(module_path!(), "::write_memberships::here"));
    if let Raw::Postgres(conn) = tx.raw() {
        let query = sqlx::query(AssertSqlSafe([MEMBERSHIPS, MEMBERSHIP_ARRAYS, on_conflict].concat()))
            .bind(memberships.iter().map(|row| row.account_id).collect::<Vec<_>>())
            .bind(memberships.iter().map(|row| row.user_id).collect::<Vec<_>>())
            .bind(memberships.iter().map(|row| row.disabled_at).collect::<Vec<_>>())
            .bind(memberships.iter().map(|row| row.created_at).collect::<Vec<_>>());
        statement.run(query.execute(conn)).await?;
        return Ok(());
    }
    drop(statement);
    for piece in pieces(&memberships) {
        let mut sql = tx.build(MEMBERSHIPS);
        sql.values(piece, |values, row| {
            values.bind(row.account_id).bind(row.user_id).bind(row.disabled_at).bind(row.created_at);
        });
        sql.push(on_conflict);
        built!(sql, execute)?;
    }
    Ok(())
}

async fn add_roles(tx: &mut Tx, roles: &[(Uuid, Uuid, Uuid)]) -> DbResult<()> {
    if roles.is_empty() {
        return Ok(());
    }
    let statement = tx.begin(concat!(module_path!(), "::add_roles::here"));
    if let Raw::Postgres(conn) = tx.raw() {
        let query = sqlx::query(AssertSqlSafe([ROLES, ROLE_ARRAYS].concat()))
            .bind(roles.iter().map(|(account_id, ..)| *account_id).collect::<Vec<_>>())
            .bind(roles.iter().map(|(_, user_id, _)| *user_id).collect::<Vec<_>>())
            .bind(roles.iter().map(|(.., role_id)| *role_id).collect::<Vec<_>>());
        statement.run(query.execute(conn)).await?;
        return Ok(());
    }
    drop(statement);
    for piece in pieces(roles) {
        let mut sql = tx.build(ROLES);
        sql.values(piece, |values, (account_id, user_id, role_id)| {
            values.bind(account_id).bind(user_id).bind(role_id);
        });
        built!(sql, execute)?;
    }
    Ok(())
}
