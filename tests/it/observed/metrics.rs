//! What monitoring reads: numbers of what happened, and nothing of whom it happened to.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use understudy::model::denial::Denial;
use understudy::model::session::EndReason;
use understudy::server::job::Worker;
use understudy::server::platform::outbound::Script;

use crate::identity::flow::{self, AMARA, OLIVIA};
use crate::support::{ResponseExt, TestApp, execute};

/// All series with their values: `understudy_sign_ins_total{realm="portal",outcome="ok"}`.
async fn read(app: &TestApp) -> BTreeMap<String, f64> {
    let router = understudy::server::http::metrics::router(app.state.clone());
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let answer = tower::ServiceExt::oneshot(router, request).await.expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let bytes = http_body_util::BodyExt::collect(answer.into_body()).await.expect("a body").to_bytes();
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    let series = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
    };
    let found: BTreeMap<_, _> = text.lines().filter(|line| !line.starts_with('#')).map(series).collect();
    for name in found.keys() {
        let family = name.split('{').next().unwrap_or_default();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| family.strip_suffix(end)).unwrap_or(family);
        assert!(text.contains(&format!("# TYPE {family} ")), "{name} has no type");
    }
    found
}

/// Every value of every label, but for the bounds of histograms.
fn words(series: &BTreeMap<String, f64>) -> BTreeSet<String> {
    let labels = series.keys().filter_map(|name| Some(name.split_once('{')?.1.trim_end_matches('}').to_owned()));
    let pairs: Vec<String> = labels.flat_map(|all| all.split(',').map(str::to_owned).collect::<Vec<_>>()).collect();
    let pairs = pairs.iter().filter_map(|pair| pair.split_once('=')).filter(|(name, _)| *name != "le");
    pairs.map(|(_, value)| value.trim_matches('"').to_owned()).collect()
}

#[tokio::test]
async fn an_impersonation_is_counted_from_its_start_to_its_end() {
    let app = TestApp::new().await;
    execute(
        &app.state.db,
        "UPDATE applications SET backchannel_logout_uri = 'https://console.example/out' WHERE client_id = 'console'",
    )
    .await;
    app.outbound.script("https://console.example/out", Script::Answer(503));
    let (mut browser, _) = flow::impersonating(&app, AMARA, "northwind", "console").await;
    let tokens = flow::tokens(&app, &mut browser, "console", &[]).await;
    flow::refresh(&app, "console", "urt_nothing", &[]).await.expect_status(StatusCode::BAD_REQUEST);
    let running = read(&app).await;
    let token = flow::text(&tokens, "refresh_token");
    flow::call(&app, "/revoke", "console", &[("token", token)]).await.expect_status(StatusCode::OK);
    Worker::new(app.state.clone()).run_once().await.expect("the outbox is read");
    let now = read(&app).await;
    let value = |series: &BTreeMap<String, f64>, name: &str| series.get(name).copied();
    for (name, expected) in [
        ("understudy_impersonation_starts_total{outcome=\"started\"}", 1.0),
        ("understudy_impersonations_running", 1.0),
        ("understudy_hand_offs_total{outcome=\"redeemed\"}", 1.0),
        ("understudy_sign_ins_total{realm=\"portal\",outcome=\"ok\"}", 1.0),
        ("understudy_tokens_total{grant=\"authorization_code\",outcome=\"issued\"}", 1.0),
        ("understudy_tokens_total{grant=\"refresh_token\",outcome=\"invalid_grant\"}", 1.0),
        ("understudy_requests_total{door=\"token\",outcome=\"2xx\"}", 1.0),
        ("understudy_requests_total{door=\"token\",outcome=\"invalid_grant\"}", 1.0),
        ("understudy_request_duration_seconds_count{door=\"token\"}", 2.0),
        ("understudy_outbox_waiting", 0.0),
        ("understudy_impersonation_environments", 2.0),
        ("understudy_database_up", 1.0),
    ] {
        assert_eq!(value(&running, name), Some(expected), "{name} of {running:#?}");
    }
    assert_eq!(value(&now, "understudy_impersonations_running"), Some(0.0));
    assert_eq!(value(&now, "understudy_logout_deliveries_total{outcome=\"rejected\"}"), Some(1.0));
    assert_eq!(value(&now, "understudy_outbox_waiting"), Some(1.0));
    let ends: f64 = EndReason::ALL
        .iter()
        .filter_map(|reason| {
            let name =
                format!("understudy_sessions_ended_total{{kind=\"impersonation\",reason=\"{}\"}}", reason.as_str());
            value(&now, &name)
        })
        .sum();
    assert!((ends - 1.0).abs() < f64::EPSILON, "one end, with one reason: {now:#?}");
    assert!(value(&now, "process_resident_memory_bytes").is_some_and(|bytes| bytes > 1e6));
    assert!(value(&now, "understudy_statement_duration_seconds_count{about=\"session\"}").is_some_and(|n| n > 3.0));
}

