//! Finding people and events as support staff type what they have.

use std::fmt::Write;

use super::import;
use crate::support::TestApp;
use understudy::model::audit::AuditQuery;
use understudy::model::impersonation::StartImpersonation;
use understudy::model::user::UserQuery;
use understudy::server::error::{ServiceError, ServiceResult};
use understudy::server::service;
use understudy::server::service::import::Kind;

const PEOPLE: &str = "email,name,accounts\n\
    n1@acc.example,İpek Işık,northwind:member\n\
    n2@acc.example,Jose\u{301} Nu\u{301}n\u{303}ez,\n\
    n3@acc.example,Łukasz Żak,\n\
    n4@acc.example,Émile Åberg,\n\
    n5@acc.example,Zacharias Zorn,\n\
    n6@acc.example,ΓΙΩΡΓΟΣ ΝΊΚΟΣ,\n\
    n7@acc.example,Nguyễn Đức,\n\
    n8@acc.example,Jörg Weiß,\n\
    n9@acc.example,李小龙,\n\
    n10@acc.example,Ｗｉｄｅ Ｎａｍｅ,\n\
    n11@acc.example,Bo Li,\n\
    k.nowak@northwind.example,Katarzyna Nowak,northwind:member\n\
    info@bücher.example,Ann O’Neil–Smith,\n";

async fn app() -> TestApp {
    let app = TestApp::new().await;
    import(&app, Kind::Users, PEOPLE).await.expect("an import");
    app
}

async fn emails(app: &TestApp, q: &str) -> Vec<String> {
    let caller = app.caller("olivia@understudy.example", "production").await;
    let query = UserQuery { q: q.into(), sort: "name".into(), ..UserQuery::default() };
    service::directory::user::list(&caller, &query)
        .await
        .expect("a page")
        .rows
        .iter()
        .map(|row| row.email.clone())
        .collect()
}

#[tokio::test]
async fn a_name_is_found_with_its_accents_and_without() {
    let app = app().await;
    for (typed, found) in [
        ("ipek", "n1"),
        ("ısık", "n1"),
        ("José", "n2"),
        ("jose\u{301}", "n2"),
        ("nunez", "n2"),
        ("NÚÑEZ", "n2"),
        ("lukasz", "n3"),
        ("zak", "n3"),
        ("emile", "n4"),
        ("aberg", "n4"),
        ("aaberg", "n4"),
        ("γιώργος", "n6"),
        ("ΝΙΚΟΣ", "n6"),
        ("νίκος", "n6"),
        ("nguyen duc", "n7"),
        ("joerg", "n8"),
        ("weiss", "n8"),
        ("WEISS", "n8"),
        ("小龙", "n9"),
        ("wide name", "n10"),
        ("ｚａｃｈａｒｉａｓ", "n5"),
    ] {
        assert_eq!(emails(&app, typed).await, [format!("{found}@acc.example")], "{typed}");
    }
    assert_eq!(emails(&app, "o'neil-smith").await, ["info@bücher.example"]);
    assert_eq!(emails(&app, "bo").await, ["n11@acc.example"]);
    assert_eq!(emails(&app, "li bo").await, ["n11@acc.example"]);
}

#[tokio::test]
async fn what_support_pastes_leads_to_the_one_person() {
    let app = app().await;
    let id = app.user_id("k.nowak@northwind.example").await;
    for typed in [
        id.to_string(),
        format!("sub={id},"),
        format!("urn:uuid:{id}"),
        "Nowak Katarzyna".into(),
        "katarzyna  nowak".into(),
        "Nowak, Katarzyna".into(),
        "Katarzyna Nowak <k.nowak@northwind.example>".into(),
        "mailto:k.nowak@northwind.example".into(),
        "\"k.nowak@northwind.example\"".into(),
        "k.nowak@northwind.example\u{200b}".into(),
        "k.nowak@northwind.example.".into(),
        " k.nowak@northwind.example ".into(),
        "K.NOWAK@NORTHWIND.EXAMPLE;".into(),
        "(k.nowak@northwind.example)".into(),
        "‘k.nowak@northwind.example’".into(),
        "‹k.nowak@northwind.example›…".into(),
        "*k.nowak@northwind.example*".into(),
        "`k.nowak@northwind.example`".into(),
        "Katarzyna Nowak - k.nowak@northwind.example".into(),
        "👋 Katarzyna Nowak • k.nowak@northwind.example".into(),
        "e-mail: k.nowak@northwind.example".into(),
        "SMTP:k.nowak@northwind.example".into(),
        "https://id.example/?login_hint=k.nowak%40northwind.example&x=y".into(),
        "mailto:k.nowak%40northwind.example".into(),
        "【k.nowak＠northwind.example】。".into(),
        format!("user_{id}"),
        format!("sub%3D{id}"),
    ] {
        assert_eq!(emails(&app, &typed).await, ["k.nowak@northwind.example"], "{typed:?}");
    }
    assert_eq!(emails(&app, "info@xn--bcher-kva.example").await, ["info@bücher.example"]);
    assert_eq!(emails(&app, "nowak nobody").await, [""; 0]);
}

