//! A database of the test's own, on SQLite or on PostgreSQL.

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use understudy::server::db::{Db, DbError, Raw};
use uuid::Uuid;

/// The database's file on SQLite.
const FILE: &str = "test.db";

pub struct TestDatabase {
    pub url: String,
    cleanup: Cleanup,
}

enum Cleanup {
    Folder(std::path::PathBuf),
    Database { server: String, name: String },
}

impl TestDatabase {
    /// An empty one: on PostgreSQL where `TEST_DATABASE_URL` names a server, else a SQLite file.
    pub async fn create() -> Self {
        Self::of(None).await
    }

    /// One with all that this one has. Nobody may be connected to this one.
    pub async fn copy(&self) -> Self {
        Self::of(Some(self)).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "which database to test on is told by the environment; ids need no clock"
    )]
    async fn of(template: Option<&Self>) -> Self {
        let name = format!("t_{}", Uuid::now_v7().simple());
        match std::env::var("TEST_DATABASE_URL") {
            Ok(server) if !server.is_empty() => {
                let mut sql = format!("CREATE DATABASE {name}");
                if let Some(Cleanup::Database { name, .. }) = template.map(|template| &template.cleanup) {
                    sql = format!("{sql} TEMPLATE {name}");
                }
                let mut conn = PgConnection::connect(&server).await.expect("TEST_DATABASE_URL answers");
                conn.execute(AssertSqlSafe(sql)).await.expect("a database is made");
                let mut url: url::Url = server.parse().expect("TEST_DATABASE_URL is a URL");
                url.set_path(&name);
                Self { url: url.to_string(), cleanup: Cleanup::Database { server, name } }
            }
            _ => {
                let memory = std::path::Path::new("/dev/shm");
                let folder = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() }.join(&name);
                std::fs::create_dir_all(&folder).expect("a folder");
                if let Some(Cleanup::Folder(template)) = template.map(|template| &template.cleanup) {
                    std::fs::copy(template.join(FILE), folder.join(FILE)).expect("a copy of the database");
                }
                Self { url: format!("sqlite:{}", folder.join(FILE).display()), cleanup: Cleanup::Folder(folder) }
            }
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.cleanup {
            Cleanup::Folder(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Cleanup::Database { server, name } => {
                let (server, name) = (server.clone(), name.clone());
                let dropped = std::thread::spawn(move || {
                    let runtime =
                        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    runtime.block_on(async move {
                        if let Ok(mut conn) = PgConnection::connect(&server).await {
                            let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                            let _ = conn.execute(AssertSqlSafe(sql)).await;
                        }
                    });
                });
                let _ = dropped.join();
            }
        }
    }
}

/// Runs a query on either database, for what the product itself has no statement for.
macro_rules! on_db {
    ($db:expr, $c:ident => $body:expr) => {
        async {
            let mut tx = $db.write().await.map_err($crate::support::database::driver)?;
            let result = match tx.raw() {
                understudy::server::db::Raw::Sqlite($c) => $body,
                understudy::server::db::Raw::Postgres($c) => $body,
            };
            tx.commit().await.map_err($crate::support::database::driver)?;
            result
        }
        .await
    };
}
pub(super) use on_db;

/// The driver's error, for tests that look at it.
pub(super) fn driver(error: DbError) -> sqlx::Error {
    match error {
        DbError::Sqlx(error) => error,
        other => sqlx::Error::Protocol(other.to_string()),
    }
}

pub async fn execute(db: &Db, sql: &'static str) {
    on_db!(db, c => { sqlx::query(sql).execute(c).await.map(|_| ()) }).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

pub async fn count(db: &Db, table: &'static str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    on_db!(db, c => sqlx::query_scalar(sql).fetch_one(c).await).expect("a count")
}

pub async fn count_by_reading(db: &Db, table: &'static str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let mut conn = db.read().await.expect("a connection");
    match conn.raw() {
        Raw::Sqlite(c) => sqlx::query_scalar(sql).fetch_one(c).await,
        Raw::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await,
    }
    .expect("a count")
}

pub async fn user_id(db: &Db, environment: &str, email: &str) -> Uuid {
    let sql =
        "SELECT u.id FROM users u JOIN environments e ON e.id = u.environment_id WHERE e.slug = $1 AND u.email = $2";
    on_db!(db, c => sqlx::query_scalar(sql).bind(environment).bind(email).fetch_one(c).await)
        .unwrap_or_else(|error| panic!("{email} in {environment}: {error}"))
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EventRow {
    pub description: String,
    pub actor_kind: String,
    pub actor_name: String,
    pub operator_name: Option<String>,
    pub user_name: Option<String>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub session_id: Option<Uuid>,
    pub visible_to_account: bool,
}

pub async fn events(db: &Db, action: &str) -> Vec<EventRow> {
    let sql = "SELECT description, actor_kind, actor_name, operator_name, user_name, reason, ticket, session_id, visible_to_account
               FROM audit_events WHERE action = $1 ORDER BY occurred_at, id";
    on_db!(db, c => sqlx::query_as(sql).bind(action).fetch_all(c).await).expect("events")
}

pub async fn request_ids(db: &Db, action: &str) -> Vec<Option<String>> {
    let sql = "SELECT request_id FROM audit_events WHERE action LIKE $1 ORDER BY occurred_at, id";
    on_db!(db, c => sqlx::query_scalar(sql).bind(action).fetch_all(c).await).expect("events")
}

/// Runs a statement that may well be refused.
pub async fn try_execute(db: &Db, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    on_db!(db, c => sqlx::query(sql).execute(c).await.map(|_| ()))
}

/// From now on no audit row can be written.
pub async fn break_audit(db: &Db) {
    let sql = match db.kind() {
        "SQLite" => "CREATE TRIGGER broken BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        _ => "ALTER TABLE audit_events ADD CONSTRAINT broken CHECK (FALSE) NOT VALID",
    };
    execute(db, sql).await;
}

pub async fn mend_audit(db: &Db) {
    let sql = match db.kind() {
        "SQLite" => "DROP TRIGGER broken",
        _ => "ALTER TABLE audit_events DROP CONSTRAINT broken",
    };
    execute(db, sql).await;
}

/// A used assertion of console and a revoked token, both with this expiry.
pub async fn remember(db: &Db, environment_id: Uuid, number: u8, expires_at: DateTime<Utc>) {
    let sql = "INSERT INTO client_assertions (application_id, jti_hash, expires_at)
               SELECT id, $2, $3 FROM applications WHERE environment_id = $1 AND client_id = 'console'";
    on_db!(db, c => sqlx::query(sql).bind(environment_id).bind(vec![number]).bind(expires_at).execute(c).await.map(|_| ()))
        .expect("an assertion");
    let sql = "INSERT INTO revoked_tokens (jti, environment_id, expires_at) VALUES ($1, $2, $3)";
    let jti = format!("token {number}");
    on_db!(db, c => sqlx::query(sql).bind(jti).bind(environment_id).bind(expires_at).execute(c).await.map(|_| ()))
        .expect("a revoked token");
}
