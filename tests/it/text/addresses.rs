//! Addresses in all their spellings.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::import;
use crate::support::{ResponseExt, TestApp, USER_PASSWORD};
use understudy::model::denial::Denial;
use understudy::model::impersonation::StartImpersonation;
use understudy::server::crypto::password::PasswordQueue;
use understudy::server::error::ServiceError;
use understudy::server::service;
use understudy::server::service::caller::ServerCaller;
use understudy::server::service::import::Kind;
use understudy::server::service::operator::NewOperator;

/// Imports a user in Northwind who may sign in with the fixture's password.
async fn user(app: &TestApp, email: &str, name: &str) -> Result<(), String> {
    let hash = app.state.passwords.hash(PasswordQueue::Hosted, USER_PASSWORD).await.expect("a hash");
    let csv =
        format!("email,name,email_verified,password_hash,accounts\n{email},{name},true,\"{hash}\",northwind:member\n");
    import(app, Kind::Users, &csv).await
}

async fn signs_in(app: &TestApp, email: &str, password: &str) -> bool {
    let form = [("email", email), ("password", password)];
    let answer = app.browser().post("/id/production/login", &form).await;
    assert!([StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status()), "{email:?}");
    answer.status() == StatusCode::SEE_OTHER
}

#[tokio::test]
async fn a_user_signs_in_with_every_spelling_of_an_international_address() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    user(&app, "info@xn--bcher-kva.example", "Ida Netz").await.expect("an import");
    user(&app, "Jose\u{301}@northwind.example", "José Prado").await.expect("an import");
    user(&app, "ΝΙΚΟΣ@northwind.example", "Νίκος").await.expect("an import");
    for spelling in [
        "info@bücher.example",
        "info@xn--bcher-kva.example",
        "INFO@BÜCHER.EXAMPLE",
        "info@bu\u{308}cher.example",
        " info@bücher.example\u{200b}",
        "ｉｎｆｏ＠bücher.example",
        "josé@northwind.example",
        "JOSE\u{301}@northwind.example",
        "νικος@northwind.example",
        "νικοσ@northwind.example",
    ] {
        assert!(signs_in(&app, spelling, USER_PASSWORD).await, "{spelling:?}");
    }
    for other in ["jose@northwind.example", "info@bucher.example"] {
        assert!(!signs_in(&app, other, USER_PASSWORD).await, "{other:?}");
    }
}

#[tokio::test]
async fn whichever_spelling_an_import_uses_it_is_one_user_shown_in_unicode() {
    let app = TestApp::new().await;
    let before = app.count("users").await;
    for (email, name) in [
        ("info@bücher.example", "Ida One"),
        ("info@xn--bcher-kva.example", "Ida Two"),
        ("Info@Bu\u{308}cher.example", "Ida Netz"),
    ] {
        user(&app, email, name).await.expect("an import");
    }
    assert_eq!(app.count("users").await, before + 1);
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get("/production/users?q=ida").await;
    assert!(page.body().contains("info@bücher.example") && page.body().contains("Ida Netz"));
}

#[tokio::test]
async fn a_letter_that_only_looks_like_another_renames_nobody() {
    let app = TestApp::new().await;
    for email in ["a\u{3164}mara@northwind.example", "am\u{200b}ara@northwind.example", "\u{212a}.x@northwind.example"]
    {
        let refusal = user(&app, email, "Somebody Else").await.expect_err("a refusal");
        assert!(refusal.contains("U+"), "{email:?}: {refusal}");
    }
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get("/production/users?q=amara").await;
    assert!(page.body().contains("Amara Okafor") && !page.body().contains("Somebody Else"));
}

#[tokio::test]
async fn nobody_impersonates_their_own_address_in_another_spelling() {
    let app = TestApp::new().await;
    for (email, id) in [("оlivia@understudy.example", "cyrillic"), ("olıvia@understudy.example", "dotless")] {
        user(&app, email, id).await.expect("an import");
        let refused = starts_own(&app, email).await;
        assert!(matches!(refused, Err(ServiceError::Denied(Denial::SelfImpersonation))), "{id}");
    }
}

async fn starts_own(app: &TestApp, email: &str) -> Result<(), ServiceError> {
    let caller = app.caller("olivia@understudy.example", "production").await;
    let request = StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id(email).await,
        account: "northwind".into(),
        application: "console".into(),
        reason: "Looking into a report".into(),
        ticket: String::new(),
    };
    service::impersonation::start(&caller, &request).await.map(drop)
}

