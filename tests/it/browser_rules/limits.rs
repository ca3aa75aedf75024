//! Limits that are reached: said, or gone.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::identity::flow::{AMARA, answered, authorize_path};
use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp, USER_PASSWORD, encode, error_in};

const OLIVIA: &str = "olivia@understudy.example";

#[tokio::test]
async fn a_search_that_is_too_long_is_refused_with_its_length() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let long = "x".repeat(60_000);
    for endpoint in ["users/list", "audit/list"] {
        let form = [("environment", "production"), ("query[q]", long.as_str())];
        let said = browser.call(endpoint, &form).await.expect_status(StatusCode::OK).json();
        assert_eq!(said["searched"]["too_long"], true, "{endpoint}");
    }
    for (endpoint, field) in [("users/list", "account"), ("audit/list", "account"), ("audit/list", "action")] {
        let name = format!("query[{field}]");
        let form = [("environment", "production"), (name.as_str(), long.as_str())];
        let refused = browser.call(endpoint, &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body().contains("60000 characters"), "{}", refused.body());
        let form = [("environment", "production"), (name.as_str(), &long[..500])];
        browser.call(endpoint, &form).await.expect_status(StatusCode::OK);
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_the_first_page() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let id = "019aaf00000070008000000000000000";
    for sort in ["name", "email", "last_visit", "visits", "created"] {
        let form = |cursor: &str| {
            vec![
                ("environment", "production".to_owned()),
                ("query[sort]", sort.to_owned()),
                ("query[cursor]", cursor.to_owned()),
            ]
        };
        let first = {
            let form = form("");
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.call("users/list", &form).await.expect_status(StatusCode::OK).json()["rows"].clone()
        };
        for value in ["tzz", "n9223372036854775807", "d9223372036854775807", "d-9223372036854775808", "d0", "n-1", "t"]
        {
            let form = form(&URL_SAFE_NO_PAD.encode(format!("f{id}{value}")));
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let page = browser.call("users/list", &form).await.expect_status(StatusCode::OK).json();
            let fits = matches!(
                (sort, &value[..1]),
                ("name" | "email", "t") | ("last_visit" | "visits", "n") | ("created", "d")
            );
            if !fits {
                assert_eq!(page["rows"], first, "{sort} {value}");
            }
        }
    }
    for value in ["tzz", "n1", "d9223372036854775807"] {
        let cursor = URL_SAFE_NO_PAD.encode(format!("f{id}{value}"));
        let form = [("environment", "production"), ("query[cursor]", cursor.as_str())];
        browser.call("audit/list", &form).await.expect_status(StatusCode::OK);
    }
}

#[tokio::test]
async fn any_number_of_domains_is_left_out() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let mut domains: Vec<String> = (0..60).map(|number| format!("d{number}.example")).collect();
    domains.push("northwind.example".to_owned());
    let exclude = domains.join(",");
    let form = [("environment", "production"), ("query[exclude]", exclude.as_str())];
    let rows = browser.call("users/list", &form).await.expect_status(StatusCode::OK).json()["rows"].clone();
    let emails: Vec<String> = rows.as_array().expect("rows").iter().map(|row| row["email"].to_string()).collect();
    assert!(!emails.is_empty() && emails.iter().all(|email| !email.contains("northwind")), "{emails:?}");
}

/// The value of the form's field `continue`.
fn continued(page: &str) -> String {
    let rest = page.split("name=\"continue\" value=\"").nth(1).unwrap_or_else(|| panic!("no field: {page}"));
    rest.split('"').next().unwrap_or_default().replace("&amp;", "&")
}

