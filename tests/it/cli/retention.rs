//! Saying for how long an environment keeps what is over.

use super::{Folder, err, succeeded, understudy};

#[test]
fn an_environment_is_told_how_long_it_keeps_what_is_over() {
    let folder = Folder::new("retention");
    let data = folder.data();
    let run = |arguments: &[&str]| understudy(&[arguments, &["--data", &data]].concat());
    let retention = |more: &[&str]| run(&[&["environment", "retention", "--slug", "production"], more].concat());
    succeeded(&run(&["environment", "create", "--slug", "production", "--name", "Production"]));
    let usual = succeeded(&retention(&[]));
    assert!(usual.contains("audit events") && usual.matches("400").count() == 4, "{usual}");
    let told = succeeded(&retention(&["--audit-days", "7", "--session-days", "90"]));
    for said in [
        "audit events                7    400",
        "ended sessions              90   400",
        "kept for 30 days all the same",
    ] {
        assert!(told.contains(said), "{said} is not said:\n{told}");
    }
    let again = succeeded(&retention(&["--audit-days", "7"]));
    assert!(again.contains("Nothing was changed"), "{again}");
    let json = succeeded(&retention(&["--audit-days", "800", "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["before"]["audit_days"], &json["now"]["audit_days"]), (&7.into(), &800.into()));
    assert_eq!(json["now"]["session_days"], 90);
    for (wrong, why) in [("0", "1..=36500"), ("-5", "1..=36500"), ("40000", "1..=36500"), ("soon", "invalid")] {
        let refused = retention(&["--audit-days", wrong]);
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
        assert!(err(&refused).contains("--audit-days") && err(&refused).contains(why), "{wrong}: {}", err(&refused));
    }
    let nowhere = run(&["environment", "retention", "--slug", "qa"]);
    assert!(!nowhere.status.success() && err(&nowhere).contains("there are production"), "{}", err(&nowhere));
    assert!(succeeded(&retention(&[])).contains("800"));
}
