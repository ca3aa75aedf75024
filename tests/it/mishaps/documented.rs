//! The guide to the audit trail against the code.

use understudy::model::audit::{Severity, action};

/// The rows of the guide's table of actions: name and severities.
fn documented() -> Vec<(String, Vec<Severity>)> {
    let guide = include_str!("../../../docs/audit.md");
    let actions = guide.split("## Actions").nth(1).expect("a section about actions");
    let rows = actions.lines().filter_map(|line| line.strip_prefix("| `"));
    let row = |row: &str| {
        let mut cells = row.split('|').map(str::trim);
        let name = cells.next().expect("a name").trim_matches('`').to_owned();
        let severities = cells.next().expect("severities").split(", ");
        let severities = severities.map(|word| Severity::parse(word).unwrap_or_else(|| panic!("{name}: {word}")));
        let severities = severities.collect();
        assert!(cells.filter(|cell| !cell.is_empty()).count() == 2, "{name}: who, and when");
        (name, severities)
    };
    rows.map(row).collect()
}

#[test]
fn the_guide_lists_every_action_with_the_severities_that_the_code_gives_it() {
    let documented = documented();
    for (name, severities) in action::ALL {
        let row = documented.iter().find(|(known, _)| known == name);
        let row = row.unwrap_or_else(|| panic!("docs/audit.md does not have {name}"));
        assert_eq!(row.1, *severities, "{name}");
    }
    let reported = documented.iter().filter(|(name, _)| name.starts_with(action::REPORTED)).count();
    assert_eq!(reported, 1, "what applications report");
    assert_eq!(documented.len(), action::ALL.len() + reported, "docs/audit.md has an action that the code does not");
}
