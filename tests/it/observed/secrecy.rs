//! No line of the log holds a secret, whatever level is asked for.

use std::fmt::Debug;

use axum::http::StatusCode;
use chrono::DateTime;
use serde_json::json;
use understudy::model::application::LoginMethod;
use understudy::model::impersonation::HandOff;
use understudy::model::key::SigningAlgorithm;
use understudy::server::db::import::KnownUser;
use understudy::server::db::operator::OperatorRecord;
use understudy::server::db::user;
use understudy::server::domain::application::Application;
use understudy::server::job::Worker;
use understudy::server::platform::telemetry::LogFormat;
use understudy::server::service::directory::application::{ApplicationEntry, ClientSecret};
use understudy::server::service::directory::given::Given;
use understudy::server::service::directory::user::User;
use understudy::server::service::impersonation::Reopened;
use uuid::Uuid;

use crate::frontegg::sdk::{self, Call};
use crate::identity::flow::{self, AMARA, OLIVIA, VERIFIER};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::log::Log;
use crate::support::{Browser, OPERATOR_PASSWORD, ResponseExt, TestApp, USER_PASSWORD, execute};

/// What begins a secret of ours, or a token.
const PREFIXES: [&str; 10] = ["uoc_", "ubr_", "usc_", "uho_", "uac_", "upr_", "urt_", "ucs_", "upl_", "eyJ"];

/// Everything that was secret on the way.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn keep(&mut self, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(secret.len() > 8, "{secret:?} could stand in a line by chance");
        self.0.push(secret);
    }

    fn keep_cookies(&mut self, browser: &Browser) {
        browser.cookies().into_iter().filter(|value| value.len() > 8).for_each(|value| self.keep(value));
    }

    fn expect_absent(&self, text: &str) {
        for secret in &self.0 {
            let line = text.lines().find(|line| line.contains(secret.as_str()));
            assert_eq!(line, None, "{secret}");
        }
        for prefix in PREFIXES {
            let is_secret = |rest: &&str| rest.bytes().take_while(|c| c.is_ascii_alphanumeric()).count() >= 12;
            let found = text.split(prefix).skip(1).find(is_secret);
            assert_eq!(found.map(|rest| &rest[..12]), None, "behind {prefix}");
        }
    }
}

/// A whole impersonation and a user's own sign-in, with all that can go wrong on the way.
async fn drive(app: &TestApp, secrets: &mut Secrets) {
    execute(
        &app.state.db,
        "UPDATE applications SET backchannel_logout_uri = 'https://console.example/out' WHERE client_id = 'console'",
    )
    .await;
    let wrong = [("email", OLIVIA), ("password", "a-wrong-password"), ("return_to", "/")];
    app.browser().post("/rpc/sign-in", &wrong).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = flow::start(app, &mut browser, AMARA, "northwind", "console").await;
    secrets.keep(path.split("code=").nth(1).expect("a code").split('&').next().unwrap_or_default());
    app.browser().get(&path).await;
    let sid = flow::hand_off(&mut browser, &path).await;
    browser.get(&path).await;
    let code = flow::code(&mut browser, "console", &[("login_hint", &sid.to_string())]).await;
    secrets.keep(&code);
    let tokens = flow::redeem(app, "console", &code).await.expect_status(StatusCode::OK).json();
    for name in ["access_token", "refresh_token", "id_token"] {
        secrets.keep(flow::text(&tokens, name));
    }
    let (access, refresh) = (flow::text(&tokens, "access_token"), flow::text(&tokens, "refresh_token"));
    flow::userinfo(app, access).await.expect_status(StatusCode::OK);
    flow::userinfo(app, &format!("{access}x")).await.expect_status(StatusCode::UNAUTHORIZED);
    flow::introspect(app, access).await;
    let next = flow::refresh(app, "console", refresh, &[]).await.expect_status(StatusCode::OK).json();
    secrets.keep(flow::text(&next, "refresh_token"));
    flow::refresh(app, "console", refresh, &[("scope", refresh)]).await;
    // In wrong places.
    flow::bare(app, "/token", &[("grant_type", CONSOLE_SECRET), ("client_id", CONSOLE_SECRET)]).await;
    flow::bare(app, "/token", &[("grant_type", refresh), ("client_id", "dispatch"), ("code", &code)]).await;
    browser
        .get(&format!("/id/production/authorize?client_id={CONSOLE_SECRET}&redirect_uri={code}&state={access}"))
        .await;
    browser.get(&format!("/nothing/{refresh}?token={access}")).await;
    app.browser().post(&format!("/{CONSOLE_SECRET}"), &[("a", "b")]).await;
    flow::redeem(app, "console", &code).await.expect_status(StatusCode::BAD_REQUEST);
    flow::sign_in(&mut app.browser(), AMARA, "another-wrong-password").await;
    let mut own = flow::signed_in(app, AMARA).await;
    own.get("/id/production/account/sessions").await;
    let hint = flow::text(&tokens, "id_token");
    own.get(&format!("/id/production/logout?id_token_hint={hint}")).await;
    flow::call(app, "/revoke", "console", &[("token", flow::text(&next, "refresh_token"))]).await;
    Worker::new(app.state.clone()).run_once().await.expect("the outbox is read");
    for call in app.outbound.calls() {
        call.form.values().for_each(|value| secrets.keep(value));
    }
    secrets.keep_cookies(&browser);
    secrets.keep_cookies(&own);
    browser.post("/rpc/sign-out", &[("ending", "10")]).await;
    drive_an_sdk(app, secrets).await;
}

