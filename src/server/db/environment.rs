//! Environments.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_all, fetch_optional};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EnvironmentRow {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
}

pub async fn by_slug(conn: &mut Conn, slug: &str) -> DbResult<Option<EnvironmentRow>> {
    fetch_optional!(conn, "SELECT id, slug, name FROM environments WHERE slug = $1", slug)
}

pub async fn all(conn: &mut Conn) -> DbResult<Vec<EnvironmentRow>> {
    fetch_all!(conn, "SELECT id, slug, name FROM environments ORDER BY position, name")
}

/// Adds an environment, with impersonation off.
pub async fn insert(tx: &mut Tx, row: &EnvironmentRow, position: i64, now: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO environments (id, slug, name, position, created_at) VALUES ($1, $2, $3, $4, $5)",
        row.id,
        &row.slug,
        &row.name,
        position,
        now
    )?;
    execute!(tx, "INSERT INTO impersonation_settings (environment_id, updated_at) VALUES ($1, $2)", row.id, now)?;
    Ok(())
}
