//! What the doctor finds, and commands that answer scripts.

use super::{Folder, out, succeeded, understudy, understudy_with};

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
}
