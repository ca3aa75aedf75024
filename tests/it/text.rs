//! Text that people type, paste and import: one person whatever the spelling, found whatever the letters, and nothing that
//! cannot be seen or turns a sentence round.

mod accounts;
mod addresses;
mod look;
mod refresh;
mod search;
mod shown;
mod unseen;

use crate::support::TestApp;
use understudy::server::db::environment;
use understudy::server::service::directory::change::Protection;
use understudy::server::service::import::{self, Content, Kind, Options, Source};
use understudy::server::state::AppState;

/// Imports rows into production.
pub async fn import(app: &TestApp, kind: Kind, csv: &str) -> Result<(), String> {
    import_to(app, "production", kind, csv).await
}

/// Imports rows into an environment.
pub async fn import_to(app: &TestApp, slug: &str, kind: Kind, csv: &str) -> Result<(), String> {
    import_into(&app.state, slug, kind, csv).await
}

async fn import_into(state: &AppState, slug: &str, kind: Kind, csv: &str) -> Result<(), String> {
    let mut conn = state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, slug).await.expect("a query").expect("an environment");
    drop(conn);
    let content = Content::Bytes(csv.as_bytes().to_vec());
    let source = Source { name: format!("{}.csv", kind.as_str()), kind, content };
    let options = Options { allow: vec![Protection::ChangePassword], ..Options::default() };
    let outcome = import::run(state, &row, vec![source], &options, &|_| {}).await;
    outcome.map(|_| ()).map_err(|error| error.to_string())
}