#[tokio::test]
async fn quotes_around_an_address_make_no_other_person_of_it() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let before = app.count("users").await;
    for email in ["\"\"\"olivia\"\"@understudy.example\"", "mailto:olivia@understudy.example"] {
        user(&app, email, "Olivia Twice").await.expect("an import");
    }
    assert_eq!(app.count("users").await, before, "one mailbox is one user");
    let refused = starts_own(&app, "olivia@understudy.example").await;
    assert!(matches!(refused, Err(ServiceError::Denied(Denial::SelfImpersonation))));
    assert!(signs_in(&app, "\"Olivia\"@understudy.example", USER_PASSWORD).await);
    assert!(signs_in(&app, "mailto:olivia@understudy.example", USER_PASSWORD).await);
}

#[tokio::test]
async fn a_row_that_an_older_version_took_is_signed_in_to_and_is_nobody_elses() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    app.execute("DELETE FROM users WHERE email = 'olivia@understudy.example'").await;
    app.execute("UPDATE users SET email = '\"olivia\"@understudy.example' WHERE email = 'rita@northwind.example'")
        .await;
    app.execute("UPDATE users SET email = 'a..b@harbor.example' WHERE email = 'ben@harbor.example'").await;
    assert!(signs_in(&app, "\"olivia\"@understudy.example", USER_PASSWORD).await);
    assert!(signs_in(&app, "A..B@harbor.example", USER_PASSWORD).await);
    let refused = starts_own(&app, "\"olivia\"@understudy.example").await;
    assert!(matches!(refused, Err(ServiceError::Denied(Denial::SelfImpersonation))));
    // A start of the server gives it the spelling of today, and leaves what has none.
    app.execute("UPDATE users SET text_version = 1").await;
    service::upkeep::text_refresh::run(&app.state, u64::MAX).await.expect("a refresh");
    app.user_id("olivia@understudy.example").await;
    assert!(signs_in(&app, "\"olivia\"@understudy.example", USER_PASSWORD).await);
    assert!(signs_in(&app, "a..b@harbor.example", USER_PASSWORD).await);
}

#[tokio::test]
async fn what_no_mail_server_would_take_is_not_imported() {
    let app = TestApp::new().await;
    for email in [
        "skype:z@northwind.example",
        "<b>@northwind.example",
        "\"a,b@northwind.example\"",
        "a\\b@northwind.example",
        "\"\"\"a b\"\"@northwind.example\"",
        "\"\"\"a\\.b\"\"@northwind.example\"",
        ".a@northwind.example",
        "a..b@northwind.example",
        "a.@northwind.example",
    ] {
        let refusal = user(&app, email, "Somebody Else").await.expect_err(email);
        assert!(refusal.contains("U+") || refusal.contains("a dot") || refusal.contains("no"), "{email}: {refusal}");
    }
}

#[tokio::test]
async fn an_operator_signs_in_with_every_spelling_and_has_no_lookalike() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let create = async |email: &str| {
        let by = ServerCaller::system(&app.state);
        let password = service::operator::new_password(&by, "a-long-password").await.expect("a password");
        let roles = [understudy::model::operator::Role::Owner].into_iter().collect();
        let new = NewOperator { email, name: "Sue", password, environment_id: None, roles };
        let made = service::operator::create(&by, new).await;
        made.map(|_| ()).map_err(|error| error.to_string())
    };
    create("support@bücher.example").await.expect("an operator");
    for typed in ["support@bücher.example", "support@xn--bcher-kva.example", "SUPPORT@BÜCHER.example "] {
        let form = [("email", typed), ("password", "a-long-password"), ("return_to", "/")];
        let mut browser = app.browser();
        browser.post("/rpc/sign-in", &form).await;
        assert!(browser.cookie("understudy").is_some(), "{typed:?}");
    }
    for twin in [
        "support@xn--bcher-kva.example",
        "Olivia@understudy.example",
        "\"olivia\"@understudy.example",
        "mailto:olivia@understudy.example",
        "olivia@understudy.example\u{200b}",
        "оlivia@understudy.example",
    ] {
        let refusal = create(twin).await.expect_err("a refusal");
        assert!(refusal.contains("already"), "{twin:?}: {refusal}");
    }
}

#[tokio::test]
async fn a_password_opens_from_another_keyboard_and_an_old_hash_from_its_own() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let import_with = async |email: &str, hash: String| {
        let csv = format!("email,name,email_verified,password_hash\n{email},Pia,true,\"{hash}\"\n");
        import(&app, Kind::Users, &csv).await.expect("an import");
    };
    let today = app.state.passwords.hash(PasswordQueue::Hosted, "pässwörter sind lang").await.expect("a hash");
    import_with("pia@northwind.example", today).await;
    assert!(signs_in(&app, "pia@northwind.example", "pa\u{308}sswo\u{308}rter\u{a0}sind lang").await);
    assert!(!signs_in(&app, "pia@northwind.example", "passworter sind lang").await);
    let newest = app.state.passwords.hash(PasswordQueue::Hosted, "🫨 face sind lang").await.expect("a hash");
    import_with("pia@northwind.example", newest).await;
    assert!(signs_in(&app, "pia@northwind.example", "🫨\u{a0}face\u{202f}sind lang").await);
    // As another system hashed it: byte by byte, decomposed.
    let raw = "pa\u{308}sswort eines Mac";
    let older = {
        use argon2::PasswordHasher;
        let hash: argon2::password_hash::phc::PasswordHash =
            argon2::Argon2::default().hash_password(raw.as_bytes()).expect("a hash");
        hash.to_string()
    };
    import_with("max@northwind.example", older).await;
    assert!(signs_in(&app, "max@northwind.example", raw).await);
}

