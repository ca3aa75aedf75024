//! The rows of the old database, and the schema that they were written in.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sqlx::migrate::{Migrate, Migrator};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use understudy::server::db::{Db, Raw};

/// The last migration of the old version.
const LAST: i64 = 20261126000171;
/// A line that names a table and its columns, then a line for each row. Ids and hashes are text, as PostgreSQL writes them.
const ROWS: &str = include_str!("demonstration.jsonl");
/// Tables that have another name by now, or other columns, and are checked by what becomes of them.
const MOVED: [&str; 1] = ["logout_deliveries"];

pub struct Old(Vec<Table>);

struct Table {
    name: String,
    columns: Vec<String>,
    /// Each an object of all columns.
    rows: Vec<String>,
}

impl Old {
    pub fn read() -> Self {
        let mut tables: Vec<Table> = Vec::new();
        for line in ROWS.lines() {
            match serde_json::from_str(line).expect("a line is JSON") {
                Value::Array(values) => {
                    let table = tables.last_mut().expect("a row comes after its table");
                    let row: Map<String, Value> = table.columns.iter().cloned().zip(values).collect();
                    table.rows.push(Value::Object(row).to_string());
                }
                head => {
                    let columns = head["columns"].as_array().expect("columns").iter();
                    let columns = columns.map(|name| name.as_str().expect("a name").to_owned()).collect();
                    let name = head["table"].as_str().expect("a name").to_owned();
                    tables.push(Table { name, columns, rows: Vec::new() });
                }
            }
        }
        Self(tables)
    }

    pub fn count(&self, table: &str) -> usize {
        self.0.iter().filter(|known| known.name == table).map(|known| known.rows.len()).sum()
    }

    /// Makes the old schema in an empty database and puts the rows in.
    pub async fn write(&self, url: &str) {
        if url.starts_with("sqlite:") {
            let mut conn = SqliteConnection::connect(&format!("{url}?mode=rwc")).await.expect("a file");
            migrate("sqlite", &mut conn).await;
            for table in &self.0 {
                let types = sqlite_types(&mut conn, &table.name).await;
                let values =
                    table.columns.iter().map(|column| from_json(column, &types)).collect::<Vec<_>>().join(", ");
                let sql = format!("INSERT INTO {} ({}) SELECT {values}", table.name, table.columns.join(", "));
                for row in &table.rows {
                    let done = sqlx::query(AssertSqlSafe(sql.clone())).bind(row).execute(&mut conn).await;
                    done.unwrap_or_else(|error| panic!("{}: {error}: {row}", table.name));
                }
            }
            conn.close().await.expect("the file is closed");
        } else {
            let mut conn = PgConnection::connect(url).await.expect("a server");
            migrate("postgres", &mut conn).await;
            for table in &self.0 {
                let (name, columns) = (&table.name, table.columns.join(", "));
                let sql = format!(
                    "INSERT INTO {name} ({columns}) SELECT {columns} FROM json_populate_record(NULL::{name}, $1::json)"
                );
                for row in &table.rows {
                    let done = sqlx::query(AssertSqlSafe(sql.clone())).bind(row).execute(&mut conn).await;
                    done.unwrap_or_else(|error| panic!("{name}: {error}: {row}"));
                }
            }
            conn.close().await.expect("the connection is closed");
        }
    }

    /// Every row is there as it was, in the columns that there still are.
    pub async fn expect_kept(&self, db: &Db) {
        let mut conn = db.read().await.expect("a connection");
        for table in self.0.iter().filter(|table| !MOVED.contains(&table.name.as_str())) {
            let name = &table.name;
            let (sql, kept) = match conn.raw() {
                Raw::Sqlite(c) => {
                    let types = sqlite_types(c, name).await;
                    let kept: Vec<&String> = table.columns.iter().filter(|column| is_in(column, &types)).collect();
                    let same = kept.iter().map(|column| format!("{column} IS {}", from_json(column, &types)));
                    (
                        format!("SELECT count(*) FROM {name} WHERE {}", same.collect::<Vec<_>>().join(" AND ")),
                        kept.len(),
                    )
                }
                Raw::Postgres(c) => {
                    let known =
                        "SELECT attname::text, '' FROM pg_attribute WHERE attrelid = $1::regclass AND NOT attisdropped";
                    let types: Vec<(String, String)> =
                        sqlx::query_as(known).bind(name).fetch_all(c).await.expect("the schema");
                    let kept: Vec<&String> = table.columns.iter().filter(|column| is_in(column, &types)).collect();
                    let same = kept.iter().map(|column| format!("t.{column} IS NOT DISTINCT FROM r.{column}"));
                    let same = same.collect::<Vec<_>>().join(" AND ");
                    let sql = format!(
                        "SELECT count(*) FROM {name} t, json_populate_record(NULL::{name}, $1::json) r WHERE {same}"
                    );
                    (sql, kept.len())
                }
            };
            assert!(kept > 0 && kept + 1 >= table.columns.len(), "{name} has lost columns");
            for row in &table.rows {
                let found: i64 = match conn.raw() {
                    Raw::Sqlite(c) => sqlx::query_scalar(AssertSqlSafe(sql.clone())).bind(row).fetch_one(c).await,
                    Raw::Postgres(c) => sqlx::query_scalar(AssertSqlSafe(sql.clone())).bind(row).fetch_one(c).await,
                }
                .expect("a count");
                assert_eq!(found, 1, "{name}: {row}");
            }
        }
    }
}

async fn migrate<C: Migrate>(database: &str, conn: &mut C) {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let all = Migrator::new(folder).await.expect("the migrations can be read");
    assert!(all.iter().any(|migration| migration.version > LAST), "there is nothing to bring up to date");
    all.run_direct(Some(LAST), conn, false).await.expect("the old migrations run");
}

/// Columns and their types.
async fn sqlite_types(conn: &mut SqliteConnection, table: &str) -> Vec<(String, String)> {
    let sql = "SELECT name, type FROM pragma_table_info($1)";
    sqlx::query_as(sql).bind(table).fetch_all(conn).await.expect("the schema")
}

fn is_in(column: &str, types: &[(String, String)]) -> bool {
    types.iter().any(|(name, _)| name == column)
}

/// The expression of a column's value in the row that `$1` is.
fn from_json(column: &str, types: &[(String, String)]) -> String {
    let value = format!("json_extract($1, '$.{column}')");
    match types.iter().find(|(name, _)| name == column).map(|(_, kind)| kind.as_str()) {
        Some("BLOB") => format!("unhex(replace(ltrim({value}, '\\x'), '-', ''))"),
        _ => value,
    }
}

/// SQLite finds nothing wrong with the file and no row that names another one in vain; PostgreSQL sees to that by itself.
pub async fn expect_sound(db: &Db) {
    let mut conn = db.read().await.expect("a connection");
    let Raw::Sqlite(c) = conn.raw() else { return };
    let found: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check").fetch_all(&mut *c).await.expect("a check");
    assert_eq!(found, [("ok".to_owned(),)]);
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(c).await.expect("a check");
    assert!(broken.is_empty(), "{} rows", broken.len());
}
