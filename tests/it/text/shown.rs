//! Names inside sentences turn nothing round.

use understudy::model::audit::AuditQuery;
use understudy::server::import::Kind;
use understudy::server::service;

use super::import;
use crate::support::{ResponseExt, TestApp};

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