#[tokio::test]
async fn the_fields_for_an_address_take_every_letter() {
    let app = TestApp::new().await;
    for page in ["/sign-in", "/id/production/login"] {
        let answer = app.browser().get(page).await.expect_status(StatusCode::OK);
        assert!(!answer.body().contains("type=\"email\"") && answer.body().contains("inputmode=\"email\""), "{page}");
    }
}

#[tokio::test]
async fn an_application_at_an_international_host_is_sent_to_in_either_spelling() {
    let app = TestApp::new().await;
    let csv = "client_id,name,app_url,redirect_uris\n\
               books,Bücher,https://bücher.example/,https://bücher.example/callback https://xn--mller-kva.example/callback\n";
    import(&app, Kind::Applications, csv).await.expect("an import");
    let ask = async |redirect_uri: &str| {
        let query = crate::support::encode(&[
            ("client_id", "books"),
            ("response_type", "code"),
            ("scope", "openid"),
            ("prompt", "none"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("redirect_uri", redirect_uri),
        ]);
        app.browser().get(&format!("/id/production/authorize?{query}")).await
    };
    for (asked, sent) in [
        ("https://bücher.example/callback", "https://xn--bcher-kva.example/callback?"),
        ("https://xn--bcher-kva.example/callback", "https://xn--bcher-kva.example/callback?"),
        ("https://müller.example/callback", "https://xn--mller-kva.example/callback?"),
    ] {
        let answer = ask(asked).await;
        assert!(answer.status().is_redirection(), "{asked}: {}", answer.status());
        assert!(answer.location().starts_with(sent), "{asked}: {}", answer.location());
    }
    for other in
        ["https://bücher.example/Callback", "https://bücher.example:8443/callback", "https://bucher.example/callback"]
    {
        assert_eq!(ask(other).await.status(), StatusCode::BAD_REQUEST, "{other}");
    }
}

#[tokio::test]
async fn an_application_at_an_international_host_is_known_by_its_address_after_sign_out_in_either_spelling() {
    let app = TestApp::new().await;
    let csv = "client_id,name,app_url,redirect_uris,post_logout_redirect_uris\n\
               books,Bücher,https://bücher.example/,https://bücher.example/callback,https://bücher.example/bye https://xn--mller-kva.example/bye\n";
    import(&app, Kind::Applications, csv).await.expect("an import");
    let leave = async |uri: &str, more: &[(&str, &str)]| {
        let mut pairs = vec![("post_logout_redirect_uri", uri)];
        pairs.extend(more);
        let query = crate::support::encode(&pairs);
        let request = Request::get(format!("/id/production/frontegg/oauth/logout?{query}"))
            .header("accept", "text/html")
            .header("referer", "https://xn--bcher-kva.example/home")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", "cross-site");
        app.browser().send(request.body(Body::empty()).expect("a request")).await
    };
    for (asked, sent) in [
        ("https://bücher.example/bye", "https://xn--bcher-kva.example/bye"),
        ("https://xn--bcher-kva.example/bye", "https://xn--bcher-kva.example/bye"),
        ("https://müller.example/bye", "https://xn--mller-kva.example/bye"),
        ("https://xn--mller-kva.example/bye", "https://xn--mller-kva.example/bye"),
    ] {
        for (more, state) in [(&[][..], ""), (&[("state", "s")], "?state=s")] {
            let answer = leave(asked, more).await.expect_status(StatusCode::SEE_OTHER);
            assert_eq!(answer.location(), format!("{sent}{state}"), "{asked}");
        }
        // The standard's own endpoint, which is told who asks.
        let query = crate::support::encode(&[("client_id", "books"), ("post_logout_redirect_uri", asked)]);
        let answer = app.browser().get(&format!("/id/production/logout?{query}")).await;
        assert_eq!(answer.expect_status(StatusCode::SEE_OTHER).location(), sent, "{asked}");
    }
    let other = leave("https://bücher.example/Bye", &[]).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(other.body().contains("not registered"), "{}", other.body());
}
