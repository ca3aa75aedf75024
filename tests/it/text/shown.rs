//! Names inside sentences turn nothing round.

use super::import;
use crate::support::{ResponseExt, TestApp};
use understudy::model::audit::AuditQuery;
use understudy::server::service;
use understudy::server::service::import::Kind;

#[tokio::test]
async fn a_name_that_turns_the_direction_of_writing_is_not_imported() {
    let app = TestApp::new().await;
    for c in ['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'] {
        let csv = format!("email,name\nrlo@northwind.example,Rita {c}delffuhS\n");
        let refusal = import(&app, Kind::Users, &csv).await.expect_err("a refusal");
        assert!(refusal.contains("direction"), "{refusal}");
    }
    import(&app, Kind::Users, "email,name\nmarks@northwind.example,\u{200f}דנה\u{200e}\n").await.expect("an import");
}

#[tokio::test]
async fn a_name_from_before_stands_isolated_in_every_sentence() {
    let app = TestApp::new().await;
    app.execute("UPDATE users SET name = 'Rita \u{202e}delffuhS' WHERE email = 'amara@northwind.example'").await;
    let user = app.user_id("amara@northwind.example").await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let form = [
        ("account", "northwind"),
        ("application", "console"),
        ("reason", "A report"),
        ("return_to", "/production/users"),
    ];
    let hand_off = browser.post(&format!("/production/users/{user}/impersonate"), &form).await.location();
    let caller = app.caller("olivia@understudy.example", "production").await;
    let query = AuditQuery { action: "impersonation.started".into(), ..AuditQuery::default() };
    let event = service::audit::list(&caller, &query).await.expect("events").rows.remove(0);
    assert!(event.description.contains("\u{2068}Rita delffuhS\u{2069} "), "{:?}", event.description);
    assert!(!event.description.contains('\u{202e}'));
    let path = hand_off.trim_start_matches(crate::support::ORIGIN).to_owned();
    let opening = browser.get(&path).await;
    assert!(opening.body().contains("as \u{2068}Rita delffuhS\u{2069}…"), "{}", opening.body());
}

#[tokio::test]
async fn plain_names_stand_in_sentences_as_they_are() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let rows = service::audit::list(&caller, &AuditQuery::default()).await.expect("events").rows;
    assert!(rows.iter().any(|row| row.description == "Olivia Owner signed in to the portal"));
}

#[tokio::test]
async fn titles_labels_and_tickets_turn_nothing_beside_them() {
    let app = TestApp::new().await;
    app.execute("UPDATE users SET name = 'דנה כהן' WHERE email = 'amara@northwind.example'").await;
    app.execute("UPDATE applications SET name = 'יומן' WHERE client_id = 'console'").await;
    let user = app.user_id("amara@northwind.example").await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let drawer = browser.get(&format!("/production/users?impersonate={user}")).await;
    assert!(drawer.body().contains("\u{2068}יומן\u{2069} (default)"), "{}", drawer.body());
    let form = [
        ("account", "northwind"),
        ("application", "console"),
        ("reason", "A report"),
        ("ticket", "פנייה 7"),
        ("return_to", "/production/users"),
    ];
    browser.post(&format!("/production/users/{user}/impersonate"), &form).await;
    let page = browser.get(&format!("/production/users/{user}")).await;
    assert!(
        page.body().contains("<title>\u{2068}דנה כהן\u{2069} · Production · Understudy</title>"),
        "{}",
        page.body()
    );
    let ticket = "<bdi>פנייה 7<";
    assert!(page.body().contains(ticket), "{}", page.body());
    for path in ["/production/audit", "/production/impersonation"] {
        assert!(browser.get(path).await.body().contains(ticket), "{path}");
    }
    let list = browser.get("/production/users").await;
    for label in ["Impersonate", "Actions for"] {
        assert!(list.body().contains(&format!("aria-label=\"{label} \u{2068}דנה כהן\u{2069}\"")), "{label}");
    }
}
