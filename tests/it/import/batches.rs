//! An import and everybody else: nobody waits for it, and of an interrupted one everything is written or nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::{Bench, source};
use crate::support::MASTER_KEY;
use understudy::server::db::{Db, Raw};
use understudy::server::service::directory::change::Protection;
use understudy::server::service::import::{self, ImportError, Kind, Options, Phase};
use understudy::server::service::upkeep;

fn many(count: usize) -> String {
    let rows: String = (0..count).map(|n| format!("user{n}@many.example,User {n},acme:member\n")).collect();
    format!("email,name,accounts\n{rows}")
}

impl Bench {
    async fn imported(&self) -> i64 {
        let mut conn = self.app.state.db.read().await.expect("a connection");
        let sql = "SELECT count(*) FROM users WHERE email_domain = 'many.example'";
        match conn.raw() {
            Raw::Sqlite(c) => sqlx::query_scalar(sql).fetch_one(c).await,
            Raw::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await,
        }
        .expect("a count")
    }

    /// Begins an import and gives it up once it has written `batches` batches, or none where that is 0.
    async fn interrupted(&self, text: &str, batches: u64) {
        self.stopped(Kind::Users, text, batches).await;
    }

    async fn stopped(&self, kind: Kind, text: &str, batches: u64) {
        self.stopped_with(kind, text, batches, &Options::default()).await;
    }

