//! Who may do what: the table in `docs/permissions.md`, and every door of the portal with every role.

use axum::http::StatusCode;
use leptos::server_fn::axum::server_fn_paths;
use understudy::model::operator::{Role, Roles};
use understudy::model::right::Right;
use understudy::server::portal::rights::{DOORS, Door};
use understudy::server::router::page_paths;

use crate::support::{Browser, TestApp};

/// Roles as people have them, and what the table calls them.
const HOLDERS: [(&str, &[Role]); 6] = [
    ("Owner", &[Role::Owner]),
    ("Admin", &[Role::Admin]),
    ("Backoffice Editor", &[Role::BackofficeEditor]),
    ("Backoffice Viewer", &[Role::BackofficeViewer]),
    ("Impersonator and Backoffice Viewer", &[Role::Impersonator, Role::BackofficeViewer]),
    ("Impersonator alone", &[Role::Impersonator]),
];

fn roles(held: &[Role]) -> Roles {
    held.iter().copied().collect()
}

/// The table, in the order of the doors; what several doors are for stands in it once.
fn table() -> String {
    let mut said: Vec<(&str, Right)> = Vec::new();
    for door in DOORS {
        if !said.contains(&(door.what, door.asks)) {
            said.push((door.what, door.asks));
        }
    }
    let mut table = format!("| what | {} |\n", HOLDERS.map(|(name, _)| name).join(" | "));
    table.push_str(&format!("| --- |{}\n", " --- |".repeat(HOLDERS.len())));
    for (what, right) in said {
        let may = HOLDERS.map(|(_, held)| if right.allows(roles(held)) { "yes" } else { "" });
        table.push_str(&format!("| {what} | {} |\n", may.join(" | ")));
    }
    table
}

/// Run with `UPDATE_DOCS=1` it writes the table.
#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs it says whether the table is to be written")]
fn the_table_of_permissions_is_what_the_doors_ask_for() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/permissions.md");
    let text = std::fs::read_to_string(path).expect("docs/permissions.md");
    let (begin, end) = ("<!-- table -->\n", "<!-- end of table -->\n");
    let (before, rest) = text.split_once(begin).expect("where the table begins");
    let (known, after) = rest.split_once(end).expect("where it ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{begin}{}{end}{after}", table())).expect("the file is written");
    } else {
        assert_eq!(known, table(), "run this test with UPDATE_DOCS=1");
    }
}

#[test]
fn every_page_and_every_server_function_is_among_the_doors() {
    let is_door = |method: &str, path: &str| DOORS.iter().any(|door| door.method == method && door.path == path);
    for (path, method) in server_fn_paths().filter(|(path, _)| *path != "/rpc/sign-in") {
        assert!(is_door(method.as_str(), path), "{path}");
    }
    for path in page_paths().iter().filter(|path| *path != "/sign-in" && *path != "/{environment}") {
        assert!(is_door("GET", path), "{path}");
    }
}

/// The door's address, with ids that nothing has: what is allowed is then not found, and changes nothing.
fn address(door: &Door) -> String {
    let nil = "019a0000-0000-7000-8000-000000000000";
    let parts = door.path.split('/').map(|part| match part {
        "{environment}" => "production",
        part if part.starts_with('{') => nil,
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn answer(browser: &mut Browser, door: &Door) -> StatusCode {
    let nil = "019a0000-0000-7000-8000-000000000000";
    let path = address(door);
    let form = [
        ("environment", "production"),
        ("user_id", nil),
        ("session_id", nil),
        ("event_id", nil),
        ("application_id", nil),
        ("query[q]", ""),
        ("q", "x"),
        ("request[environment]", "production"),
        ("request[user_id]", nil),
        ("request[account]", "northwind"),
        ("request[application]", "console"),
        ("request[reason]", "because of it"),
    ];
    match (door.method, path.strip_prefix("/rpc/")) {
        ("GET", _) => browser.get(&path).await.status(),
        (_, Some(endpoint)) => browser.call(endpoint, &form).await.status(),
        // As a page sends it, which is refused with a status and not by a redirect.
        (_, None) => browser.post(&path, &[]).await.status(),
    }
}

#[tokio::test]
async fn every_door_opens_for_whom_the_table_says_and_for_nobody_else() {
    let app = TestApp::new().await;
    for (name, held) in HOLDERS {
        app.set_roles("vera@understudy.example", held).await;
        let mut browser = app.operator_browser("vera@understudy.example").await;
        for door in DOORS {
            // Signing out ends the walk; of a form that leads back, the address says what became of it.
            let is_told_elsewhere =
                door.path.ends_with("/reopen") || door.path.ends_with("/impersonate") && door.method == "POST";
            if door.path == "/rpc/sign-out" || is_told_elsewhere {
                continue;
            }
            let status = answer(&mut browser, door).await;
            let is_allowed = door.asks.allows(roles(held));
            // A page with the browser module is there, and says what may not be seen; its calls are refused.
            let is_shown = door.method == "GET" && page_paths().iter().any(|path| path == door.path);
            if is_shown {
                continue;
            }
            let is_refused =
                status == StatusCode::FORBIDDEN || (door.asks == Right::Impersonate && status == StatusCode::CONFLICT);
            let is_nobody = door.asks == Right::Impersonate && status == StatusCode::NOT_FOUND;
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{name}: {} {}", door.method, door.path);
            assert!(status != StatusCode::INTERNAL_SERVER_ERROR, "{name}: {} {}", door.method, door.path);
            if !is_nobody {
                assert_eq!(is_refused, !is_allowed, "{name}: {} {} is {status}", door.method, door.path);
            }
        }
    }
}
