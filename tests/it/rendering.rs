//! Pages as they leave the server: whole, with their data, in the first answer, whoever else asks or goes away.

use std::future::poll_fn;
use std::task::Poll;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use uuid::Uuid;

use crate::support::{Browser, ResponseExt, TestApp};
use understudy::model::impersonation::StartImpersonation;
use understudy::server::router::page_paths;
use understudy::server::service;

/// What stands on a page only while its data is missing.
const WAITING: [&str; 4] = ["skeleton", "aria-busy=\"true\"", "This could not be shown", "Your sign-in has ended"];

/// The data that came with a page.
fn resources(page: &str) -> usize {
    page.matches("__RESOLVED_RESOURCES[").count()
}

#[track_caller]
fn is_whole(path: &str, page: &str, has: &[&str], data: usize) {
    for waiting in WAITING {
        assert!(!page.contains(waiting), "{path} is not done: {waiting}\n{page}");
    }
    for text in has {
        assert!(page.contains(text), "{path} has no {text:?}\n{page}");
    }
    assert_eq!(resources(page), data, "{path} carries its data along\n{page}");
    assert!(page.ends_with("</script>") && page.contains("</html>"), "{path} breaks off\n{page}");
}

/// An application and an event of production, by id.
async fn some(app: &TestApp) -> (Uuid, Uuid) {
    let caller = app.caller("olivia@understudy.example", "production").await;
    let applications = service::directory::application::list(&caller, "").await.expect("applications");
    let console = applications.rows.iter().find(|application| application.client_id == "console").expect("console");
    let events = service::audit::list(&caller, &understudy::model::audit::AuditQuery::default()).await.expect("events");
    (console.id, events.rows.first().expect("an event").id)
}

#[tokio::test]
async fn every_page_is_whole_and_carries_its_data_in_the_first_answer() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let amara = app.user_id("amara@northwind.example").await;
    let (console, _) = some(&app).await;
    for route in page_paths() {
        let (id, has, data): (String, &[&str], usize) = match route.as_str() {
            "/sign-in" => {
                let page = app.browser().get("/sign-in").await.expect_status(StatusCode::OK);
                is_whole("/sign-in", page.body(), &["name=\"password\"", "<title>Sign in"], 0);
                continue;
            }
            "/{environment}/users" => (String::new(), &["Amara Okafor", "<title>Users", "Apply"], 3),
            "/{environment}/users/{id}" => {
                (amara.to_string(), &["Harbor Logistics", "<title>Amara Okafor", "aria-label=\"Copy e-mail\""], 3)
            }
            "/{environment}/applications" => (String::new(), &["Console", "Dispatch"], 2),
            "/{environment}/applications/{id}" => (console.to_string(), &["<title>Console", "Back-channel logout"], 2),
            "/{environment}/impersonation" => (String::new(), &["No live sessions"], 2),
            "/{environment}/audit" => (String::new(), &["signed in to the portal"], 3),
            "/{environment}/keys" => (String::new(), &["RS256", "ES256"], 2),
            other => panic!("say here what {other} shows"),
        };
        let path = route.replace("{environment}", "production").replace("{id}", &id);
        let page = browser.get(&path).await.expect_status(StatusCode::OK);
        is_whole(&path, page.body(), has, data);
        is_whole(&path, page.body(), &["Olivia Owner", "Production", "Sign out"], data);
    }
}

#[tokio::test]
async fn the_breadcrumb_ends_with_the_records_name_without_script_too() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let amara = app.user_id("amara@northwind.example").await;
    let (console, _) = some(&app).await;
    for (path, name) in [
        (format!("/production/users/{amara}"), "Amara Okafor"),
        (format!("/production/applications/{console}"), "Console"),
    ] {
        let page = browser.get(&path).await.expect_status(StatusCode::OK);
        let trail = page.body().split("aria-label=\"Breadcrumb\"").nth(1).expect("a breadcrumb");
        let last = trail.split("</nav>").next().and_then(|trail| trail.split("<bdi").nth(1)).expect("a last part");
        assert!(last.contains(name), "{path}: {last}");
    }
}