    async fn stopped_with(&self, kind: Kind, text: &str, batches: u64, options: &Options) {
        let writing = AtomicBool::new(false);
        let reached = tokio::sync::Notify::new();
        let progress = |progress: import::Progress<'_>| {
            writing.store(progress.phase == Phase::Writing, Ordering::SeqCst);
            if progress.phase == Phase::Writing && progress.done >= batches || batches == 0 {
                reached.notify_one();
            }
        };
        let sources = vec![source(kind, text.as_bytes())];
        let import = import::run(&self.app.state, &self.environment, sources, options, &progress);
        tokio::select! {
            biased;
            () = reached.notified() => {}
            outcome = import => panic!("the import was not interrupted: {outcome:?}"),
        }
        assert_eq!(writing.load(Ordering::SeqCst), batches > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_sign_in_while_another_process_imports() {
    let bench = Bench::new().await;
    bench.basics().await;
    let folder = std::env::temp_dir().join(format!("understudy-batches-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let url = bench.app.database_url().to_owned();
    let importing = tokio::task::spawn_blocking(move || {
        let mut longest = Duration::ZERO;
        for name in ["User", "Person"] {
            let began = Instant::now();
            let file = folder.join("users.csv");
            std::fs::write(&file, many(8_000).replace(",User ", &format!(",{name} "))).expect("a file");
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_understudy"));
            command.args(["import", "--environment", "imports"]).arg(&file).env_clear();
            let output = command.env("DATABASE_URL", &url).env("MASTER_KEY", MASTER_KEY).output().expect("it runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            longest = longest.max(began.elapsed());
        }
        let _ = std::fs::remove_dir_all(&folder);
        longest
    });
    let (mut slowest, mut writes) = (Duration::ZERO, 0);
    while !importing.is_finished() {
        let began = Instant::now();
        if writes % 50 == 0 {
            let mut browser = bench.app.browser();
            let email = format!("nobody{writes}@many.example");
            let form = [("email", email.as_str()), ("password", "wrong"), ("continue", "")];
            let status = browser.post("/id/production/login", &form).await.status();
            assert!(status.is_client_error(), "{status}");
        } else {
            bench.app.execute("UPDATE environments SET position = position + 1 WHERE slug = 'staging'").await;
        }
        slowest = slowest.max(began.elapsed());
        writes += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let longest = importing.await.expect("no panic");
    assert_eq!(bench.imported().await, 8_000);
    // Whatever else the machine does slows both down. Behind an import that writes all at once one waits for most of it.
    let patience = (longest / 3).max(Duration::from_secs(2));
    assert!(slowest < patience, "the slowest of {writes} writes took {slowest:?}, an import {longest:?}");
}

#[tokio::test]
async fn an_import_that_stops_while_it_reads_leaves_nothing() {
    let bench = Bench::new().await;
    bench.basics().await;
    bench.interrupted(&many(6_000), 0).await;
    assert_eq!(bench.imported().await, 0);
    let running = bench.run(&[(Kind::Users, &many(10))], false).await;
    let Err(error @ ImportError::Running { .. }) = running else { panic!("it may still be running") };
    let holder = format!("process {}", std::process::id());
    assert!(error.to_string().contains(&holder) && error.to_string().contains("since 2026-11-23 09:00:00"), "{error}");
    bench.app.advance(TimeDelta::seconds(31));
    bench.import(Kind::Users, &many(10)).await;
    assert_eq!(bench.imported().await, 10);
    assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
}

#[tokio::test]
async fn an_import_that_stops_while_it_writes_is_finished_by_the_next() {
    let bench = Bench::new().await;
    bench.basics().await;
    bench.interrupted(&many(6_000), 3).await;
    let half = bench.imported().await;
    assert!(half > 0 && half < 6_000, "{half}");
    bench.app.advance(TimeDelta::seconds(31));
    bench.import(Kind::Users, "email,name\nlast@other.example,Last\n").await;
    assert_eq!(bench.imported().await, 6_000);
    let events = bench.app.events("data.imported").await;
    assert!(events.iter().any(|event| event.description == "Imported users: 6000 created, 0 updated, 0 unchanged"));
    assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
}

#[tokio::test]
async fn an_import_that_stops_while_it_writes_is_finished_by_a_running_server() {
    let bench = Bench::new().await;
    bench.basics().await;
    bench.interrupted(&many(3_000), 2).await;
    upkeep::run(&bench.app.state).await.expect("upkeep");
    assert!(bench.imported().await < 3_000, "it may still be running");
    bench.app.advance(TimeDelta::seconds(31));
    upkeep::run(&bench.app.state).await.expect("upkeep");
    assert_eq!(bench.imported().await, 3_000);
}

#[tokio::test]
async fn a_sign_of_life_of_a_clock_that_was_set_back_keeps_nobody_out() {
    let ahead = "UPDATE imports SET touched_at = '2099-01-01T00:00:00+00:00'";
    let bench = Bench::new().await;
    bench.basics().await;
    bench.interrupted(&many(3_000), 2).await;
    bench.app.execute(ahead).await;
    upkeep::run(&bench.app.state).await.expect("upkeep");
    assert_eq!(bench.imported().await, 3_000);
    bench.interrupted(&many(6_000), 0).await;
    bench.app.execute(ahead).await;
    bench.import(Kind::Users, &many(10)).await;
    assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
}

#[tokio::test]
async fn rows_that_do_not_change_are_not_written() {
    let bench = Bench::new().await;
    bench.basics().await;
    bench.import(Kind::Users, &many(1_000)).await;
    let text = many(1_000).replace(",User 7,", ",Seven,");
    let summary = bench.import(Kind::Users, &text).await;
    assert_eq!((summary.created, summary.updated, summary.unchanged), (0, 1, 999));
    assert_eq!(summary.changes, ["name: 1 renamed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_turn_does_not_come_is_refused_as_busy() {
    let bench = Bench::new().await;
    if bench.app.state.db.kind() != "SQLite" {
        return;
    }
    let patience = Duration::from_secs(1);
    let here = Db::connect_patiently(bench.app.database_url(), 1, patience).await.expect("this process");
    let held = bench.app.state.db.write_long().await.expect("a transaction of another process");
    let began = Instant::now();
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let here = here.clone();
        crowd.spawn(async move { here.write().await.err() });
    }
    for outcome in crowd.join_all().await {
        let error = outcome.expect("somebody else writes");
        assert!(error.is_busy(), "{error}");
        let error = understudy::server::error::ServiceError::from(error);
        assert!(matches!(error, understudy::server::error::ServiceError::Busy { .. }), "{error}");
    }
    // One after the other they would wait for eight times as long.
    let waited = began.elapsed();
    assert!(waited >= patience && waited < patience * 6, "whoever waits behind another waits no longer: {waited:?}");
    held.commit().await.expect("it commits");
    here.write().await.expect("the turn has come").commit().await.expect("it commits");
}

#[tokio::test]
async fn an_import_whose_rows_the_database_refuses_is_given_up_and_keeps_nobody_out() {
    for (column, value) in [("content", "'{'"), ("content", "replace(content, 'hosted', 'magic')")] {
        let bench = Bench::new().await;
        bench.basics().await;
        let rows: String = (0..200).map(|n| format!("app{n},App {n},https://a{n}.example/,hosted\n")).collect();
        let text = format!("client_id,name,app_url,login_method\n{rows}");
        bench.stopped(Kind::Applications, &text, 1).await;
        bench.app.execute(Box::leak(format!("UPDATE import_chunks SET {column} = {value}").into_boxed_str())).await;
        bench.app.advance(TimeDelta::seconds(31));
        upkeep::run(&bench.app.state).await.expect("what cannot be finished is no fault of the rest");
        assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
        let events = bench.app.events("data.import_failed").await;
        assert_eq!(events.len(), 1);
        assert!(events[0].description.ends_with("3 batches of it not written"), "{}", events[0].description);
        bench.import(Kind::Users, &many(3)).await;
    }
}

#[tokio::test]
async fn an_import_with_a_key_that_somebody_has_is_given_up_and_keeps_nobody_out() {
    let bench = Bench::new().await;
    bench.basics().await;
    bench.interrupted(&many(3_000), 1).await;
    let same =
        r#"UPDATE import_chunks SET content = replace(content, '"email":', '"external_id":{"Set":"E-1"},"email":')"#;
    bench.app.execute(same).await;
    bench.app.advance(TimeDelta::seconds(31));
    upkeep::run(&bench.app.state).await.expect("what cannot be finished is no fault of the rest");
    assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
    assert_eq!(bench.app.events("data.import_failed").await.len(), 1);
    bench.import(Kind::Users, &many(3)).await;
}

#[tokio::test]
async fn what_protects_somebody_since_the_check_is_not_taken_away() {
    let bench = Bench::new().await;
    bench.basics().await;
    let dana = "dana@acme.example,Dana,true,acme:admin+member,\n";
    bench.import(Kind::Users, &format!("email,name,email_verified,accounts,locked\n{dana}")).await;
    // They are written in the order of their addresses.
    let rows: String = (0..1_500).map(|n| format!("b{n}@many.example,U,,,\n")).collect();
    let text = format!(
        "email,name,email_verified,accounts,locked\n{rows}dana@acme.example,Dana W,true,acme:admin+member,false\n"
    );
    bench.interrupted(&text, 1).await;
    bench.app.execute("UPDATE users SET locked_at = created_at WHERE email = 'dana@acme.example'").await;
    let zeta = "INSERT INTO memberships (account_id, user_id, created_at)
                SELECT a.id, u.id, u.created_at FROM accounts a JOIN users u ON u.environment_id = a.environment_id
                WHERE u.email = 'dana@acme.example' AND a.external_id = 'zeta'";
    bench.app.execute(zeta).await;
    bench.app.advance(TimeDelta::seconds(31));
    upkeep::run(&bench.app.state).await.expect("upkeep");
    let after = bench.user("dana@acme.example").await.expect("a user");
    assert!(after.locked_at.is_some(), "nobody allowed to unlock");
    assert_eq!(after.name, "Dana W", "what nobody has to allow is done");
    assert_eq!(bench.memberships("dana@acme.example").await.len(), 2);
    assert!(bench.app.events("user.unlocked").await.is_empty());
    let left_out = bench.app.events("data.change_left_out").await;
    assert_eq!(left_out.len(), 2);
    assert!(left_out.iter().any(|event| event.description.contains("Dana W is unlocked")), "{left_out:?}");
}

#[tokio::test]
async fn what_was_allowed_stays_allowed_after_an_interruption() {
    let bench = Bench::new().await;
    bench.basics().await;
    bench.import(Kind::Users, "email,name,locked\nzoe@many.example,Zoe,true\n").await;
    let rows: String = (0..1_500).map(|n| format!("user{n}@many.example,U,\n")).collect();
    let text = format!("email,name,locked\n{rows}zoe@many.example,Zoe,false\n");
    bench.stopped_with(Kind::Users, &text, 1, &super::allowing(&[Protection::Unlock])).await;
    bench.app.advance(TimeDelta::seconds(31));
    upkeep::run(&bench.app.state).await.expect("upkeep");
    assert!(bench.user("zoe@many.example").await.is_some_and(|user| user.locked_at.is_none()));
    assert!(bench.app.events("data.change_left_out").await.is_empty());
}