#[tokio::test]
async fn a_long_state_comes_back_whole_and_no_address_on_the_way_is_long() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let state = "%&+ =".repeat(4_000);
    let state = state.as_str();
    let login = browser.get(&authorize_path("console", &[("state", state)])).await.location();
    assert!(login.len() < 200, "{login}");
    let page = browser.get(&login).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Sign in to Console"), "{}", page.body());
    let name = continued(page.body());
    assert!(name.starts_with("upr_"), "{name}");
    // Also after a mistake.
    let form = [("email", AMARA), ("password", "wrong"), ("continue", name.as_str())];
    let again = browser.post(super::LOGIN, &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(continued(again.body()), name);
    let form = [("email", AMARA), ("password", USER_PASSWORD), ("continue", name.as_str())];
    let on = browser.post(super::LOGIN, &form).await.expect_status(StatusCode::SEE_OTHER).location();
    assert!(on.starts_with("/id/production/authorize?parked=upr_"), "{on}");
    let back = browser.get(&on).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&back, "state").as_deref(), Some(state));
    assert!(answered(&back, "code").is_some());
    // And as a form.
    let query = authorize_path("console", &[("state", state)]);
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(query.split_once('?').expect("a query").1.as_bytes()).into_owned().collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let on = browser.post("/id/production/authorize", &pairs).await.expect_status(StatusCode::SEE_OTHER).location();
    assert!(on.starts_with("/id/production/authorize?parked=upr_"), "{on}");
    let back = browser.get(&on).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&back, "state").as_deref(), Some(state));
}

#[tokio::test]
async fn what_waited_for_more_than_an_hour_says_so_and_is_forgotten() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let login = browser.get(&authorize_path("console", &[("state", &"s".repeat(9_000))])).await.location();
    let name = continued(browser.get(&login).await.body());
    app.advance(chrono::TimeDelta::minutes(61));
    let page = browser.get(&login).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("stood open for too long"), "{}", page.body());
    let form = [("email", AMARA), ("password", USER_PASSWORD), ("continue", name.as_str())];
    browser.post(super::LOGIN, &form).await.expect_status(StatusCode::BAD_REQUEST);
    browser.get(&format!("/id/production/authorize?parked={name}")).await.expect_status(StatusCode::BAD_REQUEST);
    assert_eq!(app.count("parked_requests").await, 1);
    understudy::server::service::upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("parked_requests").await, 0);
    // A name of another environment means nothing here.
    let login = browser.get(&authorize_path("console", &[("state", &"s".repeat(9_000))])).await.location();
    let staging = login.replace("/id/production/", "/id/staging/");
    browser.get(&staging).await.expect_status(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_request_that_is_really_too_long_is_told_so() {
    let app = TestApp::new().await;
    let page = app.browser().get(&authorize_path("console", &[("state", &"s".repeat(64_500))])).await;
    let page = page.expect_status(StatusCode::URI_TOO_LONG);
    assert!(page.body().contains("64000 is the most"), "{}", page.body());
    let page = app.browser().get(&format!("/production/users?q={}", "s".repeat(17_000))).await;
    assert!(page.expect_status(StatusCode::URI_TOO_LONG).body().contains("The address is too long"));
}

/// Written anew it would be three times as long.
#[tokio::test]
async fn a_request_is_measured_as_it_was_sent_and_goes_on_as_it_was_sent() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let state = "|".repeat(60_000);
    let path = format!("{}&state={state}", authorize_path("console", &[("state", "")]));
    let login = browser.get(&path).await.expect_status(StatusCode::SEE_OTHER).location();
    assert!(login.len() < 200, "{login}");
    let name = continued(browser.get(&login).await.expect_status(StatusCode::OK).body());
    let form = [("email", AMARA), ("password", USER_PASSWORD), ("continue", name.as_str())];
    let on = browser.post(super::LOGIN, &form).await.expect_status(StatusCode::SEE_OTHER).location();
    let back = browser.get(&on).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&back, "state").as_deref(), Some(state.as_str()));
    // As a form it has to be written anew, and is told where that is too long.
    let query = authorize_path("console", &[("state", "")]);
    let body = format!("{}&state={state}", query.split_once('?').expect("a query").1);
    let request = axum::http::Request::post("/id/production/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(body))
        .expect("a request");
    let page = browser.send(request).await.expect_status(StatusCode::URI_TOO_LONG);
    assert!(page.body().contains("64000 is the most"), "{}", page.body());
}

