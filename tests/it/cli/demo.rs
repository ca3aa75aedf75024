//! `understudy demo`: what its data holds, and that it keeps out of other people's.

use super::{Folder, succeeded, understudy};
use understudy::server::cli::demo;
use understudy::server::crypto::keyring::{Keyring, MasterKey};
use understudy::server::crypto::password::PasswordQueue;
use understudy::server::db::{Db, Raw, environment, user};
use understudy::server::domain::actor::Actor;
use understudy::server::platform::clock::SystemClock;
use understudy::server::platform::outbound::Recorder;
use understudy::server::platform::random::SystemRandom;
use understudy::server::service::caller::{Origin, ServerCaller};
use understudy::server::service::operator as operators;
use understudy::server::state::AppState;

#[test]
fn all_demonstration_sign_ins_are_printed_the_owner_first() {
    let text = succeeded(&understudy(&["demo", "--print-sign-ins"]));
    let first = text.lines().find(|line| line.contains('@')).expect("a sign-in");
    assert!(first.starts_with("Olivia Owner") && first.contains("olivia.owner@understudy.example"), "{first}");
}

async fn empty_state(folder: &Folder) -> AppState {
    let db = Db::connect(&format!("sqlite:{}", folder.0.join("demo.db").display()), 4).await.expect("a database");
    db.migrate().await.expect("migrations run");
    let master = MasterKey::parse(&MasterKey::generate(&SystemRandom)).expect("a master key");
    let url = "http://localhost:3000".parse().expect("a url");
    AppState::new(
        db,
        std::sync::Arc::new(SystemClock),
        std::sync::Arc::new(SystemRandom),
        std::sync::Arc::new(Recorder::default()),
        Keyring::new(master),
        url,
        false,
    )
}

async fn count(db: &Db, from: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {from}"));
    let mut conn = db.read().await.expect("a connection");
    let Raw::Sqlite(conn) = conn.raw() else { panic!("these tests are on SQLite") };
    sqlx::query_scalar(sql).fetch_one(conn).await.expect("a count")
}

async fn prepare(state: &AppState) -> anyhow::Result<bool> {
    let url = |text: &str| text.parse().expect("a url");
    let samples = demo::SampleUrls {
        sample_url: url("http://sample.test:1"),
        sample_short_url: url("http://short.test:2"),
        sample_embedded_url: url("http://embedded.test:3"),
        sample_lumiere_url: url("http://lumiere.test:4"),
        sample_meridian_url: url("http://meridian.test:5"),
        sample_kestrel_url: url("http://kestrel.test:6"),
    };
    demo::prepare(state, &samples).await
}

#[tokio::test]
async fn the_demonstration_is_complete_and_put_in_once() {
    let folder = Folder::new("demo");
    let state = empty_state(&folder).await;
    assert!(prepare(&state).await.expect("an empty database is filled"));
    assert!(!prepare(&state).await.expect("its own database is taken again"));
    let count = async |table: &str| count(&state.db, table).await;
    assert_eq!(count("environments").await, 4);
    assert_eq!(count("accounts").await, 12);
    assert_eq!(count("users").await, 400);
    assert_eq!(count("operators").await, 5);
    assert_eq!(count("redirect_uris WHERE uri = 'http://sample.test:1/callback'").await, 4);
    assert_eq!(count("redirect_uris WHERE uri LIKE '%{%'").await, 0);
    let embedded = "applications WHERE login_method = 'embedded' AND login_url = 'http://embedded.test:3/login'";
    assert_eq!(count(embedded).await, 1);
    assert_eq!(count("applications WHERE backchannel_logout_uri LIKE 'http://%/backchannel-logout'").await, 6);
    // Nobody ends on a browser's error page: every application of the demonstration's first environment is started with it.
    assert_eq!(count("applications WHERE app_url NOT LIKE 'http://%.test:%'").await, 0);
    assert_eq!(count("impersonation_settings WHERE enabled").await, 2);
    let mut conn = state.db.read().await.expect("a connection");
    let production = environment::by_slug(&mut conn, "production").await.expect("a query").expect("production");
    let amara = user::by_email(&mut conn, production.id, "amara.okafor@northwind.example").await;
    let amara = amara.expect("a query").expect("Amara");
    let ago = state.now() - amara.last_visit_at().expect("a visit");
    assert!((3..=5).contains(&ago.num_minutes()), "{ago}");
    assert!(
        state
            .passwords
            .check(PasswordQueue::Hosted, false, "correct-horse-demo", amara.password_hash.as_deref())
            .await
            .expect("a hash")
    );
    drop(conn);
    let olivia = "olivia.owner@understudy.example";
    let signed_in = operators::sign_in(&state, &Origin::default(), olivia, "understudy-demo-1").await;
    let actor = Actor::Operator(signed_in.expect("Olivia signs in").operator);
    let caller = ServerCaller { state: state.clone(), actor, origin: Origin::default() };
    let home = operators::home(&caller).await.expect("a home");
    assert_eq!(home, "/production/users");
}

#[tokio::test]
async fn the_demonstration_keeps_out_of_other_peoples_data() {
    let folder = Folder::new("foreign");
    let state = empty_state(&folder).await;
    let by = ServerCaller::system(&state);
    let made = understudy::server::service::directory::environment::create(&by, "production", "Production").await;
    made.expect("an environment");
    let refused = prepare(&state).await.expect_err("other data");
    assert!(refused.to_string().contains("this database holds other data"), "{refused}");
}