/// The same by the calls of an SDK.
async fn drive_an_sdk(app: &TestApp, secrets: &mut Secrets) {
    sdk::embedded(app).await;
    let mut page = app.browser();
    let signed_in = sdk::sign_in(&mut page, AMARA).await.expect_status(StatusCode::OK).json();
    secrets.keep(flow::text(&signed_in, "accessToken"));
    secrets.keep_cookies(&page);
    Call::post("dispatch", sdk::REFRESH, json!(null)).send(&mut page).await.expect_status(StatusCode::OK);
    secrets.keep_cookies(&page);
    Call::post("dispatch", "/identity/resources/auth/v1/logout", json!({})).send(&mut page).await;
}

#[tokio::test]
async fn every_event_of_a_request_has_the_requests_id_by_whatever_door_it_came() {
    let app = TestApp::new().await;
    let nameless = |ids: &[Option<String>]| ids.iter().filter(|id| id.is_none()).count();
    let before = app.request_ids("%").await;
    drive(&app, &mut Secrets::default()).await;
    let after = app.request_ids("%").await;
    assert!(after.len() > before.len() + 10, "{} events became {}", before.len(), after.len());
    assert_eq!(nameless(&after), nameless(&before));
}

#[tokio::test]
async fn no_line_of_a_whole_impersonation_holds_a_secret() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let app = TestApp::new().await;
        let mut secrets = Secrets::default();
        for secret in
            [OPERATOR_PASSWORD, USER_PASSWORD, CONSOLE_SECRET, VERIFIER, "a-wrong-password", "another-wrong-password"]
        {
            secrets.keep(secret);
        }
        secrets.keep(flow::basic("console", CONSOLE_SECRET).trim_start_matches("Basic "));
        let log = Log::of_everything(format);
        drive(&app, &mut secrets).await;
        let text = log.text();
        assert!(text.lines().count() > 25 && secrets.0.len() > 15, "much was written: {}", text.lines().count());
        secrets.expect_absent(&text);
    }
}

/// Whoever adds a line to the log writes out what is at hand.
#[test]
fn what_holds_a_secret_leaves_it_out_where_it_is_written_out() {
    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA";
    let written = |what: &dyn Debug| format!("{what:?} {what:#?}");
    let (id, time) = (Uuid::from_u128(7), DateTime::UNIX_EPOCH);
    let url = "https://portal.example/id/production/hand-off?code=uho_abc".to_owned();
    let hand_off = HandOff { session_id: id, url, expires_at: time, deadline: time };
    let operator = OperatorRecord {
        id,
        email: OLIVIA.to_owned(),
        name: "Olivia Owner".to_owned(),
        password_hash: HASH.to_owned(),
        disabled_at: None,
    };
    let user = User { email: AMARA.to_owned(), password_hash: Given::Set(HASH.to_owned()), ..User::default() };
    let application = Application {
        id,
        environment_id: id,
        client_id: "console".to_owned(),
        name: "Console".to_owned(),
        login_method: LoginMethod::Hosted,
        app_url: "https://console.example/".to_owned(),
        login_url: "https://console.example/".to_owned(),
        initiate_login_url: None,
        client_secret_hash: Some(vec![234; 32]),
        former_secret: None,
        keep_session_alive: true,
        signing_algorithm: SigningAlgorithm::Rs256,
        jwks: None,
        backchannel_logout_uri: None,
        assigned_to_new: false,
        default_of_new: false,
        version: 1,
    };
    let known = KnownUser {
        id,
        external_id: None,
        name: "Amara Okafor".to_owned(),
        email_verified: true,
        picture_url: None,
        password_hash: Some(HASH.to_owned()),
        mfa_enrolled: false,
        locked_at: None,
        active_account_id: None,
        active_account: None,
        last_login_at: None,
        last_visit_us: 0,
        visits: 0,
        memberships: Vec::new(),
    };
    let secret = ClientSecret::Hash(vec![234; 32]);
    let entry =
        ApplicationEntry { client_id: "console".to_owned(), client_secret: secret, ..ApplicationEntry::default() };
    for (text, told) in [
        (written(&hand_off), id.to_string()),
        (written(&Some(Reopened::HandOff(hand_off.clone()))), id.to_string()),
        (written(&operator), OLIVIA.to_owned()),
        (written(&user), AMARA.to_owned()),
        (written(&known), "Amara Okafor".to_owned()),
        (written(&application), "console".to_owned()),
        (written(&entry), "Hash(..)".to_owned()),
    ] {
        assert!(text.contains(&told), "it says what it is: {text}");
        for secret in ["uho_", "argon2", "aGFzaA", "234"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test]
async fn a_users_record_leaves_out_the_password_where_it_is_written_out() {
    let app = TestApp::new().await;
    let (production, amara) = (app.caller(OLIVIA, "production").await.environment.id, app.user_id(AMARA).await);
    let mut conn = app.state.db.read().await.expect("a connection");
    let record = user::by_id(&mut conn, production, amara).await.expect("a query").expect("a user");
    let hash = record.password_hash.as_deref().expect("a hash");
    let text = format!("{record:?} {record:#?}");
    assert!(text.contains(AMARA) && !text.contains(hash) && !text.contains("argon2"), "{text}");
}