#[tokio::test]
async fn a_name_is_found_as_other_keyboards_write_it() {
    let app = app().await;
    let more = "email,name\n\
                m1@other.example,Joerg Mueller\n\
                m2@other.example,Sinéad O’Brien\n\
                m3@other.example,Conor OBrien\n\
                m4@other.example,Gina D’Angelo\n\
                m5@other.example,Kaʻiulani Kealoha\n\
                m6@other.example,علی کریمی\n\
                m7@other.example,たなか はな\n\
                m8@other.example,Meritxell Coŀlell\n\
                m9@other.example,Əli Əliyev\n";
    import(&app, Kind::Users, more).await.expect("an import");
    for (typed, found) in [
        ("Jörg Müller", &["m1"][..]),
        ("obrien", &["m3", "m2"]),
        ("O'Brien", &["m3", "m2"]),
        ("dangelo", &["m4"]),
        ("ka'iulani", &["m5"]),
        ("kaiulani", &["m5"]),
        ("علي كريمي", &["m6"]),
        ("タナカ ハナ", &["m7"]),
        ("collell", &["m8"]),
        ("eliyev", &["m9"]),
    ] {
        let expected: Vec<String> = found.iter().map(|name| format!("{name}@other.example")).collect();
        assert_eq!(emails(&app, typed).await, expected, "{typed}");
    }
}

#[tokio::test]
async fn the_id_of_a_session_leads_to_its_user_and_its_events() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let request = StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id("amara@northwind.example").await,
        account: "northwind".into(),
        application: "console".into(),
        reason: "Amara cannot see the Zürich invoice".into(),
        ticket: "SUP-4821".into(),
    };
    let started = service::impersonation::start(&caller, &request).await.expect("a session");
    assert_eq!(emails(&app, &format!("sid: {}", started.session_id)).await, ["amara@northwind.example"]);
    let found = async |q: String| {
        let query = AuditQuery { q, ..AuditQuery::default() };
        service::audit::list(&caller, &query).await.expect("a page").rows
    };
    for q in [
        started.session_id.to_string(),
        request.user_id.to_string(),
        format!("sid_{}", started.session_id),
        format!("sid%3D{}", started.session_id),
        "sup-4821".into(),
        "zurich INVOICE".into(),
        "Amara Okafor <amara@northwind.example> sup-4821".into(),
    ] {
        let rows = found(q.clone()).await;
        assert!(rows.iter().any(|row| row.session_id == Some(started.session_id)), "{q}");
    }
    // An event has its application's name only: the client id leads there as it is now.
    app.execute(
        "UPDATE applications SET client_id = 'northwind-portal', search_text = ' console northwind-portal'
         WHERE client_id = 'console'",
    )
    .await;
    for q in ["northwind-portal", "client_id=northwind-portal", "PORTAL sup-4821"] {
        let rows = found(q.into()).await;
        assert!(rows.iter().any(|row| row.session_id == Some(started.session_id)), "{q}");
        assert!(rows.iter().all(|row| row.application_name.as_deref() == Some("Console")), "{q}");
    }
    let by_operator = found(caller.actor.id().expect("an operator").to_string()).await;
    assert!(by_operator.iter().any(|row| row.action == "operator.signed_in"));
    assert!(found(uuid::Uuid::from_u128(7).to_string()).await.is_empty());
}

/// An account and an application whose keys are ids of another system.
const TENANT: &str = "7B1F0C1E-5d3a-4f5e-9c55-0a6b7c8d9e0f";
const CLIENT: &str = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

/// Both spellings of an id, in either case, and as it stands in a log.
fn spelt(id: &str) -> [String; 4] {
    let simple = id.replace('-', "");
    [id.to_lowercase(), simple.to_uppercase(), simple.to_lowercase(), format!("tenantId={id}&x")]
}

