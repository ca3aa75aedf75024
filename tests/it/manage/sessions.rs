//! A session's story, the trail as a file, links of the help desk, and what is found from anywhere.

use axum::http::StatusCode;
use understudy::model::impersonation::StartImpersonation;
use understudy::server::service::impersonation;

use crate::support::{ResponseExt, TestApp};

const AMARA: &str = "amara@northwind.example";

async fn started(app: &TestApp) -> String {
    let caller = app.caller("olivia@understudy.example", "production").await;
    let request = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id(AMARA).await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "=cmd|' /C calc'!A0".to_owned(),
        ticket: "SUP-1".to_owned(),
    };
    impersonation::start(&caller, &request).await.expect("a session");
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let export = olivia.get("/production/audit/export?format=jsonl&only=impersonated").await;
    let line: serde_json::Value = serde_json::from_str(export.body().lines().next().expect("a line")).expect("JSON");
    line["session_id"].as_str().expect("a session").to_owned()
}

#[tokio::test]
async fn a_sessions_whole_story_is_on_one_page_from_which_it_is_ended() {
    let app = TestApp::new().await;
    let id = started(&app).await;
    let path = format!("/production/sessions/{id}");
    let mut adam = app.operator_browser("adam@understudy.example").await;
    let page = adam.get(&path).await.expect_status(StatusCode::OK);
    for told in ["Running", "Impersonation started", "Olivia Owner", "SUP-1", "End this session?"] {
        assert!(page.body().contains(told), "{told}: {}", page.body());
    }
    let mut ed = app.operator_browser("ed@understudy.example").await;
    assert!(!ed.get(&path).await.expect_status(StatusCode::OK).body().contains("End this session?"));
    ed.post(&format!("{path}/end"), &[]).await.expect_status(StatusCode::FORBIDDEN);
    adam.post(&format!("{path}/end"), &[]).await.expect_status(StatusCode::SEE_OTHER);
    let page = adam.get(&path).await;
    assert!(page.body().contains("The session was ended.") && page.body().contains("Impersonation ended"));
    adam.get(&format!("/staging/sessions/{id}")).await.expect_status(StatusCode::NOT_FOUND);
    app.operator_browser("ivy@understudy.example").await.get(&path).await.expect_status(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_trail_is_exported_as_it_is_filtered_without_formulas_and_that_is_an_event() {
    let app = TestApp::new().await;
    started(&app).await;
    let mut vera = app.operator_browser("vera@understudy.example").await;
    let csv = vera.get("/production/audit/export?format=csv&action=impersonation.started").await;
    let csv = csv.expect_status(StatusCode::OK);
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(csv.headers()["content-disposition"].to_str().expect("text").contains("audit-production-"));
    assert_eq!(csv.body().lines().count(), 2, "{}", csv.body());
    assert!(csv.body().contains("'=cmd|' /C calc'!A0"), "{}", csv.body());
    let told = app.events("data.exported").await;
    assert_eq!(told.len(), 2);
    let all = vera.get("/production/audit/export?format=jsonl").await;
    let whole: Vec<serde_json::Value> =
        all.body().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(whole.iter().any(
        |event| event["description"] == "Vera Viewer exported the audit trail as CSV: action impersonation.started"
    ));
    assert!(
        !whole
            .iter()
            .any(|event| event["description"].as_str().is_some_and(|said| said.ends_with("JSON Lines: all of it"))),
        "not itself"
    );
    vera.get("/production/audit/export?format=xls").await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    let none = vera.get("/production/audit/export?format=csv&q=zzzzqq").await;
    assert_eq!(none.body().lines().count(), 1, "the names of the columns");
    app.operator_browser("ivy@understudy.example")
        .await
        .get("/production/audit/export?format=csv")
        .await
        .expect_status(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_export_has_every_event_once_however_many_there_are() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let mut tx = app.state.db.write().await.expect("a transaction");
    for number in 0..2_500 {
        let event =
            understudy::server::service::audit::Event::of_caller(&caller, "user.changed", format!("change {number}"));
        understudy::server::service::audit::record(&app.state, &mut tx, event).await.expect("an event");
    }
    tx.commit().await.expect("a commit");
    app.advance(chrono::TimeDelta::seconds(1));
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    for filter in ["", "&action=user.changed", "&q=change"] {
        let all = olivia.get(&format!("/production/audit/export?format=jsonl{filter}")).await;
        let mut numbers: Vec<String> = all
            .body()
            .lines()
            .filter_map(|line| {
                serde_json::from_str::<serde_json::Value>(line).expect("JSON")["description"]
                    .as_str()
                    .map(str::to_owned)
            })
            .filter(|said| said.starts_with("change "))
            .collect();
        assert_eq!(numbers.len(), 2_500, "{filter}");
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 2_500, "{filter}: each once");
    }
}

#[tokio::test]
async fn a_link_of_the_help_desk_leads_to_the_drawer_by_e_mail_and_account_name() {
    let app = TestApp::new().await;
    let amara = app.user_id(AMARA).await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let link = "/production/impersonate?email=Amara@Northwind.example&account=northwind%20TRADERS&ticket=SUP-9&reason=Export%20fails";
    let answer = olivia.get(link).await.expect_status(StatusCode::SEE_OTHER);
    let expected =
        format!("/production/users/{amara}?impersonate=1&account=northwind&ticket=SUP-9&reason=Export%20fails");
    assert_eq!(answer.location(), expected);
    let page = olivia.get(&answer.location()).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("A link wrote this") && page.body().contains("Export fails"));
    assert_eq!(app.events("impersonation.started").await.len(), 0, "it starts nothing");
    let nobody =
        olivia.get("/production/impersonate?email=%3Cscript%3E@x.example").await.expect_status(StatusCode::NOT_FOUND);
    assert!(nobody.body().contains("Nobody here has this address") && !nobody.body().contains("<script>@"));
    olivia.get("/production/impersonate").await.expect_status(StatusCode::NOT_FOUND);
    let signed_out = app.browser().get(link).await.expect_status(StatusCode::SEE_OTHER);
    assert!(
        signed_out.location().starts_with("/sign-in?return_to=%2Fproduction%2Fimpersonate%3Femail"),
        "{}",
        signed_out.location()
    );
}

#[tokio::test]
async fn anything_is_found_by_a_few_letters_and_whom_one_impersonated_lately_by_none() {
    let app = TestApp::new().await;
    started(&app).await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let found = olivia.get("/production/find?q=").await.expect_status(StatusCode::OK).json();
    assert_eq!(found["recent"][0]["email"], AMARA);
    let found = olivia.get("/production/find?q=northwind").await.json();
    assert_eq!(found["accounts"][0]["external_id"], "northwind");
    assert!(found["users"].as_array().is_some_and(|users| !users.is_empty() && users.len() <= 6));
    assert_eq!(olivia.get("/production/find?q=console").await.json()["applications"][0]["client_id"], "console");
    let mut vera = app.operator_browser("vera@understudy.example").await;
    assert_eq!(vera.get("/production/find?q=").await.json()["recent"], serde_json::json!([]), "hers are hers");
    let ivy = app.operator_browser("ivy@understudy.example").await.get("/production/find?q=amara").await;
    ivy.expect_status(StatusCode::FORBIDDEN);
}
