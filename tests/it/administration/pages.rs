//! The pages: what they show to whom, and what their forms do, without script.

use axum::http::StatusCode;
use understudy::server::service::operator;

use super::{ADAM, ED, IVY, OLIVIA, VERA, environment_id, operator_id, own};
use crate::support::{Browser, ResponseExt, TestApp};

/// All pages, and all actions, of operators and environments; `{operator}` and `{environment}` stand for ids.
const PAGES: [&str; 5] = [
    "/production/operators",
    "/production/operators/new",
    "/production/operators/{operator}",
    "/production/environments",
    "/production/environments/{environment}",
];
const ACTIONS: [&str; 11] = [
    "/production/operators/new",
    "/production/operators/{operator}",
    "/production/operators/{operator}/link",
    "/production/operators/{operator}/suspend",
    "/production/operators/{operator}/enable",
    "/production/operators/{operator}/sign-out",
    "/production/operators/{operator}/remove",
    "/production/environments/new",
    "/production/environments/{environment}",
    "/production/environments/{environment}/move",
    "/production/environments/{environment}/archive",
];

async fn filled(app: &TestApp, path: &str) -> String {
    let operator = operator_id(app, VERA).await.to_string();
    let environment = environment_id(app, "staging").await.to_string();
    path.replace("{operator}", &operator).replace("{environment}", &environment)
}

/// What a page says first that is not there for who asks.
const FORBIDDEN: &str = "Your role does not allow this";

