//! The command line: help, the demonstration's data, and what the doctor says.

use std::path::PathBuf;
use std::process::{Command, Output};

use understudy::server::cli::demo;
use understudy::server::clock::SystemClock;
use understudy::server::db::{Db, Raw, environment, user};
use understudy::server::keyring::{Keyring, MasterKey};
use understudy::server::outbound::Recorder;
use understudy::server::password::Door;
use understudy::server::random::SystemRandom;
use understudy::server::service::caller::Client;
use understudy::server::service::operator as operators;
use understudy::server::state::AppState;

/// A folder that goes with its test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("understudy-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn data(&self) -> String {
        self.0.join("data").display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn understudy(arguments: &[&str]) -> Output {
    understudy_with(&[], arguments)
}

fn understudy_with(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).output().expect("the binary runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", out(output), err(output));
    out(output)
}

#[test]
fn help_names_every_environment_variable() {
    let help = succeeded(&understudy(&["serve", "--help"])).split_whitespace().collect::<Vec<_>>().join(" ");
    for variable in [
        "DATA_DIR",
        "DATABASE_URL",
        "DATABASE_URL_FILE",
        "DATABASE_CONNECTIONS",
        "MASTER_KEY",
        "MASTER_KEY_FILE",
        "LISTEN_ADDR",
        "PUBLIC_URL",
        "TRUSTED_PROXIES",
        "TRUST_FORWARDED_FOR",
        "LOG_FORMAT",
        "LOG_FILTER",
    ] {
        assert!(help.contains(&format!("[env: {variable}")), "{variable} is missing:\n{help}");
    }
    let help = succeeded(&understudy(&["import", "--help"]));
    for column in ["password_hash", "keep_session_alive", "external_id*", "permissions"] {
        assert!(help.contains(column), "{column} is missing:\n{help}");
    }
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let folder = Folder::new("errors");
    let data = folder.data();
    let cases: [(&[&str], &str); 4] = [
        (
            &["environment", "list", "--database-url", "mysql://x"],
            "DATABASE_URL must begin with sqlite: or postgres://",
        ),
        (&["serve", "--data", &data, "--public-url", "https://x.example/path"], "PUBLIC_URL must have no path"),
        (&["environment", "list", "--data", &data, "--master-key", "short"], "the master key"),
        (
            &["import", "--environment", "nowhere", "--kind", "users", "/dev/null", "--data", &data],
            "there is no environment",
        ),
    ];
    for (arguments, expected) in cases {
        let output = understudy(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = err(&output);
        assert!(text.starts_with("error: ") && text.contains(expected), "{text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let folder = Folder::new("port");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = understudy(&["serve", "--data", &folder.data(), "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(&format!("another program listens on {address}")), "{}", err(&output));
}

#[test]
fn from_nothing_to_an_owner_and_a_clean_bill_of_health() {
    let folder = Folder::new("doctor");
    let data = folder.data();
    let sick = understudy(&["doctor", "--data", &data]);
    assert_eq!(sick.status.code(), Some(1));
    assert!(out(&sick).contains("✗ there is no database yet"), "{}", out(&sick));
    assert!(!folder.0.join("data").exists(), "the doctor makes nothing");

    succeeded(&understudy(&["environment", "create", "--slug", "production", "--name", "Production", "--data", &data]));
    let ownerless = out(&understudy(&["doctor", "--data", &data]));
    assert!(ownerless.contains("✗ there is no Owner"), "{ownerless}");
    assert!(ownerless.contains("✓ Production has an active RS256 key"), "{ownerless}");

    let made = succeeded(&understudy(&[
        "operator",
        "create",
        "--email",
        "o@x.example",
        "--name",
        "Olga",
        "--role",
        "owner",
        "--data",
        &data,
    ]));
    assert!(made.contains("Owner in all environments") && made.contains("Password, shown this once: "), "{made}");
    let healed = out(&understudy(&["doctor", "--data", &data]));
    assert!(healed.contains("✓ there is an Owner") && healed.contains("✓ the schema is up to date"), "{healed}");

    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let wrong = understudy(&["environment", "list", "--data", &data, "--master-key", other]);
    assert!(err(&wrong).contains("the master key does not open this database's signing keys"), "{}", err(&wrong));
    let sick = out(&understudy(&["doctor", "--data", &data, "--master-key", other]));
    assert!(sick.contains("✗ the master key does not open 4 of 4 signing keys"), "{sick}");
}

#[test]
fn operators_are_granted_roles_and_lose_them() {
    let folder = Folder::new("operators");
    let data = folder.data();
    succeeded(&understudy(&["environment", "create", "--slug", "qa", "--name", "QA", "--data", &data]));
    let secret = folder.0.join("password");
    std::fs::write(&secret, "a long enough password\n").expect("a file");
    let file = secret.display().to_string();
    let create =
        ["operator", "create", "--email", "v@x.example", "--name", "V", "--password-file", &file, "--data", &data];
    let made = succeeded(&understudy(&[&create[..], &["--role", "backoffice-viewer", "--environment", "qa"]].concat()));
    assert!(!made.contains("Password"), "{made}");
    let grant = ["operator", "grant", "--email", "v@x.example", "--role", "impersonator", "--data", &data];
    let listed = succeeded(&understudy(&grant));
    assert!(
        listed.contains("Backoffice Viewer  qa") && listed.contains("Impersonator       all environments"),
        "{listed}"
    );
    let revoke = ["operator", "revoke", "--email", "v@x.example", "--role", "impersonator", "--data", &data];
    assert!(!succeeded(&understudy(&revoke)).contains("Impersonator"));
    let again = understudy(&[&create[..], &["--role", "owner"]].concat());
    assert!(err(&again).contains("there is an operator v@x.example already"), "{}", err(&again));
}

#[test]
fn keys_are_listed_and_rotated() {
    let folder = Folder::new("keys");
    let data = folder.data();
    succeeded(&understudy(&["environment", "create", "--slug", "qa", "--name", "QA", "--data", &data]));
    let list = || {
        let listed = succeeded(&understudy(&["keys", "list", "--environment", "qa", "--data", &data]));
        let rows = listed.lines().skip(1).map(|line| line.split_whitespace().map(ToOwned::to_owned).collect());
        rows.collect::<Vec<Vec<String>>>()
    };
    let states = |rows: &[Vec<String>]| rows.iter().map(|row| format!("{} {}", row[1], row[2])).collect::<Vec<_>>();
    let before = list();
    assert_eq!(states(&before), ["RS256 active", "ES256 active", "RS256 next", "ES256 next"]);
    let kid = |row: &[String]| row.last().expect("a key id").clone();
    let rotate = ["keys", "rotate", "--environment", "qa", "--algorithm", "RS256", "--data", &data];
    let said = succeeded(&understudy(&rotate));
    let expected = format!("RS256: {} signs from now on; {} stays", kid(&before[2]), kid(&before[0]));
    assert!(said.starts_with(&expected) && said.contains("24 hours"), "{said}");
    let after = list();
    assert_eq!(states(&after), ["RS256 active", "ES256 active", "RS256 next", "ES256 next", "RS256 retiring"]);
    assert_eq!(kid(&after[0]), kid(&before[2]));
    assert_eq!(kid(&after[4]), kid(&before[0]));
    succeeded(&understudy(&["keys", "rotate", "--environment", "qa", "--data", &data]));
    assert_eq!(list().len(), 7);
    let unknown = understudy(&["keys", "rotate", "--environment", "nowhere", "--data", &data]);
    assert!(err(&unknown).contains("there are qa"), "{}", err(&unknown));
    let wrong = understudy(&["keys", "rotate", "--environment", "qa", "--algorithm", "HS256", "--data", &data]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_server_with_the_wrong_master_key_refuses_to_start_and_says_what_to_do() {
    let folder = Folder::new("master");
    let data = folder.data();
    succeeded(&understudy(&["environment", "create", "--slug", "qa", "--name", "QA", "--data", &data]));
    succeeded(&understudy(&["keys", "rotate", "--environment", "qa", "--data", &data]));
    let wrong = MasterKey::generate(&SystemRandom);
    let refused_with = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = understudy_with(variables, arguments);
        assert_eq!(output.status.code(), Some(1), "{variables:?} {arguments:?}");
        let text = err(&output);
        assert!(text.starts_with("error: the master key does not open this database's signing keys"), "{text}");
        for word in ["give the one that sealed them", "MASTER_KEY_FILE", "master.key in the data folder"] {
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    };
    let refused = |arguments: &[&str]| refused_with(&[], arguments);
    refused(&["serve", "--listen", "127.0.0.1:0", "--data", &data, "--master-key", &wrong]);
    let wrong_file = folder.0.join("wrong.key").display().to_string();
    std::fs::write(&wrong_file, format!("{wrong}\n")).expect("a file");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", &data];
    for variable in [("MASTER_KEY", wrong.as_str()), ("MASTER_KEY_FILE", &wrong_file)] {
        refused_with(&[variable], &serve);
    }
    refused(&["keys", "rotate", "--environment", "qa", "--data", &data, "--master-key", &wrong]);
    // The same where only one key, of whatever state, was sealed with another one.
    let url = format!("sqlite:{data}/understudy.db");
    for state in ["active", "next", "retiring"] {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let db = Db::connect(&url, 1).await.expect("the database");
            let change = async |sql: &'static str| {
                let mut tx = db.write().await.expect("a transaction");
                let Raw::Sqlite(conn) = tx.raw() else { panic!("these tests are on SQLite") };
                sqlx::query(sql).bind(state).execute(conn).await.expect("a change");
                tx.commit().await.expect("commit");
            };
            let sql =
                "UPDATE signing_keys SET sealed_private_key = CAST(substr(sealed_private_key, 1, 20) || sealed_private_key AS BLOB)
                       WHERE kid = (SELECT kid FROM signing_keys WHERE state = $1 LIMIT 1)";
            let undo = "UPDATE signing_keys SET sealed_private_key = substr(sealed_private_key, 21)
                       WHERE kid = (SELECT kid FROM signing_keys WHERE state = $1 LIMIT 1)";
            change(sql).await;
            refused(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
            change(undo).await;
            db.close().await;
        });
    }
    succeeded(&understudy(&["keys", "list", "--data", &data]));
}

#[test]
fn the_master_key_is_taken_from_a_variable_or_a_file_that_a_variable_names() {
    let folder = Folder::new("master-given");
    let data = folder.data();
    succeeded(&understudy(&["environment", "create", "--slug", "qa", "--name", "QA", "--data", &data]));
    // Elsewhere than in the data folder, so that only what is given can open anything.
    let file = folder.0.join("elsewhere.key").display().to_string();
    std::fs::rename(folder.0.join("data/master.key"), &file).expect("the key is moved");
    let key = std::fs::read_to_string(&file).expect("the key").trim().to_owned();
    for variable in [("MASTER_KEY", key.as_str()), ("MASTER_KEY_FILE", &file)] {
        let listed = succeeded(&understudy_with(&[variable], &["keys", "list", "--data", &data]));
        assert_eq!(listed.matches("active").count(), 2, "{listed}");
        assert!(!folder.0.join("data/master.key").exists(), "{} made another one", variable.0);
    }
    let nowhere = folder.0.join("nowhere.key").display().to_string();
    let short = folder.0.join("short.key").display().to_string();
    std::fs::write(&short, "c2hvcnQ=").expect("a file");
    for (variable, expected) in [
        (("MASTER_KEY", "c2hvcnQ="), "the master key has 5 bytes instead of 32"),
        (("MASTER_KEY", "no base64!"), "the master key is not base64"),
        (("MASTER_KEY_FILE", short.as_str()), "the master key has 5 bytes instead of 32"),
        (("MASTER_KEY_FILE", nowhere.as_str()), "nowhere.key"),
    ] {
        let output = understudy_with(&[variable], &["keys", "list", "--data", &data]);
        assert_eq!(output.status.code(), Some(1), "{variable:?}");
        let text = err(&output);
        assert!(text.starts_with("error: ") && text.contains(expected), "{text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    }
}

#[test]
fn an_import_says_what_it_did_and_what_is_wrong() {
    let folder = Folder::new("import");
    let data = folder.data();
    succeeded(&understudy(&["environment", "create", "--slug", "qa", "--name", "QA", "--data", &data]));
    let users = folder.0.join("users.csv");
    std::fs::write(&users, "email,name,email_verified\na@x.example,A,true\n").expect("a file");
    let file = users.display().to_string();
    let import = ["import", "--environment", "qa", "--data", &data, &file];
    let dry = succeeded(&understudy(&[&import[..], &["--dry-run"]].concat()));
    assert!(dry.contains("1 user, 1 created, 0 updated, 0 unchanged"), "{dry}");
    assert!(dry.ends_with("Dry run: nothing was changed.\n"), "{dry}");
    let done = |counts: &str| {
        let taken_for = "Understudy's own users (UTF-8, separated by commas)";
        format!("{file}: taken for {taken_for}\n{file}: 1 user, {counts}\n")
    };
    assert_eq!(succeeded(&understudy(&import)), done("1 created, 0 updated, 0 unchanged"));
    assert_eq!(succeeded(&understudy(&import)), done("0 created, 0 updated, 1 unchanged"));
    std::fs::write(&users, "email,name\nnobody,\n").expect("a file");
    let bad = understudy(&import);
    assert_eq!(bad.status.code(), Some(1));
    let expected = format!(
        "{file}:2 email: \"nobody\" is not an e-mail address\n{file}:2 name: is empty\nNothing was imported. 2 problems to mend. To import the other rows and leave these out, add --skip-bad-rows."
    );
    assert_eq!(err(&bad).trim(), expected);
}

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

#[test]
fn a_user_without_a_password_gets_a_link_from_the_command_line() {
    let folder = Folder::new("link");
    let data = folder.data();
    succeeded(&understudy(&["environment", "create", "--slug", "production", "--name", "Production", "--data", &data]));
    let users = folder.0.join("users.csv");
    std::fs::write(&users, "email,name\nnew@northwind.example,New Person\n").expect("a file");
    let users = users.display().to_string();
    succeeded(&understudy(&["import", "--environment", "production", "--data", &data, &users]));
    let link = |email: &str, more: &[&str]| {
        let arguments = ["user", "set-password-link", "--environment", "production", "--email", email, "--data", &data];
        understudy_with(&[("PUBLIC_URL", "https://understudy.example")], &[&arguments, more].concat())
    };
    let text = succeeded(&link("new@northwind.example", &[]));
    assert!(text.starts_with("https://understudy.example/id/production/password?link=upl_"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&succeeded(&link("new@northwind.example", &["--json"]))).expect("JSON");
    assert_eq!(json["email"], "new@northwind.example");
    let unknown = link("nobody@northwind.example", &[]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).contains("there is no user nobody@northwind.example"), "{}", err(&unknown));
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
            .verify(Door::Hosted, "correct-horse-demo", amara.password_hash.as_deref())
            .await
            .expect("a hash")
    );
    drop(conn);
    let olivia = "olivia.owner@understudy.example";
    let signed_in = operators::sign_in(&state, &Client::default(), olivia, "understudy-demo-1").await;
    let home = operators::home(&state, &signed_in.expect("Olivia signs in").operator).await.expect("a home");
    assert_eq!(home, "/production/users");
}

#[tokio::test]
async fn the_demonstration_keeps_out_of_other_peoples_data() {
    let folder = Folder::new("foreign");
    let state = empty_state(&folder).await;
    let mut tx = state.db.write().await.expect("a transaction");
    let made = understudy::server::service::environment::create(&state, &mut tx, "production", "Production", 0).await;
    made.expect("an environment");
    tx.commit().await.expect("commit");
    let refused = prepare(&state).await.expect_err("other data");
    assert!(refused.to_string().contains("this database holds other data"), "{refused}");
}

#[test]
fn a_new_installation_is_told_step_by_step_what_it_lacks() {
    let folder = Folder::new("steps");
    // Neither folder is there, and the key is to lie beside the database, wherever the command is started.
    let file = folder.0.join("var/lib/understudy.db");
    let url = format!("sqlite:{}", file.display());
    let run = |arguments: &[&str]| understudy_with(&[("DATABASE_URL", &url)], arguments);
    succeeded(&run(&["environment", "create", "--slug", "production", "--name", "Production"]));
    assert!(file.is_file() && file.with_file_name("master.key").is_file());
    succeeded(&run(&["operator", "create", "--email", "you@example.com", "--name", "You", "--role", "owner"]));
    let told = out(&run(&["doctor"]));
    for missing in [
        "impersonation is turned off in Production",
        "Production has no application",
        "Production has no account",
        "Production has no user",
        "nobody but Owners",
    ] {
        assert!(told.contains(missing), "{missing} is not said:\n{told}");
    }
    let on = succeeded(&run(&["impersonation", "on", "--environment", "production"]));
    assert!(on.contains("Impersonation is turned on in Production."), "{on}");
    assert!(!out(&run(&["doctor"])).contains("impersonation is turned off"));
    let shown = succeeded(&run(&["impersonation", "show", "--environment", "production", "--json"]));
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown["enabled"], true);
    succeeded(&run(&["impersonation", "off", "--environment", "production"]));
    assert!(out(&run(&["doctor"])).contains("impersonation is turned off"));
}

#[test]
fn every_command_that_answers_answers_scripts_in_json() {
    let folder = Folder::new("json");
    let data = folder.data();
    let json = |arguments: &[&str]| -> serde_json::Value {
        let text = succeeded(&understudy(&[arguments, &["--json", "--data", &data]].concat()));
        serde_json::from_str(text.trim()).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    };
    let made = json(&["environment", "create", "--slug", "production", "--name", "Production"]);
    assert_eq!(made["slug"], "production");
    assert_eq!(json(&["environment", "list"])[0]["name"], "Production");
    assert_eq!(json(&["keys", "list"]).as_array().map(Vec::len), Some(4));
    let rotated = json(&["keys", "rotate", "--environment", "production"]);
    assert!(rotated.as_array().is_some_and(|keys| keys.iter().all(|key| key["active"].is_string())), "{rotated}");
    assert_eq!(json(&["impersonation", "on", "--environment", "production"])["enabled"], true);
}
