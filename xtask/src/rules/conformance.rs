//! `docs/conformance.md` claims nothing that no test shows: every row of its tables says yes or no, a yes names its
//! tests, and every test that is named exists.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use crate::publish::files_below;
use crate::repo::Repo;

const DOCUMENT: &str = "docs/conformance.md";
/// Clause, what it demands, tests, yes or no.
const CELLS: usize = 4;

pub fn conformance(repo: &Repo) -> Result<Vec<String>> {
    let path = repo.root.join(DOCUMENT);
    let document = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let found = wrong_rows(&document, &known_tests(repo)?);
    Ok(found.into_iter().map(|(line, why)| format!("{DOCUMENT}:{line}: {why}")).collect())
}

/// Names of all Rust tests and titles of all browser tests.
fn known_tests(repo: &Repo) -> Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for folder in ["src", "tests", "end2end"] {
        for path in files_below(&repo.root.join(folder))? {
            if path.components().any(|part| part.as_os_str() == "node_modules") {
                continue;
            }
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            let tests: fn(&str) -> Vec<String> = match ending {
                "rs" => rust_tests,
                "ts" | "mts" | "js" | "mjs" => titles,
                _ => continue,
            };
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            known.extend(tests(&text));
        }
    }
    Ok(known)
}

/// Functions below `#[test]` or `#[tokio::test]`, whatever other attributes stand between.
fn rust_tests(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(name) = is_test.then(|| function(line)).flatten() {
            found.push(name.to_owned());
            is_test = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            is_test = false;
        }
    }
    found
}

fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    rest.split('(').next()
}

/// What stands in quotes after `test(`.
fn titles(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in text.split("test(").skip(1) {
        let rest = rest.trim_start();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else { continue };
        found.extend(rest[1..].split(quote).next().map(str::to_owned));
    }
    found
}

/// Line numbers of rows that claim what nothing shows, and why.
fn wrong_rows(document: &str, known: &BTreeSet<String>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut rows = 0;
    for (line, number) in document.lines().zip(1..) {
        let Some(cells) = cells(line) else { continue };
        let is_rule = cells.iter().all(|cell| cell.chars().all(|c| c == '-'));
        if is_rule || cells.last() == Some(&"met") {
            continue;
        }
        rows += 1;
        if cells.len() != CELLS {
            found.push((number, format!("a row has {CELLS} cells, this one has {}", cells.len())));
            continue;
        }
        let tests: Vec<&str> = cells[2].split('`').skip(1).step_by(2).collect();
        found.extend(unknown(&tests, known).map(|test| (number, format!("there is no test {test}"))));
        let answer = cells[CELLS - 1];
        if answer == "yes" && tests.is_empty() {
            found.push((number, "a yes needs a test".to_owned()));
        } else if answer != "yes" && answer.strip_prefix("no: ").is_none_or(str::is_empty) {
            found.push((number, format!("neither `yes` nor `no: ` and a reason: {answer}")));
        }
    }
    if rows == 0 {
        found.push((1, "there is no row".to_owned()));
    }
    found
}

fn unknown<'a>(tests: &'a [&str], known: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
    tests.iter().copied().filter(|test| !known.contains(*test))
}

/// The cells of a table's row. No cell holds a bar.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?;
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    Some(inner.split('|').map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{conformance, rust_tests, titles, wrong_rows};
    use crate::repo::Repo;

    #[test]
    fn the_table_of_this_repository_claims_only_what_a_test_shows() {
        let found = conformance(&Repo::find().expect("the repository")).expect("the table is read");
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    fn wrong(rows: &str) -> Vec<(usize, String)> {
        let known = ["a_test", "a title of a journey"].map(str::to_owned);
        wrong_rows(
            &format!("| clause | demands | tests | met |\n| --- | --- | --- | --- |\n{rows}"),
            &BTreeSet::from(known),
        )
    }

    #[test]
    fn a_yes_with_its_tests_and_a_no_with_its_reason_are_fine() {
        assert_eq!(wrong("| 1 | b | `a_test`, `a title of a journey` | yes |\n| 2 | b | | no: for a reason |\n"), []);
    }

    #[test]
    fn a_claim_without_a_test_is_found_with_its_line() {
        let lines = |rows: &str| wrong(rows).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
        assert_eq!(lines("| 1 | b | | yes |"), [3]);
        assert_eq!(lines("| 1 | b | a_test | yes |"), [3]);
        assert_eq!(lines("| 1 | b | `a_test` | yes |\n| 2 | b | `a_test_that_is_not_there` | yes |"), [4]);
        assert_eq!(lines("| 1 | b | `not_there` | no: for a reason |"), [3]);
        assert_eq!(lines("| 1 | b | `a_test` | |"), [3]);
        assert_eq!(lines("| 1 | b | `a_test` | no |"), [3]);
        assert_eq!(lines("| 1 | b | `a_test` | maybe |"), [3]);
        assert_eq!(lines("| 1 | `a_test` | yes |"), [3]);
        assert_eq!(wrong_rows("no table at all", &BTreeSet::new()).len(), 1);
    }

    #[test]
    fn only_functions_that_run_as_tests_are_tests() {
        let text = "#[tokio::test]\nasync fn one() {\n}\nfn helper() {}\n#[test]\n#[should_panic]\n    fn two() {}\n\
                    #[cfg(test)]\nfn three() {}\n";
        assert_eq!(rust_tests(text), ["one", "two"]);
        assert_eq!(
            titles("test(\"a title\", async () => {}); test.skip(`x`); test(\n  'another', f)"),
            ["a title", "another"]
        );
    }
}
