//! Text that people type, paste and import: one person whatever the spelling, found whatever the letters, and nothing that
//! cannot be seen or turns a sentence round.

mod accounts;
mod addresses;
mod refresh;
mod search;
mod shown;
mod unseen;

use understudy::server::db::environment;
use understudy::server::import::{self, Kind, Source};
use understudy::server::state::AppState;

use crate::support::TestApp;

/// Imports rows into production.
pub async fn import(app: &TestApp, kind: Kind, csv: &str) -> Result<(), String> {
    import_into(&app.state, kind, csv).await
}

async fn import_into(state: &AppState, kind: Kind, csv: &str) -> Result<(), String> {
    let mut conn = state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, "production").await.expect("a query").expect("production");
    drop(conn);
    let source = Source { name: format!("{}.csv", kind.as_str()), kind, bytes: csv.as_bytes().to_vec() };
    import::run(state, &row, vec![source], false, &|_| {}).await.map(|_| ()).map_err(|error| error.to_string())
}
