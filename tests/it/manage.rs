//! The pages of administration, as somebody without script uses them.

mod applications;
mod forms;
mod sessions;

use crate::support::{Browser, TestApp};

/// The first id of a link below `/production/{what}/`.
async fn first_id(browser: &mut Browser, what: &str) -> String {
    let page = browser.get(&format!("/production/{what}")).await;
    let (_, rest) = page.body().split_once(&format!("/production/{what}/0")).expect("a link to one");
    format!("0{}", &rest[..35])
}

/// The id of an application.
async fn application_id(app: &TestApp, client_id: &str) -> String {
    let mut conn = app.state.db.read().await.expect("a connection");
    let environment = understudy::server::db::environment::by_slug(&mut conn, "production").await.expect("a query");
    let environment_id = environment.expect("production").id;
    let found = understudy::server::db::application::by_client_id(&mut conn, environment_id, client_id).await;
    found.expect("a query").expect("an application").id.to_string()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap_or_default().to_owned()
}
