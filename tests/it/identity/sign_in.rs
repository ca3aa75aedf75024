//! The hosted sign-in page.

use axum::http::{Method, Request, StatusCode, header};
use chrono::TimeDelta;

use super::flow::{AMARA, OLIVIA, authorize_path, introspect, sign_in, signed_in, text, tokens};
use crate::support::{ResponseExt, TestApp, USER_PASSWORD, encode};

#[tokio::test]
async fn signing_in_counts_as_a_visit_and_is_in_the_accounts_log() {
    let app = TestApp::new().await;
    let visits = async |number| {
        app.count("users WHERE name = 'Amara Okafor' AND last_login_at IS NOT NULL AND visits >= 1").await == number
    };
    let mut browser = signed_in(&app, AMARA).await;
    assert!(visits(1).await);
    let events = app.events("user.signed_in").await;
    assert_eq!(events.len(), 1);
    assert!(events[0].visible_to_account);
    assert_eq!(events[0].actor_name, "Amara Okafor");
    app.advance(TimeDelta::hours(1));
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.count("users WHERE name = 'Amara Okafor' AND visits = 1").await, 1);
    app.advance(TimeDelta::hours(20));
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.count("users WHERE name = 'Amara Okafor' AND visits = 2").await, 1);
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let app = TestApp::new().await;
    let mut bodies = Vec::new();
    for (email, password) in [
        (AMARA, "not her password"),
        ("nobody@northwind.example", USER_PASSWORD),
        ("dana@northwind.example", USER_PASSWORD),
        ("giorgos@northwind.example", USER_PASSWORD),
        (AMARA, ""),
        (AMARA, &"x".repeat(2000)),
        ("sam@northwind.example", USER_PASSWORD),
    ] {
        let mut browser = app.browser();
        let page = sign_in(&mut browser, email, password).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.headers().get(header::SET_COOKIE).is_none());
        bodies.push(page.body().replace(email, ""));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].contains("The e-mail or the password is wrong."));
    assert_eq!(app.count("sessions").await, 0);
    assert_eq!(app.events("user.sign_in_failed").await.len(), 7);
    assert!(app.events("user.sign_in_failed").await.iter().all(|event| !event.description.contains('@')));
}

#[tokio::test]
async fn the_cookie_is_its_environments_and_out_of_scripts() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, AMARA, USER_PASSWORD).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("understudy_production=ubr_"), "{cookie}");
    for part in ["Path=/;", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let secret = browser.cookie("understudy_production").expect("a cookie");
    let elsewhere = Request::get("/id/staging/account/sessions")
        .header(header::COOKIE, format!("understudy_staging={secret}"))
        .body(axum::body::Body::empty())
        .expect("a request");
    let answer = app.browser().send(elsewhere).await;
    assert!(answer.location().starts_with("/id/staging/login"), "{}", answer.location());
    // It is no portal session, and no portal session is one.
    assert_eq!(browser.get("/production/users").await.status(), StatusCode::SEE_OTHER);
    let mut operator = app.operator_browser(OLIVIA).await;
    let answer = operator.get("/id/production/account/sessions").await;
    assert!(answer.location().starts_with("/id/production/login"), "{}", answer.location());
}

#[tokio::test]
async fn signing_in_again_makes_a_new_session_and_ends_the_old_one() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let old = browser.cookie("understudy_production");
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    sign_in(&mut browser, AMARA, "wrong").await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["active"], true);
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    assert_ne!(browser.cookie("understudy_production"), old);
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["active"], false);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn signing_in_leads_only_to_this_environments_own_pages() {
    let app = TestApp::new().await;
    for target in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/id/staging/account/sessions",
        "/production/users",
        "/id/production/logout",
        "/id/production/authorize/../../../x?",
        "/id/production/account/../../../production/users",
    ] {
        let mut browser = app.browser();
        let form = [("email", AMARA), ("password", USER_PASSWORD), ("continue", target)];
        let answer = browser.post("/id/production/login", &form).await;
        assert_eq!(answer.location(), "/id/production/account/sessions", "{target}");
    }
    let mut browser = app.browser();
    let form = [("email", AMARA), ("password", USER_PASSWORD), ("continue", "/id/production/account/audit")];
    assert_eq!(browser.post("/id/production/login", &form).await.location(), "/id/production/account/audit");
}

#[tokio::test]
async fn guessing_is_slowed_down_per_user_and_says_for_how_long() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let mut last = None;
    for _ in 0..11 {
        last = Some(sign_in(&mut browser, AMARA, "a guess").await);
    }
    let page = last.expect("an answer").expect_status(StatusCode::TOO_MANY_REQUESTS);
    assert!(page.headers().contains_key(header::RETRY_AFTER));
    assert!(page.body().contains("Try again in"), "{}", page.body());
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::TOO_MANY_REQUESTS);
    app.advance(TimeDelta::seconds(31));
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn no_other_site_can_post_the_hosted_forms() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, AMARA).await;
    for path in [
        "/login",
        "/logout/confirm",
        "/account/revoke-others",
        "/account/switch",
        "/account/sign-out",
        "/account/sessions/019aaf00-0000-7000-8000-000000000000/revoke",
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/id/production{path}"))
            .header(header::ORIGIN, "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(encode(&[("email", AMARA), ("password", USER_PASSWORD)])))
            .expect("a request");
        let answer = browser.clone().send(request).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_name_with_script_in_it_is_text_on_every_page() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, "zoe@northwind.example").await;
    let page = browser.get("/id/production/account/sessions").await.expect_status(StatusCode::OK);
    assert!(!page.body().contains("<script>"), "{}", page.body());
    assert!(page.body().contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.body());
    let form = [("email", "\"><script>alert(1)</script>"), ("password", "x"), ("continue", "\"><script>")];
    let page = browser.post("/id/production/login", &form).await;
    assert!(!page.body().contains("<script>"), "{}", page.body());
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let long = "x".repeat(70 * 1024);
    let answer = browser.post("/id/production/login", &[("email", &long)]).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    browser.get("/id/nowhere/login").await.expect_status(StatusCode::NOT_FOUND);
    browser.get("/id/nowhere/.well-known/openid-configuration").await.expect_status(StatusCode::NOT_FOUND);
    assert_eq!(super::flow::bare(&app, "/../nowhere/token", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_sign_in_page_names_the_application_alone_and_says_who_helps_with_a_forgotten_password() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let own = browser.get("/id/production/login").await.expect_status(StatusCode::OK);
    assert!(own.body().contains(">Production<"), "{}", own.body());
    let login = browser.get(&authorize_path("console", &[])).await.location();
    let page = browser.get(&login).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Sign in to "), "{}", page.body());
    assert!(!page.body().contains(">Production<"), "{}", page.body());
    for page in [own, page] {
        assert!(page.body().contains("Forgotten your password? Ask whoever gave you your account"), "{}", page.body());
    }
}
