//! The command line: help, and what its commands say and do.

mod demo;
mod doctor;
mod keys;
mod own_host;
mod readme;
mod retention;

use std::path::PathBuf;
use std::process::{Command, Output};

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
    let users = format!("{data}.csv");
    std::fs::write(&users, "email,name\n").expect("a file");
    let cases: [(&[&str], &str); 4] = [
        (
            &["environment", "list", "--database-url", "mysql://x"],
            "DATABASE_URL must begin with sqlite: or postgres://",
        ),
        (&["serve", "--data", &data, "--public-url", "https://x.example/path"], "PUBLIC_URL must have no path"),
        (&["environment", "list", "--data", &data, "--master-key", "short"], "the master key"),
        (
            &["import", "--environment", "nowhere", "--kind", "users", &users, "--data", &data],
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
    let owner = understudy(&["operator", "grant", "--email", "v@x.example", "--role", "owner", "--data", &data]);
    assert!(owner.status.success() && !err(&owner).contains("no Owner left"), "{}", err(&owner));
    let last = understudy(&["operator", "revoke", "--email", "v@x.example", "--role", "owner", "--data", &data]);
    assert!(last.status.success() && err(&last).contains("no Owner left"), "{}", err(&last));
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
