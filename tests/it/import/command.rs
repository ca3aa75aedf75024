//! `understudy import` as it is typed.

use std::path::PathBuf;
use std::process::{Command, Output};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("understudy-import-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let folder = Self(folder);
        let made = folder.understudy(&["environment", "create", "--slug", "qa", "--name", "QA"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        folder
    }

    fn understudy(&self, arguments: &[&str]) -> Output {
        let data = self.0.join("data");
        let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
        command.args(arguments).env_clear().env("DATA_DIR", data).output().expect("the binary runs")
    }

    fn import(&self, name: &str, text: &str, more: &[&str]) -> Output {
        let file = self.0.join(name);
        std::fs::write(&file, text).expect("a file");
        let file = file.display().to_string();
        self.understudy(&[&["import", "--environment", "qa", &file], more].concat())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_template_can_be_imported_as_it_is() {
    let folder = Folder::new("templates");
    for (kind, columns) in [
        ("roles", "key,name,permissions"),
        ("applications", "jwks,backchannel_logout_uri"),
        ("accounts", "external_id,name,applications"),
        ("users", "email,name,email_verified,password_hash"),
    ] {
        let template = out(&folder.understudy(&["import", "--template", kind]));
        assert!(template.contains(columns), "{template}");
        let done = out(&folder.import(&format!("{kind}.csv"), &template, &[]));
        assert!(done.contains("1 created"), "{done}");
    }
    for origin in ["auth0", "okta", "entra", "google", "keycloak", "frontegg", "firebase"] {
        let template = out(&folder.understudy(&["import", "--template", "users", "--from", origin]));
        let done = out(&folder.import("export.csv", &template, &["--dry-run"]));
        assert!(done.contains("1 user, "), "{origin}: {done}");
    }
}

#[test]
fn help_lists_every_column_and_every_kind_of_change_that_has_to_be_allowed() {
    let folder = Folder::new("help");
    let help = out(&folder.understudy(&["import", "--help"]));
    for word in
        ["jwks", "backchannel_logout_uri", "email*", "external_id*", "permissions", "unlock", "remove-membership"]
    {
        assert!(help.contains(word), "{word} is missing:\n{help}");
    }
}

#[test]
fn json_says_what_was_found_and_what_has_to_be_allowed() {
    let folder = Folder::new("json");
    let locked = "email,name,locked\ndana@x.example,Dana,true\n";
    let answer: serde_json::Value =
        serde_json::from_str(&out(&folder.import("users.csv", locked, &["--json"]))).expect("JSON");
    assert_eq!((&answer["imported"], &answer["files"][0]["created"]), (&true.into(), &1.into()));
    let unlocked = folder.import("users.csv", &locked.replace("true", "false"), &["--json"]);
    assert_eq!(unlocked.status.code(), Some(1));
    let answer: serde_json::Value = serde_json::from_slice(&unlocked.stdout).expect("JSON");
    assert_eq!((&answer["imported"], &answer["to_allow"][0]), (&false.into(), &"unlock".into()));
    assert_eq!(answer["files"][0]["listed"][0]["what"], "unlocked");
    let bad = folder.import("users.csv", "email,name\nnobody,A\n", &["--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&bad.stdout).expect("JSON");
    assert_eq!((&answer["problems_total"], &answer["problems"][0]["line"]), (&1.into(), &2.into()));
    let allowed = out(&folder.import("users.csv", &locked.replace("true", "false"), &["--allow", "unlock"]));
    assert!(allowed.contains("locked: 1 unlocked"), "{allowed}");
}

#[test]
fn what_a_file_holds_is_seen_from_its_head_line() {
    let folder = Folder::new("kinds");
    assert!(out(&folder.import("people.csv", "email;name\na@x.example;A\n", &[])).contains("1 user, 1 created"));
    assert!(out(&folder.import("teams.csv", "key,name\nadmin,Admin\n", &[])).contains("1 role, 1 created"));
    let strange = folder.import("strange.csv", "a,b\n1,2\n", &[]);
    assert!(String::from_utf8_lossy(&strange.stderr).contains("give --kind users, accounts"));
    let missing = folder.understudy(&["import", "--environment", "qa", "/nowhere/users.csv"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("--template users"));
}

#[test]
fn a_report_is_never_written_over_a_file_to_import_and_is_for_nobody_else_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("report");
    let text = "email,name\na@x.example,A\n";
    let own = folder.0.join("users.csv");
    let link = folder.0.join("link.csv");
    std::os::unix::fs::symlink(&own, &link).expect("a link");
    for report in [&own, &link] {
        let refused = folder.import("users.csv", text, &["--report", &report.display().to_string()]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("this is a file to import"));
        assert_eq!(std::fs::read_to_string(&own).expect("the file"), text);
    }
    let report = folder.0.join("report.csv");
    out(&folder.import("users.csv", text, &["--report", &report.display().to_string()]));
    let there = std::fs::metadata(&report).expect("a report");
    assert_eq!(there.permissions().mode() & 0o777, 0o600);
    let names =
        std::fs::read_dir(&folder.0).expect("a folder").filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert_eq!(names.filter(|name| name.contains(".part")).count(), 0);
}

#[test]
fn standard_input_is_read_and_an_empty_file_is_called_empty() {
    use std::io::Write;
    let folder = Folder::new("stdin");
    let piped_to = |file: &str, text: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
        command.args(["import", "--environment", "qa", file]).env_clear().env("DATA_DIR", folder.0.join("data"));
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().expect("the binary runs");
        child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends")
    };
    let piped = |text: &str| piped_to("-", text);
    assert!(out(&piped("email,name\na@x.example,A\n")).contains("1 user, 1 created"));
    assert!(out(&piped("key,name\nadmin,Admin\n")).contains("1 role, 1 created"));
    // A pipe that has a name is as little there a second time.
    let named = |text: &str| out(&piped_to("/dev/stdin", text));
    assert!(named("email,name\nb@x.example,B\n").contains("1 user, 1 created"));
    assert!(named("key,name\nviewer,Viewer\n").contains("1 role, 1 created"));
    let empty = piped("");
    assert!(String::from_utf8_lossy(&empty.stderr).contains("standard input: the file is empty"));
    for text in ["", "\n \n", ";;;\n"] {
        let empty = folder.import("whatever.csv", text, &[]);
        assert!(String::from_utf8_lossy(&empty.stderr).contains("the file is empty"), "{text:?}");
    }
}

#[test]
fn a_files_name_reaches_the_terminal_without_what_it_would_obey() {
    let folder = Folder::new("names");
    let evil = folder.import("ev\u{202e}il\u{1b}[31m.csv", "email,name\nnobody,A\n", &["--kind", "users"]);
    let said = String::from_utf8_lossy(&evil.stderr);
    assert!(said.contains("nobody") && !said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said:?}");
}