#[tokio::test]
async fn a_page_that_asks_who_it_is_carries_no_long_address() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for user in [AMARA, "rita@northwind.example"] {
        let path = crate::identity::flow::start(&app, &mut browser, user, "northwind", "console").await;
        crate::identity::flow::hand_off(&mut browser, &path).await;
    }
    let state = "long ".repeat(4_000);
    let page = browser.get(&authorize_path("console", &[("state", state.as_str())])).await;
    let page = page.expect_status(StatusCode::OK);
    assert!(page.body().len() < 10_000, "{} bytes", page.body().len());
    let name = continued(page.body());
    assert!(name.starts_with("upr_") && page.body().contains("login?continue=upr_"), "{}", page.body());
    let session = page.body().split("name=\"session\" value=\"").nth(1).expect("a button")[..36].to_owned();
    let form = [("continue", name.as_str()), ("session", session.as_str())];
    let next = browser.post("/id/production/choose", &form).await.expect_status(StatusCode::OK);
    let on = next.body().split("0;url=").nth(1).and_then(|rest| rest.split('"').next()).expect("where it goes on");
    assert!(on.starts_with("/id/production/authorize?parked=upr_") && on.len() < 200, "{on}");
    let back = browser.get(on).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&back, "state").as_deref(), Some(state.as_str()));
    assert!(answered(&back, "code").is_some());
}

#[tokio::test]
async fn a_stranger_throws_away_only_what_waits_for_the_strangers_own_network() {
    use understudy::server::db::environment;
    use understudy::server::service::caller::Origin;
    use understudy::server::service::session::parked::{self, ParkedRequest};
    let app = TestApp::new().await;
    let mut conn = app.state.db.read().await.expect("a connection");
    let id = environment::by_slug(&mut conn, "production").await.expect("a query").expect("an environment").id;
    drop(conn);
    let from = |address: &str| Origin { ip_address: Some(address.to_owned()), ..Origin::default() };
    let office = parked::park(&app.state, id, &from("192.0.2.7"), "/office").await.expect("parked");
    let first = parked::park(&app.state, id, &from("2001:db8::1"), "/first").await.expect("parked");
    let long = "x".repeat(60_000);
    let mut last = String::new();
    for number in 0..80 {
        app.advance(chrono::TimeDelta::milliseconds(1));
        let stranger = from(&format!("2001:db8::{number:x}"));
        last = parked::park(&app.state, id, &stranger, &long).await.expect("parked");
    }
    let kept = async |name: &str| parked::find(&app.state, id, name).await.expect("a query");
    assert!(matches!(kept(&office).await, ParkedRequest::Text(_)), "the office's was thrown away");
    assert!(matches!(kept(&last).await, ParkedRequest::Text(_)));
    assert!(matches!(kept(&first).await, ParkedRequest::Nothing), "a share has no end");
    assert!(app.count("parked_requests").await < 75);
    let page = app.browser().get(&format!("/id/production/login?continue={first}")).await;
    let page = page.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("very many begin from the same network"), "{}", page.body());
}

#[tokio::test]
async fn any_page_of_the_portal_is_come_back_to_after_signing_in() {
    let app = TestApp::new().await;
    let filters = (0..300).map(|number| format!("d{number}.customer.example")).collect::<Vec<_>>().join(",");
    for page in [
        format!("/production/users?{}", encode(&[("exclude", filters.as_str()), ("sort", "-name")])),
        "/production/audit?q=a\\b".to_owned(),
        "/sign-in-team/users?q=%C3%A9".to_owned(),
        "/production/users?impersonate=019aaf00-0000-7000-8000-000000000000&cursor=Zm9v".to_owned(),
    ] {
        let mut browser = app.browser();
        let sign_in = browser.get(&page).await.location();
        let shown = browser.get(&sign_in).await.expect_status(StatusCode::OK);
        assert!(shown.body().contains("name=\"return_to\""), "{}", shown.body());
        let wanted: String = url::form_urlencoded::parse(sign_in.split_once('?').expect("a query").1.as_bytes())
            .find(|(name, _)| name == "return_to")
            .map(|(_, value)| value.into_owned())
            .expect("a way back");
        let form = [("email", OLIVIA), ("password", OPERATOR_PASSWORD), ("return_to", wanted.as_str())];
        assert_eq!(browser.post("/rpc/sign-in", &form).await.location(), page);
    }
    for elsewhere in
        ["//evil.example", "/\\evil.example", "/a\\..\\b", "https://evil.example/", "/sign-in?return_to=%2F"]
    {
        let form = [("email", OLIVIA), ("password", OPERATOR_PASSWORD), ("return_to", elsewhere)];
        assert_eq!(app.browser().post("/rpc/sign-in", &form).await.location(), "/", "{elsewhere}");
    }
}

