//! Environments.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, expect_one, fetch_all, fetch_optional, fetch_scalar, read_as};
use crate::server::domain::environment::Environment;

#[derive(sqlx::FromRow)]
struct EnvironmentRow {
    id: Uuid,
    slug: String,
    name: String,
    host: Option<String>,
}

impl From<EnvironmentRow> for Environment {
    fn from(row: EnvironmentRow) -> Self {
        Self { id: row.id, slug: row.slug, name: row.name, host: row.host }
    }
}

read_as!(EnvironmentRow => Environment);

pub async fn by_slug(conn: &mut Conn, slug: &str) -> DbResult<Option<Environment>> {
    fetch_optional!(conn, "SELECT id, slug, name, host FROM environments WHERE slug = $1", slug)
}

pub async fn by_id(conn: &mut Conn, id: Uuid) -> DbResult<Option<Environment>> {
    fetch_optional!(conn, "SELECT id, slug, name, host FROM environments WHERE id = $1", id)
}

pub async fn all(conn: &mut Conn) -> DbResult<Vec<Environment>> {
    fetch_all!(conn, "SELECT id, slug, name, host FROM environments ORDER BY position, name")
}

/// Adds an environment, with impersonation off.
pub async fn insert(tx: &mut Tx, row: &Environment, position: i64, now: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO environments (id, slug, name, host, position, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        row.id,
        &row.slug,
        &row.name,
        row.host.as_deref(),
        position,
        now
    )?;
    execute!(tx, "INSERT INTO impersonation_settings (environment_id) VALUES ($1)", row.id)?;
    Ok(())
}

/// Gives an environment this host name, or takes its own away.
pub async fn set_host(tx: &mut Tx, id: Uuid, host: Option<&str>) -> DbResult<()> {
    let changed = execute!(tx, "UPDATE environments SET host = $2 WHERE id = $1", id, host)?;
    expect_one("environments", changed)
}

/// Whether an environment has a host name of its own.
pub async fn has_host(conn: &mut Conn, id: Uuid) -> DbResult<bool> {
    let known: i64 = fetch_scalar!(conn, "SELECT count(*) FROM environments WHERE id = $1 AND host IS NOT NULL", id)?;
    Ok(known > 0)
}