#[tokio::test]
async fn a_drawer_that_the_address_opens_is_in_the_first_answer_too() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let amara = app.user_id("amara@northwind.example").await;
    let (_, event) = some(&app).await;
    for (path, has) in [
        (format!("/production/users?impersonate={amara}"), "impersonate-form"),
        (
            format!(
                "/production/users?q=okafor&sort=name&impersonate={amara}&__path=%2Frpc%2Fimpersonation%2Fstart&__err=eyJJbnZhbGlkIjpbeyJmaWVsZCI6InJlYXNvbiIsIm1lc3NhZ2UiOiIifV19"
            ),
            "impersonate-form",
        ),
        (format!("/production/users/{amara}?impersonate=1"), "impersonate-form"),
        (format!("/production/audit?event={event}"), "Event id"),
    ] {
        let page = browser.get(&path).await.expect_status(StatusCode::OK);
        is_whole(&path, page.body(), &[has, "<dialog"], 3);
    }
    let nobody = format!("/production/users?impersonate={}", Uuid::nil());
    let page = browser.get(&nobody).await.expect_status(StatusCode::NOT_FOUND);
    is_whole(&nobody, page.body(), &["Amara Okafor", "Nothing here"], 3);
}

#[tokio::test]
async fn what_a_role_may_not_see_is_said_on_a_page_that_is_whole() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("ivy@understudy.example").await;
    let page = browser.get("/production/users").await.expect_status(StatusCode::FORBIDDEN);
    is_whole("/production/users", page.body(), &["Your role does not allow this", "Ivy Impersonator"], 3);
}

#[tokio::test]
async fn a_folded_session_is_as_severe_as_its_gravest_event() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let request = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id("amara@northwind.example").await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "because".to_owned(),
        ticket: String::new(),
    };
    let started = service::impersonation::start(&caller, &request).await.expect("it starts");
    service::impersonation::end(&caller, started.session_id).await.expect("it ends");
    // The newest is the end, of which nobody need take notice; the start below it is what one wants to find again.
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get("/production/audit?only=impersonated").await.expect_status(StatusCode::OK);
    assert!(page.body().contains("title=\"The gravest of these 2 events is medium.\""), "{}", page.body());
}

#[tokio::test]
async fn an_unknown_address_below_an_environment_keeps_its_frame() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    for path in ["/production/nothing-here", "/production/users/a/b", "/production/nothing/at/all/", "/staging/x?q=1"] {
        let page = browser.get(path).await.expect_status(StatusCode::NOT_FOUND);
        is_whole(path, page.body(), &["Nothing here", "Olivia Owner", "Sign out", "id=\"navigation\""], 1);
    }
    // Whoever is not signed in is asked to, as on every page of the portal.
    let stranger = app.browser().get("/production/nothing-here").await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(stranger.location(), "/sign-in?return_to=%2Fproduction%2Fnothing-here");
    // Files, calls and the provider's pages have no frame, but a way on for people.
    for (path, way) in [
        ("/assets/gone.js", "href=\"/\""),
        ("/nothing.txt", "href=\"/\""),
        ("/sign-in/", "href=\"/\""),
        ("/docs/nothing", "href=\"/\""),
        ("/metrics/nothing", "href=\"/\""),
        ("/id/production/nothing/here", "href=\"/id/production/account/sessions\""),
    ] {
        let page = browser.get(path).await.expect_status(StatusCode::NOT_FOUND);
        assert!(page.body().contains(way) && !page.body().contains("id=\"navigation\""), "{path}: {}", page.body());
    }
    let request = Request::get("/production/nothing-here").body(Body::empty()).expect("a request");
    let program = browser.send(request).await.expect_status(StatusCode::NOT_FOUND);
    assert!(!program.body().contains("<html"), "a line for programs: {}", program.body());
}

#[tokio::test]
async fn a_word_that_is_no_page_has_the_frame_for_operators_and_a_plain_page_for_others() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    for path in ["/nothing", "/nothing/", "/nothing?x=1"] {
        let page = browser.get(path).await.expect_status(StatusCode::NOT_FOUND);
        is_whole(
            path,
            page.body(),
            &["Nothing here", "Olivia Owner", "Sign out", "Choose one", "/production/users"],
            1,
        );
        let stranger = app.browser().get(path).await.expect_status(StatusCode::NOT_FOUND);
        assert!(!stranger.body().contains("id=\"navigation\""), "{path}: {}", stranger.body());
        assert!(stranger.body().contains("href=\"/\""), "{path}: {}", stranger.body());
    }
    // An environment's own word names it.
    let page = browser.get("/production").await.expect_status(StatusCode::NOT_FOUND);
    is_whole("/production", page.body(), &["Nothing here", "Production"], 1);
}