async fn done(browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> String {
    let location = browser.post(path, form).await.expect_status(StatusCode::SEE_OTHER).location();
    browser.get(&location).await.expect_status(StatusCode::OK).into_body()
}

#[tokio::test]
async fn who_may_not_is_refused_by_every_page_and_every_action() {
    let app = TestApp::new().await;
    let form = [("name", "New"), ("email", "new@desk.example"), ("roles", "owner"), ("slug", "qa"), ("way", "up")];
    let before = app.count("audit_events").await;
    for email in [ED, VERA, IVY, ADAM] {
        let mut browser = app.operator_browser(email).await;
        for page in PAGES {
            // An Admin sees operators.
            let sees = email == ADAM && page.contains("/operators") && !page.ends_with("/new");
            let expected = if sees { StatusCode::OK } else { StatusCode::FORBIDDEN };
            let answer = browser.get(&filled(&app, page).await).await.expect_status(expected);
            assert_eq!(answer.body().contains(FORBIDDEN), !sees, "{email} at {page}");
        }
        for action in ACTIONS {
            browser.post(&filled(&app, action).await, &form).await.expect_status(StatusCode::FORBIDDEN);
        }
    }
    let signed_in = app.count("audit_events WHERE action = 'operator.signed_in'").await;
    assert_eq!(app.count("audit_events").await - before, signed_in, "nothing else was done");
}

#[tokio::test]
async fn whoever_is_not_signed_in_gets_nothing() {
    let app = TestApp::new().await;
    for page in PAGES {
        app.browser().get(&filled(&app, page).await).await.expect_status(StatusCode::SEE_OTHER);
    }
    for action in ACTIONS {
        app.browser().post(&filled(&app, action).await, &[]).await.expect_status(StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn who_may_see_finds_no_button_that_is_not_theirs() {
    let app = TestApp::new().await;
    let page = filled(&app, "/production/operators/{operator}").await;
    let seen = app.operator_browser(ADAM).await.get(&page).await.expect_status(StatusCode::OK).into_body();
    assert!(seen.contains("vera@understudy.example") && seen.contains("Backoffice Viewer"), "{seen}");
    for part in ["/suspend\"", "/remove\"", "/link\"", "/sign-out\"", "Save roles"] {
        assert!(!seen.contains(part) || part == "/sign-out\"" && !seen.contains(&format!("{page}/sign-out")), "{part}");
    }
    let list = app.operator_browser(ADAM).await.get("/production/operators").await.into_body();
    assert!(!list.contains("Invite operator"));
    let owner = app.operator_browser(OLIVIA).await.get(&page).await.into_body();
    for part in ["/suspend\"", "/remove\"", "/link\"", "Save roles"] {
        assert!(owner.contains(part), "no {part}");
    }
    let olivia = operator_id(&app, OLIVIA).await;
    let own_page = app.operator_browser(OLIVIA).await.get(&format!("/production/operators/{olivia}")).await.into_body();
    assert!(own_page.contains("this is you") && !own_page.contains("/suspend\"") && !own_page.contains("/remove\""));
}

#[tokio::test]
async fn an_operator_is_invited_given_roles_suspended_and_removed_by_forms_alone() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let refused = browser.post("/production/operators/new", &[("name", ""), ("email", "nina")]).await;
    let refused = refused.expect_status(StatusCode::UNPROCESSABLE_ENTITY).into_body();
    for part in ["This is empty.", "is not an e-mail address", "Choose a role at least.", "value=\"nina\""] {
        assert!(refused.contains(part), "no {part:?} in {refused}");
    }
    let form = [
        ("name", "Nina <b>New</b>"),
        ("email", "nina@desk.example"),
        ("roles", "backoffice_viewer"),
        ("roles", "impersonator"),
        ("roles.staging", "admin"),
    ];
    let shown = browser.post("/production/operators/new", &form).await.expect_status(StatusCode::OK).into_body();
    let code =
        shown.split("/invitation?link=").nth(1).expect("a link").split(['"', '<']).next().expect("its end").to_owned();
    assert!(code.starts_with("uol_"), "{code}");
    assert!(!shown.contains("<b>New</b>"), "a name is text");
    let nina = operator_id(&app, "nina@desk.example").await;
    let path = format!("/production/operators/{nina}");
    let page = browser.get(&path).await.expect_status(StatusCode::OK).into_body();
    for part in
        ["Invited", "Impersonator · Backoffice Viewer in all environments", "Admin in Staging", "New invitation link"]
    {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    let mut hers = app.browser();
    let chosen = [("link", code.as_str()), ("password", "a-few-good-words"), ("password_again", "a-few-good-words")];
    hers.post("/invitation", &chosen).await.expect_status(StatusCode::SEE_OTHER);
    hers.get("/production/users").await.expect_status(StatusCode::OK);

    let version = version_in(&browser.get(&path).await.into_body());
    let fewer = [("version", version.as_str()), ("roles", "backoffice_viewer")];
    let saved = done(&mut browser, &path, &fewer).await;
    assert!(saved.contains("were saved.") && !saved.contains("Admin in Staging"), "{saved}");
    let late = browser.post(&path, &[("version", version.as_str()), ("roles", "admin")]).await;
    let late = late.expect_status(StatusCode::CONFLICT).into_body();
    assert!(late.contains("Somebody else saved this") && late.contains("Stored by now: Backoffice Viewer"), "{late}");

    let suspended = done(&mut browser, &format!("{path}/suspend"), &[]).await;
    assert!(suspended.contains("The operator is suspended: 1 portal session") && suspended.contains("Let in again"));
    hers.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    done(&mut browser, &format!("{path}/enable"), &[]).await;
    let link = browser.post(&format!("{path}/link"), &[]).await.expect_status(StatusCode::OK).into_body();
    assert!(link.contains("for one hour") && link.contains("/invitation?link=uol_"), "{link}");
    done(&mut browser, &format!("{path}/sign-out"), &[]).await;
    let list = done(&mut browser, &format!("{path}/remove"), &[]).await;
    assert!(list.contains("The operator was removed") && !list.contains("nina@desk.example"), "{list}");
    browser.get(&path).await.expect_status(StatusCode::NOT_FOUND);
}

fn version_in(page: &str) -> String {
    let rest = page.split("name=\"version\" value=\"").nth(1).expect("a version");
    rest.split('"').next().expect("its end").to_owned()
}

#[tokio::test]
async fn what_stands_against_an_action_is_said_on_the_operators_page() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (operator_id(&app, OLIVIA).await, operator_id(&app, ADAM).await);
    let mut browser = app.operator_browser(OLIVIA).await;
    let own_path = format!("/production/operators/{olivia}");
    let refused = browser.post(&format!("{own_path}/suspend"), &[]).await;
    assert!(refused.expect_status(StatusCode::UNPROCESSABLE_ENTITY).body().contains("You cannot suspend yourself"));
    let raised = browser.post(&own_path, &[("roles", "owner"), ("roles", "impersonator")]).await;
    assert!(raised.expect_status(StatusCode::UNPROCESSABLE_ENTITY).body().contains("Nobody gives themselves a role"));
    done(&mut browser, &format!("/production/operators/{adam}/suspend"), &[]).await;
    let last = browser.post(&own_path, &[("roles", "admin")]).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(last.body().contains("Nobody gives themselves a role"), "{}", last.body());
    let last = browser.post(&own_path, &[]).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(last.body().contains("Olivia Owner is the last Owner of all environments"), "{}", last.body());
}

#[tokio::test]
async fn environments_are_made_changed_moved_and_archived_by_forms_alone() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let refused = browser.post("/production/environments/new", &[("name", ""), ("slug", "S T")]).await;
    let refused = refused.expect_status(StatusCode::UNPROCESSABLE_ENTITY).into_body();
    assert!(refused.contains("name is empty") && refused.contains("cannot name an environment"), "{refused}");
    let list = done(&mut browser, "/production/environments/new", &[("name", "Quality"), ("slug", "qa")]).await;
    assert!(list.contains("The environment Quality was made."), "{list}");
    let path = format!("/production/environments/{}", environment_id(&app, "qa").await);
    let page = browser.get(&path).await.expect_status(StatusCode::OK).into_body();
    let version = version_in(&page);
    let change = [
        ("version", version.as_str()),
        ("name", "QA"),
        ("was.name", "Quality"),
        ("colour", "teal"),
        ("was.colour", ""),
    ];
    let saved = done(&mut browser, &path, &change).await;
    assert!(saved.contains("value=\"QA\"") && saved.contains("menu-item env-2"), "{saved}");
    let late =
        [("version", version.as_str()), ("name", "Kept"), ("was.name", "Quality"), ("colour", ""), ("was.colour", "")];
    let late = browser.post(&path, &late).await.expect_status(StatusCode::CONFLICT).into_body();
    for part in ["value=\"Kept\"", "Take theirs", "name=\"now.name\" value=\"QA\""] {
        assert!(late.contains(part), "no {part:?} in {late}");
    }
    done(&mut browser, &format!("{path}/move"), &[("way", "up")]).await;
    let order = app.count("environments WHERE slug = 'qa' AND position = 1").await;
    assert_eq!(order, 1);
    let list = done(&mut browser, &format!("{path}/archive"), &[]).await;
    assert!(list.contains("The environment is archived; 0 impersonations ended."), "{list}");
    browser.get("/qa/users").await.expect_status(StatusCode::NOT_FOUND);
    done(&mut browser, &format!("{path}/restore"), &[]).await;
    browser.get("/qa/users").await.expect_status(StatusCode::OK);
    // From within the environment itself.
    let within = path.replacen("/production/", "/qa/", 1);
    let answer = browser.post(&format!("{within}/archive"), &[]).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/");
}

#[tokio::test]
async fn the_page_of_an_operator_shows_where_they_are_signed_in_and_what_they_did_as_users() {
    let app = TestApp::new().await;
    let vera = operator_id(&app, VERA).await;
    let mut hers = app.operator_browser(VERA).await;
    let user = app.user_id("amara@northwind.example").await;
    let form =
        [("account", "northwind"), ("application", "console"), ("reason", "Looking into it"), ("ticket", "SUP-7")];
    for _ in 0..52 {
        hers.post(&format!("/production/users/{user}/impersonate"), &form).await;
        app.advance(chrono::TimeDelta::seconds(40));
    }
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = browser.get(&format!("/production/operators/{vera}")).await.expect_status(StatusCode::OK).into_body();
    for part in ["Amara Okafor", "Looking into it", "SUP-7", "Northwind Traders · Console", "Live", "50 impersonations"]
    {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    let next = page.split("rel=\"next\" href=\"").nth(1).expect("a next page").split('"').next().expect("its end");
    let next = browser.get(&next.replace("&amp;", "&")).await.expect_status(StatusCode::OK).into_body();
    assert!(next.contains("2 impersonations"), "{next}");
    let elsewhere = browser.get(&format!("/staging/operators/{vera}")).await.into_body();
    assert!(!elsewhere.contains("Amara Okafor"), "each environment shows its own");
    let detail = operator::detail(&app.caller(OLIVIA, "production").await, vera, "").await.expect("Vera");
    assert_eq!(detail.sessions.len(), 1);
}