#[tokio::test]
async fn what_is_refused_and_what_is_switched_is_counted() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let dana = app.user_id("dana@northwind.example").await;
    let form = [("account", "northwind"), ("application", "console"), ("reason", flow::REASON), ("ticket", "")];
    browser.post(&format!("/production/users/{dana}/impersonate"), &form).await;
    let off = [("environment", "production"), ("enabled", "false"), ("hide_from_account_audit", "false")];
    let answer = browser.call("impersonation/settings", &off).await;
    flow::sign_in(&mut app.browser(), AMARA, "a wrong one").await;
    let now = read(&app).await;
    let denied = format!("understudy_impersonation_starts_total{{outcome=\"{}\"}}", Denial::TargetLocked.as_str());
    for name in [
        denied.as_str(),
        "understudy_impersonation_switched_total{to=\"off\"}",
        "understudy_impersonation_environments",
        "understudy_sign_ins_total{realm=\"environment\",outcome=\"invalid\"}",
    ] {
        assert_eq!(now.get(name), Some(&1.0), "{name} after {}: {now:#?}", answer.body());
    }
}

#[tokio::test]
async fn nothing_that_strangers_send_becomes_a_label() {
    let app = TestApp::new().await;
    let before = read(&app).await;
    let mut strange = BTreeSet::new();
    for number in 0..60 {
        let word = format!("stranger{number}");
        let method = axum::http::Method::from_bytes(word.to_uppercase().as_bytes()).expect("a method");
        for path in [format!("/{word}"), format!("/id/{word}/token"), format!("/id/production/frontegg/{word}")] {
            let request = Request::builder().method(&method).uri(&path).body(Body::empty());
            app.browser().send(request.expect("a request")).await;
            app.browser().get(&path).await;
        }
        flow::bare(&app, "/token", &[("grant_type", &word), ("client_id", "dispatch")]).await;
        flow::bare(&app, "/token", &[("grant_type", "refresh_token"), ("client_id", &word)]).await;
        flow::sign_in(&mut app.browser(), &format!("{word}@nowhere.example"), &word).await;
        strange.insert(word);
    }
    let after = read(&app).await;
    let made_up: Vec<_> = words(&after).into_iter().filter(|word| word.to_lowercase().contains("stranger")).collect();
    assert_eq!(made_up, [] as [String; 0]);
    assert!(after.len() < before.len() + 200, "{} series became {}", before.len(), after.len());
    assert_eq!(after.get("understudy_tokens_total{grant=\"other\",outcome=\"unsupported_grant_type\"}"), Some(&60.0));
    assert!(words(&after).iter().all(|word| word.len() < 40 && !word.contains('@')), "{:?}", words(&after));
}

#[tokio::test]
async fn the_public_address_has_no_metrics() {
    let app = TestApp::new().await;
    let answer = app.browser().get("/metrics").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(!answer.body().contains("understudy_requests"), "{}", answer.body());
}

#[tokio::test]
async fn metrics_can_be_read_while_the_database_cannot() {
    let app = TestApp::new().await;
    app.state.db.close().await;
    let now = read(&app).await;
    assert_eq!(now.get("understudy_database_up"), Some(&0.0));
    assert!(now.contains_key("understudy_impersonation_starts_total{outcome=\"started\"}"));
}
