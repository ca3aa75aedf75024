//! Files of no rows and of many, and people who are busy at the same moment.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor};

use super::{Bench, source};
use understudy::server::db::Raw;
use understudy::server::service::import::{self, Kind, Options, Phase};

#[tokio::test]
async fn a_file_without_rows_is_imported_and_changes_nothing() {
    let bench = Bench::new().await;
    bench.basics().await;
    let users = bench.app.count("users").await;
    for (kind, head) in
        [(Kind::Users, "email,name\n"), (Kind::Accounts, "external_id,name"), (Kind::Roles, "key,name\n\n")]
    {
        let summary = bench.import(kind, head).await;
        assert_eq!((summary.created, summary.updated, summary.unchanged), (0, 0, 0), "{kind:?}");
    }
    assert_eq!(bench.app.count("users").await, users);
    assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
}

#[tokio::test]
async fn a_fault_in_the_last_of_100_000_rows_is_told_with_its_line_and_keeps_all_out() {
    let bench = Bench::new().await;
    bench.basics().await;
    let users = bench.app.count("users").await;
    let rows: String = (0..99_999).map(|n| format!("user{n}@many.example,User {n}\n")).collect();
    for (last, fault) in [
        ("nobody,Nobody\n", "users.csv:100001 email: \"nobody\" is not an e-mail address"),
        ("USER7@many.example,Seven\n", "users.csv:100001 email: \"user7@many.example\" is in line 9 already"),
    ] {
        let text = format!("email,name\n{rows}{last}");
        assert_eq!(bench.faults(Kind::Users, &text).await, [fault]);
        assert_eq!(bench.app.count("users").await, users);
        assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
    }
}

#[tokio::test]
async fn the_bar_of_each_step_ends_where_everything_is_done() {
    let bench = Bench::new().await;
    bench.basics().await;
    let rows: String = (0..9_000).map(|n| format!("user{n}@many.example,User {n}\n")).collect();
    let text = format!("email,name\n{rows}");
    let seen = Mutex::new(Vec::new());
    let show = |progress: import::Progress<'_>| {
        seen.lock().expect("no panic").push((progress.phase, progress.done, progress.total));
    };
    let sources = vec![source(Kind::Users, text.as_bytes())];
    import::run(&bench.app.state, &bench.environment, sources, &Options::default(), &show).await.expect("a good file");
    let seen = seen.into_inner().expect("no panic");
    let of = |phase: Phase| seen.iter().filter(move |(of, ..)| *of == phase).map(|(_, done, total)| (*done, *total));
    assert_eq!(of(Phase::Counting).next_back(), Some((8_192, 0)));
    assert!(of(Phase::Reading).all(|(done, total)| done <= total && total == text.len() as u64));
    assert_eq!(of(Phase::Sorting).next_back(), Some((9_000, 9_000)));
    assert_eq!(of(Phase::Writing).next_back(), Some((9_000, 9_000)));
    assert!(of(Phase::Writing).is_sorted() && of(Phase::Writing).count() > 4, "it grows");
}

/// Which users somebody made, in the order in which it was done.
async fn made(bench: &Bench) -> Vec<String> {
    let mut conn = bench.app.state.db.read().await.expect("a connection");
    let sql = "SELECT name FROM users WHERE email_domain = 'order.example' ORDER BY id";
    match conn.raw() {
        Raw::Sqlite(c) => sqlx::query_scalar(sql).fetch_all(c).await,
        Raw::Postgres(c) => sqlx::query_scalar(sql).fetch_all(c).await,
    }
    .expect("the users")
}

