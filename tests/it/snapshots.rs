//! What others rely on byte by byte, in whole: tokens, protocol answers, pages. Whoever changes one of these changes it for
//! every application, so that it should be seen in a commit.
//!
//! Times stay as they are, for the clock is the test's. What is drawn at random has the name of its kind instead, and ids
//! that matter are named after whose they are.

use axum::http::{Response, StatusCode, header};
use chrono::TimeDelta;
use insta::Settings;
use serde_json::{Value, json};

use crate::frontegg::sdk;
use crate::identity::flow::{
    AMARA, OLIVIA, authorize_path, call, claims, code, impersonating, jose_header, redeem, signed_in, text, tokens,
    userinfo,
};
use crate::support::{Browser, ResponseExt, TestApp};
use understudy::server::job::Worker;

/// What is different on every run, as a pattern and what is shown instead. The first that fits wins.
const RANDOM: [(&str, &str); 7] = [
    (r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", "[jwt]"),
    (r"\b(u[a-z]{2}_)[\w-]{20,}", "$1[secret]"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[id]"),
    (r"\b[0-9a-f]{32}\b", "[id]"),
    (r#"("kid": ")[\w-]+""#, r#"$1[id]""#),
    (r#"("at_hash": ")[\w-]{22}""#, r#"$1[hash]""#),
    // There is none where the browser's half was not built.
    (r"/assets/(\w+)\.[0-9a-f]{16}\.(css|woff2)", "/assets/$1.$2"),
];

/// Compares with the file of this name in `snapshots/`. Of the ids, these have names.
fn check(name: &str, ids: &[(&str, &str)], shown: &str) {
    let mut settings = Settings::new();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (id, whose) in ids {
        settings.add_filter(id, format!("[{whose}]"));
    }
    for (pattern, instead) in RANDOM {
        settings.add_filter(pattern, instead);
    }
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON")
}

/// Header and claims.
fn token(token: &Value) -> Value {
    json!({ "header": jose_header(token), "claims": claims(token) })
}

/// Status, headers and body, of which JSON and HTML have a line for each part.
fn answer(answer: &Response<String>) -> String {
    let is = |kind: &str| {
        let of = answer.headers().get(header::CONTENT_TYPE).and_then(|of| of.to_str().ok());
        of.is_some_and(|of| of.starts_with(kind))
    };
    let body = match answer.body() {
        json if is("application/json") => pretty(&serde_json::from_str(json).expect("JSON")),
        page if is("text/html") => page.replace("><", ">\n<"),
        other => other.clone(),
    };
    // A length would be that of what is drawn at random, too.
    let headers = answer.headers().iter().filter(|(name, _)| *name != header::CONTENT_LENGTH);
    let mut headers: Vec<String> =
        headers.map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
    headers.sort();
    format!("{}\n{}\n\n{body}", answer.status(), headers.join("\n"))
}

/// A browser in which Amara has been signed in for a minute, and her id.
async fn amara(app: &TestApp) -> (Browser, String) {
    let browser = signed_in(app, AMARA).await;
    app.advance(TimeDelta::minutes(1));
    (browser, app.user_id(AMARA).await.to_string())
}

fn sid(answer: &Value) -> String {
    text(&claims(&answer["access_token"]), "sid").to_owned()
}

#[tokio::test]
async fn the_tokens_of_a_user() {
    let app = TestApp::new().await;
    let (mut browser, amara) = amara(&app).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let ids = [(amara.as_str(), "Amara"), (&sid(&issued), "session")];
    check("access_token", &ids, &pretty(&token(&issued["access_token"])));
    check("id_token", &ids, &pretty(&token(&issued["id_token"])));
}

#[tokio::test]
async fn the_tokens_of_an_impersonation() {
    let app = TestApp::new().await;
    let (mut operator, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    app.advance(TimeDelta::minutes(1));
    let issued = tokens(&app, &mut operator, "console", &[]).await;
    let (amara, sid) = (app.user_id(AMARA).await.to_string(), sid.to_string());
    let olivia = text(&claims(&issued["access_token"])["act"], "sub").to_owned();
    let ids = [(amara.as_str(), "Amara"), (&sid, "session"), (&olivia, "operator Olivia")];
    check("impersonation_access_token", &ids, &pretty(&token(&issued["access_token"])));
    check("impersonation_id_token", &ids, &pretty(&token(&issued["id_token"])));
}

#[tokio::test]
async fn the_token_of_an_application_itself() {
    let app = TestApp::new().await;
    let issued = call(&app, "/token", "console", &[("grant_type", "client_credentials")]).await;
    let issued = issued.expect_status(StatusCode::OK).json();
    check("client_credentials_token", &[], &pretty(&token(&issued["access_token"])));
}

#[tokio::test]
async fn the_token_of_the_frontegg_sdks() {
    let app = TestApp::new().await;
    let (mut browser, amara) = amara(&app).await;
    let issued = sdk::tokens(&mut browser, "dispatch").await;
    let ids = [(amara.as_str(), "Amara"), (&sid(&issued), "session")];
    check("sdk_token", &ids, &pretty(&token(&issued["access_token"])));
}

#[tokio::test]
async fn the_logout_token() {
    let app = TestApp::new().await;
    app.execute(
        "UPDATE applications SET backchannel_logout_uri = 'https://console.example/backchannel' WHERE client_id = 'console'",
    )
    .await;
    let (mut browser, amara) = amara(&app).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    browser.post("/id/production/account/sign-out", &[]).await.expect_status(StatusCode::OK);
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
    let sent = app.outbound.calls().first().expect("a call").form["logout_token"].clone();
    let ids = [(amara.as_str(), "Amara"), (&sid(&issued), "session")];
    check("logout_token", &ids, &pretty(&token(&Value::from(sent))));
}

#[tokio::test]
async fn the_discovery_document() {
    let app = TestApp::new().await;
    let document = app.browser().get("/id/production/.well-known/openid-configuration").await;
    check("discovery", &[], &answer(&document));
}

#[tokio::test]
async fn the_answers_of_the_token_endpoint() {
    let app = TestApp::new().await;
    let (mut browser, _) = amara(&app).await;
    let code = code(&mut browser, "console", &[]).await;
    check("token_answer", &[], &answer(&redeem(&app, "console", &code).await));
    check("token_refusal", &[], &answer(&redeem(&app, "console", &code).await));
}

#[tokio::test]
async fn an_error_that_an_application_gets_through_the_browser() {
    let app = TestApp::new().await;
    let refused = app.browser().get(&authorize_path("console", &[("response_type", "token")])).await;
    check("authorization_error", &[], &answer(&refused));
}

#[tokio::test]
async fn a_bearer_token_that_is_none() {
    let app = TestApp::new().await;
    check("bearer_error", &[], &answer(&userinfo(&app, "nonsense").await));
}

#[tokio::test]
async fn a_server_functions_refusal_of_several_fields() {
    let app = TestApp::new().await;
    let user = app.user_id(AMARA).await.to_string();
    let form = [
        ("request[environment]", "production"),
        ("request[user_id]", &user),
        ("request[account]", "northwind"),
        ("request[application]", "console"),
        ("request[reason]", "x"),
        ("request[ticket]", &"x".repeat(300)),
    ];
    let refused = app.operator_browser(OLIVIA).await.call("impersonation/start", &form).await;
    check("server_function_refusal", &[], &answer(&refused));
}

#[tokio::test]
async fn a_page_that_is_not_there() {
    let app = TestApp::new().await;
    let page = app.browser().get("/id/production/nothing/here").await;
    check("not_found_page", &[], &answer(&page));
}

#[tokio::test]
async fn the_page_of_a_users_sessions() {
    let app = TestApp::new().await;
    let (mut operator, impersonation) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut operator, "console", &[]).await;
    app.advance(TimeDelta::minutes(4));
    let (mut browser, _) = amara(&app).await;
    let own = sid(&tokens(&app, &mut browser, "console", &[]).await);
    let page = browser.get("/id/production/account/sessions").await;
    check("sessions_page", &[(&impersonation.to_string(), "impersonation"), (&own, "session")], &answer(&page));
}
