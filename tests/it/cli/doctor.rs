//! What the doctor finds, and commands that answer scripts.

use super::{Folder, out, succeeded, understudy, understudy_with};
use crate::support::{MASTER_KEY, TestApp};
use understudy::server::db::notice;
use understudy::server::platform::clock::{Clock, SystemClock};

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
fn applications_that_cannot_be_told_of_ended_sessions_are_named() {
    let folder = Folder::new("told");
    let data = folder.data();
    succeeded(&understudy(&["environment", "create", "--slug", "production", "--name", "Production", "--data", &data]));
    let file = folder.0.join("applications.csv");
    let rows = "client_id,name,app_url,backchannel_logout_uri\n\
                inside,Inside,https://inside.example/,https://10.1.2.3/logout\n\
                metadata,Metadata,https://metadata.example/,http://169.254.169.254/logout\n\
                none,None,https://none.example/,\n";
    std::fs::write(&file, rows).expect("a file");
    succeeded(&understudy(&["import", "--environment", "production", "--data", &data, &file.display().to_string()]));
    let told = |more: &[&str]| out(&understudy(&[&["doctor", "--data", &data], more].concat()));
    let text = told(&[]);
    for named in [
        "Production: Inside cannot be told of ended sessions at https://10.1.2.3/logout: refused: private address",
        "Production: Metadata cannot be told of ended sessions at http://169.254.169.254/logout",
        "OUTBOUND_NETWORKS",
    ] {
        assert!(text.contains(named), "{named} is not said:\n{text}");
    }
    assert!(!text.contains("None cannot"), "{text}");
    let text = told(&["--outbound-networks", "10.1.0.0/16"]);
    assert!(!text.contains("Inside cannot") && text.contains("Metadata cannot"), "{text}");
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
    let create = ["operator", "create", "--email", "o@x.example", "--name", "Olga", "--role", "owner"];
    assert_eq!(json(&create)["created"], true);
    assert_eq!(json(&["operator", "list"])["operators"][0]["email"], "o@x.example");
    let template = json(&["import", "--template", "users"]);
    assert!(template["template"].as_str().is_some_and(|text| text.starts_with("email,")), "{template}");
    let sign_ins = json(&["demo", "--print-sign-ins"]);
    assert_eq!(sign_ins["operators"][0]["roles"], serde_json::json!(["owner"]));
    assert!(sign_ins["users"].as_array().is_some_and(|users| users.iter().all(|user| user["password"].is_string())));
}

#[test]
fn one_variable_asks_all_commands_for_json() {
    let folder = Folder::new("variable");
    let data = folder.data();
    let file = folder.0.join("users.csv");
    let users = file.display().to_string();
    std::fs::write(&file, "email,name\na@x.example,A\n").expect("a file");
    let run = |arguments: &[&str]| {
        let output = understudy_with(&[("OUTPUT_JSON", "true"), ("DATA_DIR", &data)], arguments);
        let text = out(&output);
        serde_json::from_str::<serde_json::Value>(&text)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    };
    run(&["environment", "create", "--slug", "production", "--name", "Production"]);
    run(&["operator", "create", "--email", "o@x.example", "--name", "Olga", "--role", "owner"]);
    run(&["operator", "grant", "--email", "o@x.example", "--role", "admin"]);
    assert_eq!(run(&["import", "--environment", "production", &users])["imported"], true);
    assert!(
        run(&["user", "set-password-link", "--environment", "production", "--email", "a@x.example"])["link"]
            .is_string()
    );
    assert!(run(&["doctor"])["findings"].is_array());
}

#[test]
fn the_doctor_answers_scripts_with_each_finding_and_what_to_do() {
    let folder = Folder::new("findings");
    let data = folder.data();
    let examine = || {
        let output = understudy(&["doctor", "--json", "--data", &data]);
        let answer: serde_json::Value = serde_json::from_str(&out(&output)).expect("JSON");
        assert_eq!(output.status.success(), answer["healthy"] == true, "{answer}");
        answer
    };
    let missing = examine();
    assert_eq!(missing["healthy"], false);
    let of_kind = |answer: &serde_json::Value, kind: &str, what: &str| {
        let findings = answer["findings"].as_array().expect("a list").clone();
        let found = findings
            .into_iter()
            .find(|one| one["kind"] == kind && one["what"].as_str().is_some_and(|text| text.contains(what)));
        found.unwrap_or_else(|| panic!("no {kind} {what:?} in {answer}"))
    };
    let problem = of_kind(&missing, "problem", "there is no database yet");
    assert!(problem["mend"].as_str().is_some_and(|text| text.contains("understudy serve")), "{problem}");
    succeeded(&understudy(&["environment", "create", "--slug", "production", "--name", "Production", "--data", &data]));
    let made = examine();
    of_kind(&made, "warning", "impersonation is turned off in Production");
    assert_eq!(of_kind(&made, "good", "the schema is up to date")["mend"], serde_json::Value::Null);
}

#[tokio::test]
async fn what_the_doctor_does_not_list_it_counts() {
    let app = TestApp::new().await;
    crate::support::fixture::add_users(&app.state, 30).await;
    app.execute("UPDATE users SET email_conflict = 'x@y.example' WHERE email LIKE '%many.example'").await;
    let conflicts = app.count("users WHERE email_conflict IS NOT NULL").await;
    assert!(conflicts > 20, "{conflicts}");
    let mut tx = app.state.db.write().await.expect("a transaction");
    for number in 0..9 {
        let address = format!("203.0.113.{number}");
        notice::note(&mut tx, "forwarded.untrusted", &address, SystemClock.now()).await.expect("a notice");
    }
    tx.commit().await.expect("commit");
    let told = out(&understudy(&["doctor", "--database-url", app.database_url(), "--master-key", MASTER_KEY]));
    assert_eq!(told.matches("another spelling of x@y.example").count(), 20, "{told}");
    assert!(told.contains(&format!("{} more users have such an address", conflicts - 20)), "{told}");
    assert_eq!(told.matches("a forwarding header came from 203.0.113.").count(), 5, "{told}");
    assert!(told.contains("4 other addresses"), "{told}");
}

#[tokio::test]
async fn an_environment_that_has_a_word_of_the_servers_from_before_is_named() {
    let app = TestApp::new().await;
    let run = || out(&understudy(&["doctor", "--database-url", app.database_url(), "--master-key", MASTER_KEY]));
    assert!(!run().contains("which the server needs for itself"), "{}", run());
    app.execute("UPDATE environments SET slug = 'rpc' WHERE slug = 'staging'").await;
    let told = run();
    assert!(told.contains("has the word \"rpc\", which the server needs for itself by now"), "{told}");
    let made = understudy(&[
        "environment",
        "create",
        "--slug",
        "scim",
        "--name",
        "Scim",
        "--database-url",
        app.database_url(),
        "--master-key",
        MASTER_KEY,
    ]);
    assert!(!made.status.success(), "{}", out(&made));
}