#[tokio::test]
async fn users_are_made_account_by_account_and_those_whom_several_files_may_name_by_address() {
    let bench = Bench::new().await;
    bench.basics().await;
    let file = |rows: &[(&str, &str, &str)]| {
        let row = |(email, name, accounts): &(&str, &str, &str)| format!("{email}@order.example,{name},{accounts}\n");
        format!("email,name,accounts,active_account\n{}", rows.iter().map(row).collect::<String>())
    };
    let one = file(&[("c", "C", "zeta,"), ("b", "B", "acme,"), ("a", "A", "zeta,"), ("d", "D", "acme;zeta,zeta")]);
    bench.import(Kind::Users, &one).await;
    assert_eq!(made(&bench).await, ["B", "A", "C", "D"]);
    let first = file(&[("g", "First", "zeta,"), ("e", "E", "acme,")]);
    let second = file(&[("g", "Second", "acme;zeta,acme"), ("f", "F", "acme,")]);
    bench.run(&[(Kind::Users, &first), (Kind::Users, &second)], false).await.expect("the files are good");
    assert_eq!(made(&bench).await, ["B", "A", "C", "D", "E", "F", "Second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_somebody_makes_while_an_import_writes_keeps_password_and_ids() {
    let bench = Bench::new().await;
    if bench.app.state.db.kind() != "PostgreSQL" {
        // SQLite's writers wait for each other: there is no such moment.
        return;
    }
    bench.basics().await;
    let mut tx = bench.app.state.db.write().await.expect("a transaction");
    let made = "INSERT INTO users (id, environment_id, external_id, email, email_domain, email_verified, name, sort_name,
                  search_text, password_hash, created_at)
                SELECT gen_random_uuid(), id, 'E-1', 'eve@many.example', 'many.example', TRUE, 'Eve', '', '', 'theirs', now()
                FROM environments WHERE slug = 'imports'";
    match tx.raw() {
        Raw::Postgres(c) => sqlx::query(made).execute(c).await.expect("a user"),
        Raw::Sqlite(_) => unreachable!("it is PostgreSQL"),
    };
    let (state, environment) = (bench.app.state.clone(), bench.environment.clone());
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$dGhpcyBpcyBub3QgYSByZWFsIGhhc2ggYnV0IGxvbmc";
    let text = format!("email,name,password_hash,accounts\neve@many.example,Eve,\"{hash}\",acme:member\n");
    let importing = tokio::spawn(async move {
        import::run(&state, &environment, vec![source(Kind::Users, text.as_bytes())], &Options::default(), &|_| {})
            .await
    });
    let began = Instant::now();
    // Until the import waits for what is not committed yet.
    while bench.waiting().await == 0 {
        assert!(!importing.is_finished() && began.elapsed() < Duration::from_secs(60), "it does not wait");
    }
    tx.commit().await.expect("somebody was made");
    let done = importing.await.expect("no panic").expect("the file is good");
    let notes = &done[0].description.notes;
    assert!(notes.iter().any(|note| note.contains("password")), "{notes:?}");
    let mut conn = bench.app.state.db.read().await.expect("a connection");
    let stored = "SELECT password_hash, external_id FROM users WHERE email = 'eve@many.example'";
    let stored: (String, String) = match conn.raw() {
        Raw::Postgres(c) => sqlx::query_as(stored).fetch_one(c).await.expect("Eve"),
        Raw::Sqlite(_) => unreachable!("it is PostgreSQL"),
    };
    assert_eq!(stored, ("theirs".to_owned(), "E-1".to_owned()));
    assert_eq!(
        bench.memberships("eve@many.example").await,
        [("acme".to_owned(), false)],
        "what takes nothing away is done"
    );
}

impl Bench {
    /// Statements of others that wait for somebody's lock.
    async fn waiting(&self) -> i64 {
        let mut conn = self.app.state.db.read().await.expect("a connection");
        let sql =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        match conn.raw() {
            Raw::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await.expect("a count"),
            Raw::Sqlite(_) => 0,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn signing_in_and_ending_all_answer_while_another_connection_writes_in_bursts() {
    let bench = Bench::new().await;
    if bench.app.state.db.kind() != "SQLite" {
        return;
    }
    let mut olivia = bench.app.operator_browser("olivia@understudy.example").await;
    let over = Arc::new(AtomicBool::new(false));
    let (url, until) = (bench.app.database_url().to_owned(), over.clone());
    let writing = tokio::spawn(async move {
        let mut other = sqlx::SqliteConnection::connect(&url).await.expect("a second connection");
        let mut bursts = 0;
        while !until.load(Ordering::SeqCst) {
            other.execute("PRAGMA busy_timeout = 15000; BEGIN IMMEDIATE").await.expect("its turn");
            // As long as an import holds the file on a slow disk.
            let held = Instant::now();
            while held.elapsed() < Duration::from_millis(100) {
                other
                    .execute("UPDATE environments SET position = position + 1 WHERE slug = 'staging'")
                    .await
                    .expect("a row");
            }
            other.execute("COMMIT").await.expect("a commit");
            bursts += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bursts
    });
    let (began, mut asked) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(3) || asked < 10 {
        let ended = olivia.call("impersonation/end-all", &[("environment", "production")]).await.status();
        assert!(ended.is_success(), "{ended}");
        let mut browser = bench.app.browser();
        let email = format!("nobody{asked}@many.example");
        let form = [("email", email.as_str()), ("password", "wrong"), ("continue", "")];
        let status = browser.post("/id/production/login", &form).await.status();
        assert!(status.is_client_error(), "{status}");
        asked += 1;
    }
    over.store(true, Ordering::SeqCst);
    assert!(writing.await.expect("no panic") > 10, "the other one hardly wrote");
}
