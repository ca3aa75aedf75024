//! An import that somebody kills, whatever it is about just then: once another has begun, all of it is there or nothing.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Bench;
use crate::support::MASTER_KEY;
use understudy::server::db::Raw;

const USERS: usize = 3_000;
const MOMENTS: u32 = 10;

/// A file in which everybody has one name, so that it is seen whose import a user comes from.
struct Files(PathBuf);

impl Files {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("understudy-killed-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn named(&self, name: &str) -> PathBuf {
        let rows: String = (0..USERS).map(|n| format!("user{n}@many.example,{name},acme:member\n")).collect();
        let file = self.0.join("users.csv");
        std::fs::write(&file, format!("email,name,accounts\n{rows}")).expect("a file");
        file
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Bench {
    fn begin(&self, file: &Path) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
        command.args(["import", "--environment", "imports"]).arg(file).env_clear();
        command.env("DATABASE_URL", self.app.database_url()).env("MASTER_KEY", MASTER_KEY);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    }

    async fn import_whole(&self, file: &Path) {
        let child = self.begin(file);
        let output =
            tokio::task::spawn_blocking(|| child.wait_with_output()).await.expect("no panic").expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// How many have that name and are members with their role.
    async fn whole(&self, name: &str) -> i64 {
        let mut conn = self.app.state.db.read().await.expect("a connection");
        let sql = "SELECT count(*) FROM users u JOIN memberships m ON m.user_id = u.id
                   JOIN membership_roles r ON r.user_id = u.id AND r.account_id = m.account_id WHERE u.name = $1";
        match conn.raw() {
            Raw::Sqlite(c) => sqlx::query_scalar(sql).bind(name).fetch_one(c).await,
            Raw::Postgres(c) => sqlx::query_scalar(sql).bind(name).fetch_one(c).await,
        }
        .expect("a count")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_at_any_moment_is_whole_or_forgotten_once_another_begins() {
    let bench = Bench::new().await;
    bench.basics().await;
    let files = Files::new("once");
    let began = Instant::now();
    bench.import_whole(&files.named("Round 0")).await;
    let whole = began.elapsed();
    assert_eq!(bench.whole("Round 0").await, USERS as i64);
    let (mut stopped, mut before) = (0, "Round 0".to_owned());
    for moment in 0..MOMENTS {
        let name = format!("Round {}", moment + 1);
        let file = files.named(&name);
        let at = whole * (2 * moment + 1) / (2 * MOMENTS);
        let began = Instant::now();
        let mut child = bench.begin(&file);
        while began.elapsed() < at && child.try_wait().expect("a child").is_none() {
            // Others go on meanwhile, and see a user as before or as after.
            bench.app.execute("UPDATE environments SET position = position + 1 WHERE slug = 'staging'").await;
        }
        stopped += u32::from(child.try_wait().expect("a child").is_none());
        child.kill().expect("it is killed");
        child.wait().expect("it is over");
        let applying = bench.is_applying().await;
        // Its last sign of life becomes an old one.
        bench.app.execute("UPDATE imports SET touched_at = '2020-01-01T00:00:00+00:00'").await;
        let one = files.0.join("users.csv");
        std::fs::write(&one, "email,name\nlast@other.example,Last\n").expect("a file");
        bench.import_whole(&one).await;
        let (new, old) = (bench.whole(&name).await, bench.whole(&before).await);
        let all = USERS as i64;
        assert!((new, old) == (all, 0) || (new, old) == (0, all), "{new} new and {old} old after {at:?} of {whole:?}");
        assert!(!applying || new == all, "what was begun to be written is written");
        assert_eq!((bench.app.count("imports").await, bench.app.count("import_chunks").await), (0, 0));
        if new == all {
            before = name;
        }
    }
    assert!(stopped > MOMENTS / 2, "only {stopped} were still running when they were killed");
}

impl Bench {
    async fn is_applying(&self) -> bool {
        let mut conn = self.app.state.db.read().await.expect("a connection");
        let sql = "SELECT count(*) FROM imports WHERE applying";
        let count: i64 = match conn.raw() {
            Raw::Sqlite(c) => sqlx::query_scalar(sql).fetch_one(c).await,
            Raw::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await,
        }
        .expect("a count");
        count > 0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_imports_at_once_the_second_hears_who_is_at_work() {
    let bench = Bench::new().await;
    bench.basics().await;
    let files = Files::new("two");
    let (first, began) = (bench.begin(&files.named("First")), Instant::now());
    while bench.app.count("imports").await == 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "it has not begun");
    }
    let second = bench.begin(&files.named("First"));
    let id = first.id();
    let both = tokio::task::spawn_blocking(|| (first.wait_with_output(), second.wait_with_output()));
    let (first, second) = both.await.expect("no panic");
    assert!(first.expect("it ends").status.success());
    let second = second.expect("it ends");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success(), "the first was over before the second began: make its file longer");
    assert!(
        said.contains("another import into this environment is under way") && said.contains(&format!("process {id}")),
        "{said}"
    );
    assert_eq!(bench.whole("First").await, USERS as i64);
}