#[tokio::test]
async fn a_day_of_the_audit_trail_is_the_readers_day() {
    let app = TestApp::new().await;
    // 23:30 UTC on the 23rd: half past midnight on the 24th in Berlin, half past three in the afternoon in California.
    app.advance(chrono::TimeDelta::minutes(14 * 60 + 30));
    let wrong = [("email", OLIVIA), ("password", "wrong"), ("return_to", "/")];
    app.browser().call("sign-in", &wrong).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for (day, offset, found) in [
        ("2026-11-23", "", 1),
        ("2026-11-24", "", 0),
        ("2026-11-23", "60", 0),
        ("2026-11-24", "60", 1),
        ("2026-11-23", "-480", 1),
        ("2026-11-24", "-480", 0),
        ("2026-11-24", "nonsense", 0),
    ] {
        let form = [
            ("environment", "production"),
            ("query[action]", "operator.sign_in_failed"),
            ("query[from]", day),
            ("query[to]", day),
            ("query[from_offset]", offset),
            ("query[to_offset]", offset),
        ];
        let page = browser.call("audit/list", &form).await.expect_status(StatusCode::OK).json();
        assert_eq!(page["rows"].as_array().expect("rows").len(), found, "{day} at {offset}");
    }
    let page = browser.get("/production/audit?from=2026-11-24&to=2026-11-24&from_offset=60&to_offset=60").await;
    assert!(page.body().contains("2026-11-24, UTC+1"), "the zone is not said: {}", page.body());
    let page = browser.get("/production/audit?from=2026-11-24").await;
    assert!(page.body().contains("From 2026-11-24, UTC"), "the zone is not said: {}", page.body());
}

#[tokio::test]
async fn the_days_that_are_asked_for_most_are_links_without_script_too() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = browser.get("/production/audit?q=olivia&from=2020-01-01&from_offset=60").await;
    for (label, first) in [("Today", "2026-11-23"), ("Last 7 days", "2026-11-17"), ("Last 30 days", "2026-10-25")] {
        let address = format!("/production/audit?q=olivia&amp;from={first}&amp;to=2026-11-23");
        let link =
            page.body().split(&format!("href=\"{address}\"")).nth(1).unwrap_or_else(|| panic!("{}", page.body()));
        let link = link.split("</a>").next().expect("a link");
        assert!(link.contains(label) && !link.contains("aria-current"), "{link}");
        let chosen = browser.get(&address.replace("&amp;", "&")).await.expect_status(StatusCode::OK);
        let marked: Vec<&str> = chosen.body().split("aria-current=\"true\"").skip(1).collect();
        let link = marked.iter().filter_map(|rest| rest.split("</a>").next()).find(|rest| rest.contains(label));
        assert!(link.is_some(), "{label} is not marked: {}", chosen.body());
    }
}

#[tokio::test]
async fn a_reason_is_counted_alike_with_and_without_script() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    // 500 characters as a page with script counts them, and 509 as a form sends them.
    let lines = vec!["x".repeat(49); 10].join("\r\n");
    let reason = format!("{lines}y");
    assert_eq!(reason.chars().count() - 9, 500);
    let user = app.user_id(AMARA).await;
    let form = [("account", "northwind"), ("application", "console"), ("reason", reason.as_str())];
    let answer = browser.post(&format!("/production/users/{user}/impersonate"), &form).await;
    assert_eq!(error_in(&answer.location()), None);
    let started = app.events("impersonation.started").await;
    let kept = started[0].reason.clone().expect("a reason");
    assert!(!kept.contains('\r') && kept.chars().count() == 500, "{kept:?}");
}
