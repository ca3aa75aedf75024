//! Giving an environment a host name of its own, and what is said of it.

use super::{Folder, err, out, succeeded, understudy};

#[test]
fn an_environment_gets_a_host_name_and_loses_it() {
    let folder = Folder::new("own-host");
    let data = folder.data();
    let run = |arguments: &[&str]| understudy(&[arguments, &["--data", &data]].concat());
    let set = |more: &[&str]| {
        let public = ["--public-url", "https://understudy.example.com"];
        run(&[&["environment", "set-host", "--slug", "production"], more, &public].concat())
    };
    succeeded(&run(&["environment", "create", "--slug", "production", "--name", "Production"]));
    succeeded(&run(&["environment", "create", "--slug", "staging", "--name", "Staging"]));
    let told = succeeded(&set(&["--host", "Login.ACME.example"]));
    for said in ["https://login.acme.example", "https://understudy.example.com/id/production", "are refused"] {
        assert!(told.contains(said), "{said} is not said:\n{told}");
    }
    let again = succeeded(&set(&["--host", "login.acme.example"]));
    assert!(again.contains("Nothing was changed"), "{again}");
    assert!(succeeded(&run(&["environment", "list"])).contains("login.acme.example"));
    let listed = succeeded(&run(&["environment", "list", "--json"]));
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!((&listed[0]["host"], &listed[1]["host"]), (&"login.acme.example".into(), &serde_json::Value::Null));
    let doctor = out(&run(&["doctor", "--public-url", "https://understudy.example.com"]));
    assert!(doctor.contains("the issuer of Production is https://login.acme.example\n"), "{doctor}");
    assert!(doctor.contains("the issuer of Staging is https://understudy.example.com/id/staging\n"), "{doctor}");
    // The server was moved to where the environment is.
    let doctor = out(&run(&["doctor", "--public-url", "https://login.acme.example"]));
    assert!(doctor.contains("✗ Production has the host name login.acme.example"), "{doctor}");
    for (wrong, why) in [
        ("https://login.acme.example", "without scheme and path"),
        ("understudy.example.com:8443", "the portal's own host name"),
        ("192.0.2.1", "IP address"),
    ] {
        let refused = set(&["--host", wrong]);
        assert!(!refused.status.success() && err(&refused).contains(why), "{wrong}: {}", err(&refused));
    }
    let cleared = succeeded(&set(&["--clear", "--json"]));
    let cleared: serde_json::Value = serde_json::from_str(&cleared).expect("JSON");
    assert_eq!(cleared["issuer"], "https://understudy.example.com/id/production");
    assert_eq!(cleared["former_issuer"], "https://login.acme.example");
    assert_eq!(cleared["host"], serde_json::Value::Null);
}