async fn app_of_foreign_ids() -> TestApp {
    let app = app().await;
    let clients = format!("client_id,name,app_url\n{CLIENT},Ledger,https://ledger.example/\n");
    import(&app, Kind::Applications, &clients).await.expect("an import");
    let accounts = format!("external_id,name,applications\n{TENANT},Tenant,{CLIENT}*\nother,Other,console*\n");
    import(&app, Kind::Accounts, &accounts).await.expect("an import");
    let users = format!("email,name,email_verified,accounts\nt1@acc.example,Tess Tenant,true,{TENANT}:member\n");
    import(&app, Kind::Users, &users).await.expect("an import");
    let caller = app.caller("olivia@understudy.example", "production").await;
    let request = StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id("t1@acc.example").await,
        account: TENANT.into(),
        application: CLIENT.into(),
        reason: "The ledger does not add up".into(),
        ticket: String::new(),
    };
    service::impersonation::start(&caller, &request).await.expect("a session");
    app
}

#[tokio::test]
async fn an_account_whose_id_is_one_of_another_system_is_found_by_it() {
    let app = app_of_foreign_ids().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    for q in spelt(TENANT) {
        assert_eq!(emails(&app, &q).await, ["t1@acc.example"], "{q}");
        let choice = service::registry::accounts::search(&caller, &q).await.expect("accounts");
        let found: Vec<&str> = choice.accounts.iter().map(|account| account.external_id.as_str()).collect();
        assert_eq!((found.as_slice(), choice.more), ([TENANT].as_slice(), false), "{q}");
    }
    // The user's own id and a session's still mean that user, and what is nobody's finds nobody.
    let id = app.user_id("t1@acc.example").await;
    let sid = app.user_sessions("t1@acc.example").await[0].id;
    for q in [id, sid] {
        assert_eq!(emails(&app, &q.to_string()).await, ["t1@acc.example"]);
    }
    assert!(emails(&app, &uuid::Uuid::from_u128(7).to_string()).await.is_empty());
    let elsewhere = UserQuery { q: TENANT.into(), account: "northwind".into(), ..UserQuery::default() };
    assert!(service::directory::user::list(&caller, &elsewhere).await.expect("a page").rows.is_empty());
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get(&format!("/production/users?find={TENANT}")).await;
    assert!(page.body().contains(&format!("account={TENANT}\"")), "{}", page.body());
}

#[tokio::test]
async fn events_are_found_by_ids_of_another_system() {
    let app = app_of_foreign_ids().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let found = async |query: AuditQuery| service::audit::list(&caller, &query).await.expect("a page").rows;
    for q in spelt(TENANT).into_iter().chain(spelt(CLIENT)) {
        let rows = found(AuditQuery { q: q.clone(), ..AuditQuery::default() }).await;
        assert!(rows.iter().any(|row| row.action == "impersonation.started"), "{q}");
        let there = |name: &Option<String>, wanted: &str| name.as_deref() == Some(wanted);
        let all_there =
            rows.iter().all(|row| there(&row.account_name, "Tenant") || there(&row.application_name, "Ledger"));
        assert!(all_there, "{q}: {rows:?}");
        let elsewhere = AuditQuery { q: q.clone(), account: "other".into(), ..AuditQuery::default() };
        assert!(found(elsewhere).await.is_empty(), "{q}");
        let there = AuditQuery { q: q.clone(), account: TENANT.into(), ..AuditQuery::default() };
        assert!(!found(there).await.is_empty(), "{q}");
    }
}

#[tokio::test]
async fn the_id_of_a_request_leads_to_its_event() {
    let app = app().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    browser.get("/production/users").await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let all = service::audit::list(&caller, &AuditQuery::default()).await.expect("a page").rows;
    let event = all.iter().find(|row| row.request_id.is_some()).expect("an event of a request");
    let q = event.request_id.clone().unwrap_or_default();
    let found = service::audit::list(&caller, &AuditQuery { q, ..AuditQuery::default() }).await.expect("a page").rows;
    assert!(found.iter().any(|row| row.id == event.id) && found.len() < all.len());
}

