//! All that the database holds, to show that a refused request changed none of it.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;
use understudy::server::db::Db;

use super::TestApp;
use super::database::on_db;

/// Every row of every table, as text.
pub struct Ledger(BTreeMap<String, BTreeSet<String>>);

impl Ledger {
    pub async fn of(app: &TestApp) -> Self {
        let db = &app.state.db;
        let mut tables = BTreeMap::new();
        for (table, row) in selects(db).await {
            let sql = AssertSqlSafe(format!("SELECT {row} FROM {table} t"));
            let rows: Vec<String> = on_db!(db, c => sqlx::query_scalar(sql).fetch_all(c).await).expect("rows");
            let count = rows.len();
            let rows: BTreeSet<String> = rows.into_iter().collect();
            assert_eq!(rows.len(), count, "{table} has two equal rows, which this comparison cannot see");
            tables.insert(table, rows);
        }
        assert!(tables.len() > 20 && tables["sessions"].len() + tables["users"].len() > 0, "the tables were not read");
        Self(tables)
    }

    /// Nothing at all has changed since.
    #[track_caller]
    pub fn expect_unchanged(&self, now: &Self, what: &str) {
        let changes = self.changes(now);
        assert!(changes.is_empty(), "{what} changed the database:\n{}", changes.join("\n"));
    }

    /// Names of the tables that have changed since.
    pub fn changed_tables(&self, now: &Self) -> Vec<String> {
        self.0.iter().filter(|(table, rows)| now.0[*table] != **rows).map(|(table, _)| table.clone()).collect()
    }

    fn changes(&self, now: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (table, rows) in &self.0 {
            changes.extend(rows.difference(&now.0[table]).map(|row| format!("- {table} {row}")));
            changes.extend(now.0[table].difference(rows).map(|row| format!("+ {table} {row}")));
        }
        changes
    }
}

/// Each table with the expression of a whole row as text.
async fn selects(db: &Db) -> Vec<(String, String)> {
    if db.kind() == "SQLite" {
        let sql = "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'users_search%' AND m.name NOT LIKE 'accounts_search%'
                     AND m.name <> '_sqlx_migrations' ORDER BY m.name, p.cid";
        let columns: Vec<(String, String)> =
            on_db!(db, c => sqlx::query_as(sql).fetch_all(c).await).expect("the schema");
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column) in columns {
            tables.entry(table).or_default().push(format!("'{column}=' || quote(t.{column})"));
        }
        return tables.into_iter().map(|(table, columns)| (table, columns.join(" || ' ' || "))).collect();
    }
    let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'
               ORDER BY tablename";
    let tables: Vec<String> = on_db!(db, c => sqlx::query_scalar(sql).fetch_all(c).await).expect("the schema");
    tables.into_iter().map(|table| (table, "t::text".to_owned())).collect()
}
