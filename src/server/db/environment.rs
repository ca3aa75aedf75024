//! Environments.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, expect_one, fetch_all, fetch_optional, fetch_scalar, read_as};
use crate::model::environment::Colour;
use crate::server::domain::environment::Environment;

#[derive(sqlx::FromRow)]
struct EnvironmentRow {
    id: Uuid,
    slug: String,
    name: String,
    host: Option<String>,
    colour: Option<String>,
}

impl From<EnvironmentRow> for Environment {
    fn from(row: EnvironmentRow) -> Self {
        let colour = row.colour.as_deref().and_then(Colour::parse);
        Self { id: row.id, slug: row.slug, name: row.name, host: row.host, colour }
    }
}

read_as!(EnvironmentRow => Environment);

/// The environment with this slug, archived or not.
pub async fn by_slug(conn: &mut Conn, slug: &str) -> DbResult<Option<Environment>> {
    fetch_optional!(conn, "SELECT id, slug, name, host, colour FROM environments WHERE slug = $1", slug)
}

/// [`by_slug`], unless it is archived.
pub async fn open_by_slug(conn: &mut Conn, slug: &str) -> DbResult<Option<Environment>> {
    fetch_optional!(
        conn,
        "SELECT id, slug, name, host, colour FROM environments WHERE slug = $1 AND archived_at IS NULL",
        slug
    )
}

pub async fn by_id(conn: &mut Conn, id: Uuid) -> DbResult<Option<Environment>> {
    fetch_optional!(conn, "SELECT id, slug, name, host, colour FROM environments WHERE id = $1", id)
}

/// All environments, archived ones too.
pub async fn all(conn: &mut Conn) -> DbResult<Vec<Environment>> {
    fetch_all!(conn, "SELECT id, slug, name, host, colour FROM environments ORDER BY position, name, id")
}

/// All but the archived ones.
pub async fn open(conn: &mut Conn) -> DbResult<Vec<Environment>> {
    fetch_all!(
        conn,
        "SELECT id, slug, name, host, colour FROM environments WHERE archived_at IS NULL ORDER BY position, name, id"
    )
}

/// An environment as those see it who administer it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EnvironmentRecord {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub host: Option<String>,
    /// Word of a [`Colour`].
    pub colour: Option<String>,
    pub archived_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub version: i64,
}

/// All environments, in their order, which then stays until the transaction ends: whoever changes one waits. SQLite's writers
/// wait for each other anyway.
pub async fn held(tx: &mut Tx) -> DbResult<Vec<EnvironmentRecord>> {
    const HELD: &str = "SELECT id, slug, name, host, colour, archived_at, created_at, version FROM environments
                        ORDER BY position, name, id FOR NO KEY UPDATE";
    if tx.is_sqlite() { records(tx).await } else { fetch_all!(tx, HELD) }
}

/// All environments, in their order.
pub async fn records(conn: &mut Conn) -> DbResult<Vec<EnvironmentRecord>> {
    fetch_all!(
        conn,
        "SELECT id, slug, name, host, colour, archived_at, created_at, version FROM environments
         ORDER BY position, name, id"
    )
}

/// Adds an environment, with impersonation off.
pub async fn insert(tx: &mut Tx, row: &Environment, position: i64, now: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO environments (id, slug, name, host, colour, position, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.id,
        &row.slug,
        &row.name,
        row.host.as_deref(),
        row.colour.map(Colour::as_str),
        position,
        now
    )?;
    execute!(tx, "INSERT INTO impersonation_settings (environment_id) VALUES ($1)", row.id)?;
    Ok(())
}

/// Gives an environment this host name, or takes its own away.
pub async fn set_host(tx: &mut Tx, id: Uuid, host: Option<&str>) -> DbResult<()> {
    let changed = execute!(tx, "UPDATE environments SET host = $2, version = version + 1 WHERE id = $1", id, host)?;
    expect_one("environments", changed)
}

/// Gives an environment a name and a colour.
pub async fn set_look(tx: &mut Tx, id: Uuid, name: &str, colour: Option<Colour>) -> DbResult<()> {
    let colour = colour.map(Colour::as_str);
    let changed = execute!(
        tx,
        "UPDATE environments SET name = $2, colour = $3, version = version + 1 WHERE id = $1",
        id,
        name,
        colour
    )?;
    expect_one("environments", changed)
}

/// The place of an environment among the others. Where it stands is no part of what it is: its version stays.
pub async fn set_position(tx: &mut Tx, id: Uuid, position: i64) -> DbResult<()> {
    let changed = execute!(tx, "UPDATE environments SET position = $2 WHERE id = $1", id, position)?;
    expect_one("environments", changed)
}

/// Archives an environment, or restores it with `None`. What reads its settings knows of it, too.
pub async fn set_archived(tx: &mut Tx, id: Uuid, archived_at: Option<DateTime<Utc>>) -> DbResult<()> {
    let changed =
        execute!(tx, "UPDATE environments SET archived_at = $2, version = version + 1 WHERE id = $1", id, archived_at)?;
    expect_one("environments", changed)?;
    let archived = archived_at.is_some();
    execute!(tx, "UPDATE impersonation_settings SET archived = $2 WHERE environment_id = $1", id, archived)?;
    Ok(())
}

/// Whether an environment has a host name of its own.
pub async fn has_host(conn: &mut Conn, id: Uuid) -> DbResult<bool> {
    let known: i64 = fetch_scalar!(conn, "SELECT count(*) FROM environments WHERE id = $1 AND host IS NOT NULL", id)?;
    Ok(known > 0)
}