#[tokio::test]
async fn names_stand_where_a_reader_looks_for_them() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let query = UserQuery { q: "acc.example".into(), sort: "name".into(), ..UserQuery::default() };
    let rows = service::directory::user::list(&caller, &query).await.expect("a page").rows;
    let order: Vec<&str> = rows.iter().map(|row| row.email.trim_end_matches("@acc.example")).collect();
    assert_eq!(order, ["n11", "n4", "n1", "n8", "n2", "n3", "n7", "n10", "n5", "n6", "n9"]);
}

#[tokio::test]
async fn members_are_found_by_the_name_of_their_account() {
    let app = app().await;
    assert_eq!(emails(&app, "harbor logistics").await, ["amara@northwind.example", "ben@harbor.example"]);
    let northwind = emails(&app, "Northwind Traders").await;
    assert!(northwind.contains(&"n1@acc.example".to_owned()) && northwind.len() > 5);
}

/// In staging: everybody there has what only some have in production.
async fn everybody_in_staging(app: &TestApp, count: usize) {
    let mut csv = "email,name\n".to_owned();
    for number in 0..count {
        writeln!(csv, "logistics{number}@many.example,Harbor Logistics {number}").expect("a line");
    }
    super::import_to(app, "staging", Kind::Users, &csv).await.expect("an import");
}

#[tokio::test]
async fn who_has_the_words_and_who_is_in_an_account_that_has_them_are_found_together() {
    let app = app().await;
    everybody_in_staging(&app, 1_100).await;
    import(&app, Kind::Users, "email,name\nh1@other.example,Harbor Logistics Bot\n").await.expect("an import");
    let expected = ["amara@northwind.example", "ben@harbor.example", "h1@other.example"];
    assert_eq!(emails(&app, "harbor logistics").await, expected);
    // So many that the list is walked in its order instead.
    let mut csv = "email,name\n".to_owned();
    for number in 0..1_100 {
        writeln!(csv, "p{number}@other.example,Zed Harbor Logistics").expect("a line");
    }
    import(&app, Kind::Users, &csv).await.expect("an import");
    let found = emails(&app, "harbor logistics").await;
    assert_eq!(found[..3], expected);
    assert_eq!(found.len(), 50);
}

#[tokio::test]
async fn an_environment_is_searched_whatever_others_hold() {
    let app = app().await;
    everybody_in_staging(&app, 10_100).await;
    import(&app, Kind::Users, "email,name\nh1@other.example,Harbor Logistics Bot\n").await.expect("an import");
    assert_eq!(emails(&app, "logistics bot").await, ["h1@other.example"]);
    assert_eq!(emails(&app, "logistics").await.last().map(String::as_str), Some("h1@other.example"));
    assert_eq!(emails(&app, "many.example").await, [""; 0]);
}

#[tokio::test]
async fn nothing_found_says_what_was_looked_for_and_why() {
    let app = app().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    for (q, sentence) in [
        ("Zzyzx%20Qqq", "“zzyzx” and “qqq”"),
        ("%22", "Type a letter or a digit"),
        (&*"x".repeat(201), "too long to be looked for"),
        ("00000000-0000-0000-0000-000000000007", "has the id 00000000-0000-0000-0000-000000000007"),
        ("zzyzx&status=locked", "The filters count too"),
    ] {
        let page = browser.get(&format!("/production/users?q={q}")).await;
        assert!(page.body().contains(sentence), "{q}: {}", page.body());
    }
    let page = browser.get("/production/audit?q=zzyzx").await;
    assert!(page.body().contains("“zzyzx”"));
}

#[tokio::test]
async fn whatever_the_length_of_a_search_it_is_answered() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let long = "x y".repeat(30_000);
    for query in [
        AuditQuery { q: long.clone(), ..AuditQuery::default() },
        AuditQuery { action: long.clone(), ..AuditQuery::default() },
        AuditQuery { find: long.clone(), account: long.clone(), ..AuditQuery::default() },
    ] {
        answered(service::audit::list(&caller, &query).await.map(drop));
    }
    for query in [
        UserQuery { q: long.clone(), ..UserQuery::default() },
        UserQuery { find: long.clone(), account: long.clone(), exclude: long.clone(), ..UserQuery::default() },
    ] {
        answered(service::directory::user::list(&caller, &query).await.map(drop));
    }
}

/// With a list, or with a sentence about the field; never as a fault of the server.
#[track_caller]
fn answered(outcome: ServiceResult<()>) {
    assert!(matches!(outcome, Ok(()) | Err(ServiceError::Invalid(_))), "{outcome:?}");
}
