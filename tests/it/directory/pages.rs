//! The pages on which users and accounts are made, changed and looked at, as a browser without script sees them.

use axum::http::{StatusCode, header};
use understudy::server::service::directory::account;
use understudy::server::service::directory::user;

use super::{ADAM, ED, OLIVIA, VERA, caller};
use crate::support::{Browser, ResponseExt, TestApp};

const AMARA: &str = "amara@northwind.example";
const BEN: &str = "ben@harbor.example";
const ODD: &str = "<script>alert(1)</script> עמרה e\u{301} 👩‍🚀";

/// Follows where a form leads and gives the page there.
async fn followed(browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> String {
    let answer = browser.post(path, form).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}: {}", answer.body());
    let to = answer.headers()[header::LOCATION].to_str().expect("a path").to_owned();
    browser.get(&to).await.expect_status(StatusCode::OK).into_body()
}

/// The text of the page's `main`, and nothing of its frame or data.
fn main(page: &str) -> &str {
    page.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>")).map(|(main, _)| main).expect("a page")
}

#[tokio::test]
async fn a_user_is_made_changed_locked_and_deleted_without_script() {
    let app = TestApp::new().await;
    let adam = caller(&app, ADAM).await;
    let mut browser = app.operator_browser(ADAM).await;
    browser.get("/production/users/new").await.expect_status(StatusCode::OK);
    let form = [("name", ODD), ("email", "nobody"), ("account", "nowhere")];
    let again = browser.post("/production/users/new", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(main(again.body()).contains("&lt;script&gt;alert(1)") && !main(again.body()).contains("<script>"));
    assert!(again.body().contains("value=\"nobody\""), "what was entered is still there");
    let form = [("name", ODD), ("email", "odd@northwind.example"), ("account", "northwind"), ("roles", "member")];
    let page = followed(&mut browser, "/production/users/new", &form).await;
    assert!(page.contains("The user was made."));
    let id = app.user_id("odd@northwind.example").await;
    let detail = user::get(&adam, id).await.expect("the user");
    assert_eq!(detail.name, ODD.replace("e\u{301}", "é"), "as it was typed, composed");
    assert_eq!(detail.accounts[0].roles, ["Member"]);

    let path = format!("/production/users/{id}");
    let edit = format!("{path}/edit");
    let form = [
        ("version", "1"),
        ("name", "Odd One"),
        ("email", "odd@northwind.example"),
        ("was.email_verified", "false"),
        ("locale", "de"),
        ("metadata", "{\"a\": \"<b>\"}"),
    ];
    let page = followed(&mut browser, &edit, &form).await;
    assert!(
        main(&page).contains("The user was saved.") && main(&page).contains("{&quot;a&quot;: &quot;&lt;b&gt;&quot;}")
    );
    let late = browser
        .post(
            &edit,
            &[("was.name", ODD), ("locale", "fr"), ("was.locale", "")].into_iter().chain(form).collect::<Vec<_>>(),
        )
        .await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert!(late.body().contains("Somebody else saved this"), "{}", late.body());
    let wrong = [("name", ""), ("email", "odd@northwind.example"), ("metadata", "[]")];
    let wrong = browser.post(&edit, &wrong).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body().contains("is no JSON object"));

    let silent = browser.post(&format!("{path}/lock"), &[("reason", "")]).await;
    assert_eq!(silent.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = followed(&mut browser, &format!("{path}/lock"), &[("reason", "Left the company")]).await;
    assert!(main(&page).contains("Left the company") && main(&page).contains("Undo"));
    followed(&mut browser, &format!("{path}/unlock"), &[]).await;
    followed(&mut browser, &format!("{path}/verify"), &[]).await;
    let page =
        followed(&mut browser, &format!("{path}/memberships"), &[("account", "harbor"), ("roles", "admin")]).await;
    assert!(main(&page).contains("Harbor Logistics"));
    let unknown = browser.post(&format!("{path}/memberships"), &[("account", "nowhere"), ("new", "true")]).await;
    assert!(unknown.body().contains("There is no account nowhere here."));
    assert_eq!(unknown.status(), StatusCode::UNPROCESSABLE_ENTITY);
    followed(&mut browser, &format!("{path}/memberships/remove"), &[("account", "harbor")]).await;
    let link = browser.post(&format!("{path}/link"), &[("purpose", "reset")]).await.expect_status(StatusCode::OK);
    assert!(link.body().contains("/id/production/password?link="));
    assert!(!browser.get(&edit).await.body().contains("password?link="), "it is shown once");

    let page = browser.post(&format!("{path}/delete"), &[]).await.expect_status(StatusCode::OK).into_body();
    assert!(main(&page).contains("The user was deleted.") && !page.contains("Odd One"));
    for path in [&path, &edit] {
        let gone = browser.get(path).await;
        assert_eq!(gone.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(!gone.body().contains("Odd One") && !gone.body().contains("odd@northwind.example"), "{path}");
    }
    for path in
        ["/production/audit", "/production/audit?q=odd%40northwind.example", "/production/accounts/northwind?tab=log"]
    {
        let page = browser.get(path).await.expect_status(StatusCode::OK).into_body();
        let shown = page.replace("value=\"odd@northwind.example\"", "");
        assert!(!main(&shown).contains("Odd One") && !main(&shown).contains(">odd@northwind"), "{path}");
    }
}

#[tokio::test]
async fn many_are_chosen_looked_at_and_changed_and_what_failed_is_said() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let page =
        browser.get("/production/users/bulk?in_account=northwind").await.expect_status(StatusCode::OK).into_body();
    assert!(main(&page).contains(AMARA) && !main(&page).contains(BEN));
    let (amara, ben) = (app.user_id(AMARA).await.to_string(), app.user_id(BEN).await.to_string());
    let gone = "019aaf00-0000-7000-8000-000000000000";
    let chosen = [("users", amara.as_str()), ("users", &ben), ("users", gone)];
    let none = browser.post("/production/users/bulk", &[("action", "lock"), ("reason", "Left")]).await;
    assert_eq!(none.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let nothing = browser.post("/production/users/bulk", &chosen).await;
    assert_eq!(nothing.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let step =
        |step: &'static str| [chosen.as_slice(), &[("action", "lock"), ("reason", "Left"), ("step", step)]].concat();
    let preview = browser.post("/production/users/bulk", &step("preview")).await.expect_status(StatusCode::OK);
    assert!(preview.body().contains("2 users will be locked: Left."), "{}", main(preview.body()));
    assert_eq!(app.count("users WHERE locked_at IS NOT NULL AND email <> 'dana@northwind.example'").await, 0);
    let all = [("all", "true"), ("in_account", "harbor"), ("action", "unlock")];
    let all = browser.post("/production/users/bulk", &all).await.expect_status(StatusCode::OK).into_body();
    assert!(main(&all).contains("Ben Lef") && main(&all).contains(&amara) && !main(&all).contains("Rita Reader"));
    let done = browser.post("/production/users/bulk", &step("apply")).await.expect_status(StatusCode::OK);
    assert!(done.body().contains("2 users changed, 1 not done."), "{}", main(done.body()));
    assert_eq!(app.count("users WHERE locked_at IS NOT NULL AND email <> 'dana@northwind.example'").await, 2);
}

#[tokio::test]
async fn an_account_is_made_given_an_application_renamed_and_deleted_without_script() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(ADAM).await;
    let wrong = browser.post("/production/accounts/new", &[("name", ""), ("external_id", "a b")]).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = followed(&mut browser, "/production/accounts/new", &[("name", ODD), ("external_id", "odd")]).await;
    assert!(main(&page).contains("&lt;script&gt;") && !main(&page).contains("<script>"));
    let form = [("client_id", "console"), ("default", "true"), ("version", "1")];
    let page = followed(&mut browser, "/production/accounts/odd/applications", &form).await;
    assert!(main(&page).contains("Console") && main(&page).contains("Default"));
    let late = browser.post("/production/accounts/odd/edit", &[("name", "Other"), ("version", "1")]).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    followed(&mut browser, "/production/accounts/odd/edit", &[("name", "Odd Ventures"), ("version", "2")]).await;
    followed(&mut browser, "/production/accounts/odd/applications/withdraw", &[("client_id", "console")]).await;
    // One whose external id means something else in an address is found by its id.
    let page = followed(&mut browser, "/production/accounts/new", &[("name", "Newest"), ("external_id", "new")]).await;
    assert!(main(&page).contains("Newest"));
    for path in ["", "?q=odd", "?sort=-users", "?sort=activity", "?q=nothing+of+the+kind"] {
        browser.get(&format!("/production/accounts{path}")).await.expect_status(StatusCode::OK);
    }
    for tab in ["", "?tab=applications", "?tab=sessions", "?tab=impersonations", "?tab=log", "?tab=else"] {
        browser.get(&format!("/production/accounts/northwind{tab}")).await.expect_status(StatusCode::OK);
    }
    let question = browser.get("/production/accounts/northwind/edit").await.expect_status(StatusCode::OK);
    assert!(question.body().contains("Removes 6 memberships"), "{}", main(question.body()));
    let page = followed(&mut browser, "/production/accounts/odd/delete", &[]).await;
    assert!(main(&page).contains("The account Odd Ventures was deleted."));
    let adam = caller(&app, ADAM).await;
    assert!(account::get(&adam, "odd").await.is_err());
    browser.get("/production/accounts/odd").await.expect_status(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_may_not_sees_no_button_and_is_refused_by_hand() {
    let app = TestApp::new().await;
    let id = app.user_id(AMARA).await;
    let user = format!("/production/users/{id}");
    let mut vera = app.operator_browser(VERA).await;
    for path in ["/production/users", &user, "/production/accounts", "/production/accounts/northwind?tab=applications"]
    {
        let page = vera.get(path).await.expect_status(StatusCode::OK).into_body();
        for word in ["New user", "Edit user", "New account", "accounts/northwind/edit", "Withdraw"] {
            assert!(!page.contains(word), "{word} on {path}");
        }
    }
    let edit = format!("{user}/edit");
    for path in [
        "/production/users/new",
        "/production/users/bulk",
        &edit,
        "/production/accounts/new",
        "/production/accounts/northwind/edit",
    ] {
        vera.get(path).await.expect_status(StatusCode::FORBIDDEN);
    }
    let mut ed = app.operator_browser(ED).await;
    let page = ed.get(&edit).await.expect_status(StatusCode::OK).into_body();
    assert!(!page.contains("Delete user") && !page.contains("Invitation, 72 hours"));
    let actions = ["edit", "lock", "unlock", "verify", "link", "delete", "memberships", "memberships/remove"];
    let mut refused: Vec<(bool, String)> = actions.iter().map(|action| (true, format!("{user}/{action}"))).collect();
    refused.extend([(false, format!("{user}/link")), (false, format!("{user}/delete"))]);
    for action in ["edit", "applications", "applications/withdraw", "delete"] {
        refused.push((true, format!("/production/accounts/northwind/{action}")));
    }
    refused.push((false, "/production/accounts/northwind/delete".to_owned()));
    refused.push((true, "/production/users/new".to_owned()));
    refused.push((true, "/production/accounts/new".to_owned()));
    let id = id.to_string();
    let form = [
        ("name", "Other"),
        ("email", AMARA),
        ("reason", "Left"),
        ("account", "harbor"),
        ("client_id", "dispatch"),
        ("external_id", "x"),
        ("users", id.as_str()),
        ("action", "lock"),
        ("step", "apply"),
    ];
    refused.push((true, "/production/users/bulk".to_owned()));
    for (is_vera, path) in refused {
        let browser = if is_vera { &mut vera } else { &mut ed };
        assert_eq!(browser.post(&path, &form).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(app.count("users WHERE version <> 1").await, 0);
    assert_eq!(app.count("accounts").await, 4);
    // Of another environment there is nothing, whoever asks.
    let mut olivia = app.operator_browser(OLIVIA).await;
    olivia.get(&format!("/staging/users/{id}/edit")).await.expect_status(StatusCode::NOT_FOUND);
    olivia.get("/staging/accounts/harbor").await.expect_status(StatusCode::NOT_FOUND);
}
