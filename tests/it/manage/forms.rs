//! What every form does, by those of roles.

use axum::http::StatusCode;

use super::{first_id, hidden};
use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp};

const ODD: [&str; 4] = ["<script>alert(1)</script>", "مرحبا بالعالم", "👩‍👩‍👧‍👦 family", "Zoe\u{308} O’Hara"];

#[tokio::test]
async fn a_role_is_made_changed_and_deleted_without_script_and_each_page_says_so_once() {
    let app = TestApp::new().await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let form = [("name", "Billing"), ("key", "billing"), ("permissions", "invoices.read\r\ninvoices.write\r\n")];
    let made = olivia.post("/production/roles/new", &form).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(made.location(), "/production/roles");
    let list = olivia.get("/production/roles").await.expect_status(StatusCode::OK);
    assert!(list.body().contains("The role Billing was made.") && list.body().contains("invoices.write"));
    assert!(!olivia.get("/production/roles").await.body().contains("was made"), "it is said once");
    let events = app.events("role.created").await.len();
    assert_eq!(events, 1);

    let page = olivia.get("/production/roles").await;
    let (_, rest) = page
        .body()
        .split_once(">Billing<")
        .map(|(before, _)| before.rsplit_once("/roles/").expect("a link"))
        .expect("it");
    let path = format!("/production/roles/{}", &rest[..36]);
    let version = hidden(olivia.get(&path).await.body(), "version");
    let form = [("version", version.as_str()), ("name", "Invoices"), ("permissions", "invoices.read")];
    olivia.post(&path, &form).await.expect_status(StatusCode::SEE_OTHER);
    let page = olivia.get(&path).await;
    assert!(page.body().contains("The role was saved.") && page.body().contains("Delete the role Invoices?"));
    assert!(page.body().contains("Nobody has it."), "what a deletion does is said before");
    olivia.post(&format!("{path}/delete"), &[]).await.expect_status(StatusCode::SEE_OTHER);
    olivia.get(&path).await.expect_status(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_that_is_refused_comes_back_with_everything_in_it_and_each_error_at_its_field() {
    let app = TestApp::new().await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    for name in ODD {
        let form = [("name", name), ("key", "two words"), ("permissions", "a b\r\nc")];
        let page = olivia.post("/production/roles/new", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!page.body().contains("<script>alert"), "{name} is text");
        let shown = name.replace('<', "&lt;").replace('>', "&gt;");
        assert!(page.body().contains(&shown), "{name} is still there: {}", page.body());
        assert!(page.body().contains("two words has") || page.body().contains("two words "), "the key is wrong");
        assert!(page.body().contains("a b is no permission"), "and a permission, at once");
        assert_eq!(page.body().matches("aria-invalid=\"true\"").count(), 2);
        assert!(page.body().contains("a b\nc</textarea>") || page.body().contains("a b\r\nc</textarea>"));
    }
    let long = "x".repeat(300);
    let page = olivia.post("/production/roles/new", &[("name", &long), ("key", "long")]).await;
    page.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(app.events("role.created").await.len(), 0, "nothing was made");
}

#[tokio::test]
async fn the_second_of_two_who_edit_one_thing_sees_both_versions_and_chooses() {
    let app = TestApp::new().await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let mut adam = app.operator_browser("adam@understudy.example").await;
    let path = format!("/production/roles/{}", first_id(&mut olivia, "roles").await);
    let seen = olivia.get(&path).await;
    let version = hidden(seen.body(), "version");
    let (name, permissions) = (hidden(seen.body(), "was.name"), hidden(seen.body(), "was.permissions"));
    let theirs = [
        ("version", version.as_str()),
        ("name", "Adam’s name"),
        ("permissions", "users.write\naccount.audit.read\nadams.own"),
    ];
    adam.post(&path, &theirs).await.expect_status(StatusCode::SEE_OTHER);

    let mine = [
        ("version", version.as_str()),
        ("name", "Olivia’s name"),
        ("was.name", name.as_str()),
        ("permissions", permissions.as_str()),
        ("was.permissions", permissions.as_str()),
    ];
    let page = olivia.post(&path, &mine).await.expect_status(StatusCode::CONFLICT);
    assert!(page.body().contains("Somebody else saved this while you were editing"));
    assert!(page.body().contains("value=\"Olivia’s name\"") && page.body().contains("Adam’s name"), "{}", page.body());
    assert_eq!(
        page.body().matches("Somebody else changed this too").count(),
        1,
        "what she had not touched is his already"
    );
    assert!(page.body().contains("adams.own"));
    let newer = hidden(page.body(), "version");
    assert_ne!(newer, version);

    let chosen = [
        ("version", newer.as_str()),
        ("name", "Olivia’s name"),
        ("now.name", "Adam’s name"),
        ("take.name", "theirs"),
        ("permissions", "adams.own"),
    ];
    olivia.post(&path, &chosen).await.expect_status(StatusCode::SEE_OTHER);
    assert!(olivia.get(&path).await.body().contains("value=\"Adam’s name\""));
}

#[tokio::test]
async fn a_form_that_is_sent_after_the_sign_in_has_ended_loses_nothing() {
    let app = TestApp::new().await;
    let mut nobody = app.browser();
    let form = [
        ("name", "Billing <b>"),
        ("key", "billing"),
        ("permissions", "invoices.read"),
        ("password", "hunter2-hunter2"),
    ];
    let asked = nobody.post("/production/roles/new", &form).await.expect_status(StatusCode::UNAUTHORIZED);
    assert!(asked.body().contains("Your sign-in has ended") && asked.body().contains("Billing &lt;b&gt;"));
    assert!(!asked.body().contains("hunter2"), "secrets are typed again");
    let wrong = [
        ("sign_in.path", "/production/roles/new"),
        ("sign_in.email", "olivia@understudy.example"),
        ("sign_in.password", "wrong"),
    ];
    let again: Vec<_> = wrong.into_iter().chain(form).collect();
    let asked = nobody.post("/sign-in/again", &again).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.body().contains("Billing &lt;b&gt;"), "still there");
    let right = [
        ("sign_in.path", "/production/roles/new"),
        ("sign_in.email", "olivia@understudy.example"),
        ("sign_in.password", OPERATOR_PASSWORD),
    ];
    let again: Vec<_> = right.into_iter().chain(form).collect();
    let goes_on = nobody.post("/sign-in/again", &again).await.expect_status(StatusCode::OK);
    assert!(
        goes_on.body().contains("action=\"/production/roles/new\"") && goes_on.body().contains("Billing &lt;b&gt;")
    );
    assert_eq!(app.events("role.created").await.len(), 0, "nothing is done before it is said once more");
    nobody.post("/production/roles/new", &form).await.expect_status(StatusCode::SEE_OTHER);
    for elsewhere in ["https://evil.example/", "//evil.example", "/rpc/sign-out", ""] {
        let again = [
            ("sign_in.path", elsewhere),
            ("sign_in.email", "olivia@understudy.example"),
            ("sign_in.password", OPERATOR_PASSWORD),
        ];
        app.browser().post("/sign-in/again", &again).await.expect_status(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn who_may_not_sees_no_button_and_is_refused_by_hand() {
    let app = TestApp::new().await;
    let mut vera = app.operator_browser("vera@understudy.example").await;
    let list = vera.get("/production/roles").await.expect_status(StatusCode::OK);
    assert!(!list.body().contains("/roles/new"));
    let path = format!("/production/roles/{}", first_id(&mut vera, "roles").await);
    let page = vera.get(&path).await.expect_status(StatusCode::OK);
    assert!(!page.body().contains("<form class=\"card") && !page.body().contains("/delete"));
    vera.get("/production/roles/new").await.expect_status(StatusCode::FORBIDDEN);
    for (path, form) in
        [("/production/roles/new", [("name", "x"), ("key", "x")]), (path.as_str(), [("name", "x"), ("key", "x")])]
    {
        let refused = vera.post(path, &form).await.expect_status(StatusCode::FORBIDDEN);
        assert!(refused.body().contains("Your role does not allow this"), "{}", refused.body());
    }
    vera.post(&format!("{path}/delete"), &[]).await.expect_status(StatusCode::FORBIDDEN);
    app.operator_browser("ivy@understudy.example")
        .await
        .get("/production/roles")
        .await
        .expect_status(StatusCode::FORBIDDEN);
    vera.get("/nowhere/roles").await.expect_status(StatusCode::NOT_FOUND);
}