#[tokio::test]
async fn no_address_breaks_a_page() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let amara = app.user_id("amara@northwind.example").await;
    for (path, status) in [
        ("/nowhere/users", 404),
        ("/pro%64uction/users", 200),
        ("/production%2Fusers/users", 404),
        ("/a+b/users", 404),
        ("/%ff/users", 404),
        ("/%00/users", 404),
        ("/sign-in/users", 404),
        ("/production/users/..", 404),
        ("/production/users/%2e%2e", 404),
        ("/production/users/.", 200),
        ("/production/users/not-an-id", 404),
        ("/production/applications/%F0%9F%92%A9", 404),
        ("/production/users?impersonate=nonsense", 200),
        ("/production/users?q=%", 200),
        ("/production/users?q=%ff%00&sort=%zz", 200),
        ("/production/users?q='&q=a+b&&=&x", 200),
        ("/production/users?cursor=%F0%9F%92%A9", 200),
        ("/production/audit?event=nonsense&from=never", 200),
        ("/production/users?q=a?b=c/d", 200),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status().as_u16(), status, "{path}\n{}", page.body());
        assert!(page.body().contains("</html>") && page.body().ends_with("</script>"), "{path}\n{}", page.body());
    }
    let upper = format!("/production/users/{}", amara.to_string().to_uppercase());
    browser.get(&upper).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn every_script_of_a_page_has_the_nonce_of_its_policy() {
    let app = TestApp::new().await;
    let page = app.operator_browser("olivia@understudy.example").await.get("/production/users").await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("a policy").to_owned();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
    let scripts: Vec<&str> = page.body().split("<script").skip(1).collect();
    assert!(scripts.len() >= 3, "the theme, the start, the data");
    for script in scripts {
        assert!(script.split('>').next().is_some_and(|head| head.contains(&format!("nonce=\"{nonce}\""))), "{script}");
    }
}

#[tokio::test]
async fn data_that_looks_like_markup_stays_data() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get("/production/users").await.expect_status(StatusCode::OK);
    let shown = "Zoe &lt;/title&gt;&lt;script&gt;alert(1)";
    assert!(page.body().contains(shown), "as text, where it is shown");
    assert!(!page.body().contains("<script>alert(1)"));
    let before = page.body().split(shown).next().and_then(|before| before.rsplit("href=\"").next());
    let user = before.and_then(|link| link.split('"').next()).expect("the user's page");
    let page = browser.get(user).await.expect_status(StatusCode::OK);
    assert!(page.body().contains(r"Zoe \u003c/title>\u003cscript>alert(1)"), "escaped, where it travels along");
    assert!(!page.body().contains("<script>alert(1)"));
}

#[tokio::test]
async fn fifty_users_fit_into_sixty_kilobytes_with_one_menu_for_all_and_nobody_twice() {
    let app = TestApp::new().await;
    crate::support::fixture::add_users(&app.state, 60).await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get("/production/users").await.expect_status(StatusCode::OK);
    assert_eq!(page.body().matches("<tr").count(), 51, "a head and fifty rows");
    assert!(page.body().len() < 60_000, "the page has {} bytes", page.body().len());
    assert_eq!(page.body().matches("id=\"user-menu\"").count(), 1);
    let id = app.user_id("person59@many.example").await.to_string();
    let denied = page.body().matches("class=\"row-action\" disabled").count();
    assert_eq!(
        (page.body().matches(&id).count(), denied),
        (1, 50),
        "only the user's page: who has no account has no drawer"
    );
    assert_eq!(page.body().matches("person59@many.example").count(), 1);
}

/// Asks for a page and goes away after the server has been at it `steps` times, if it is not done by then.
async fn gives_up(mut browser: Browser, path: String, steps: usize) {
    let mut asking = Box::pin(async move { browser.get(&path).await.status() });
    let mut left = steps;
    poll_fn(|context| match asking.as_mut().poll(context) {
        Poll::Pending if left > 0 => {
            left -= 1;
            Poll::Pending
        }
        _ => Poll::Ready(()),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_pages_at_a_time_come_whole_while_other_browsers_go_away() {
    let app = TestApp::new().await;
    let browser = app.operator_browser("olivia@understudy.example").await;
    let amara = app.user_id("amara@northwind.example").await;
    let pages = [
        ("/production/users".to_owned(), "Amara Okafor", 3),
        (format!("/production/users/{amara}"), "Harbor Logistics", 3),
        (format!("/production/users?impersonate={amara}"), "impersonate-form", 3),
        ("/production/audit".to_owned(), "signed in to the portal", 3),
        ("/production/keys".to_owned(), "RS256", 2),
    ];
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..500 {
        let mut browser = browser.clone();
        let (path, has, data) = pages[number % pages.len()].clone();
        asking.spawn(async move {
            if number % 3 == 0 {
                return gives_up(browser, path, number / 3 % 12).await;
            }
            let page = browser.get(&path).await.expect_status(StatusCode::OK);
            is_whole(&path, page.body(), &[has], data);
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked.expect("a page that is whole");
    }
}
