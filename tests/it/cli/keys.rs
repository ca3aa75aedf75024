//! Signing keys, and the master key that they are encrypted with.

use super::{Folder, err, succeeded, understudy, understudy_with};
use understudy::server::crypto::keyring::MasterKey;
use understudy::server::db::{Db, Raw};
use understudy::server::platform::random::SystemRandom;

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
