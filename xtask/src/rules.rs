//! The rules of the house, as checks on source text. Each returns what breaks it, as `file:line: why`.

mod arrows;
mod conformance;
mod dependencies;
mod documents;
mod rows;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::publish::files_below;
use crate::repo::Repo;

type Rule = fn(&Repo) -> Result<Vec<String>>;

/// Every rule, with the name that `lint` calls it by.
pub const ALL: [(&str, Rule); 10] = [
    ("migration parity", migrations),
    ("file length", length),
    ("feature gates", gates),
    ("SQL outside the database layer", sql),
    ("rows outside the database layer", rows::rows),
    ("circles", arrows::circles),
    ("arrows against the plan", arrows::arrows),
    ("the conformance table", conformance::conformance),
    ("what the documents name", documents::documents),
    ("unused dependencies", dependencies::dependencies),
];

const LONGEST: usize = 400;

/// Both databases have migrations of the same names.
fn migrations(repo: &Repo) -> Result<Vec<String>> {
    let names = |database: &str| -> Result<BTreeSet<String>> {
        let folder = repo.root.join("migrations").join(database);
        Ok(files_below(&folder)?
            .iter()
            .map(|path| path.strip_prefix(&folder).unwrap_or(path).display().to_string())
            .collect())
    };
    let sqlite = names("sqlite")?;
    let postgres = names("postgres")?;
    let missing = |from: &str, name: &String| format!("migrations/{from} has no {name}");
    let mut found: Vec<String> = sqlite.difference(&postgres).map(|name| missing("postgres", name)).collect();
    found.extend(postgres.difference(&sqlite).map(|name| missing("sqlite", name)));
    Ok(found)
}

/// No source file is longer than one can keep in mind.
fn length(repo: &Repo) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for source in sources(repo)? {
        let lines = source.text.lines().count();
        if lines > LONGEST {
            found.push(format!("{}: {lines} lines, at most {LONGEST}", source.name));
        }
    }
    Ok(found)
}

/// What exists on which side is decided in one place.
fn gates(repo: &Repo) -> Result<Vec<String>> {
    let gates = lines_with(repo, "cfg(feature", |name| !matches!(name, "src/lib.rs" | "src/main.rs"))?;
    let targets = lines_with(repo, "target_arch=", |name| name != "src/ui/kit.rs")?;
    let mut found = said(gates, "feature gates belong into src/lib.rs");
    found.extend(said(targets, "ask IN_BROWSER of src/ui/kit.rs which side this is"));
    Ok(found)
}

/// SQL is written in one layer.
fn sql(repo: &Repo) -> Result<Vec<String>> {
    lines_with(repo, "sqlx::query", |name| name != "src/server/db.rs" && !name.starts_with("src/server/db/"))
        .map(|found| said(found, "SQL belongs into src/server/db"))
}

struct Source {
    /// From the repository's root, with `/`.
    name: String,
    text: String,
}

fn sources(repo: &Repo) -> Result<Vec<Source>> {
    files_below(&repo.root.join("src"))?
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(Source { name: shown(repo, path), text })
        })
        .collect()
}

fn shown(repo: &Repo, path: &Path) -> String {
    repo.shown(path).replace('\\', "/")
}

/// `file:line` of each line of code that contains this, in the files that `concerns` says yes to.
fn lines_with(repo: &Repo, what: &str, concerns: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for source in sources(repo)? {
        if concerns(&source.name) {
            found.extend(code_lines_with(&source.text, what).map(|line| format!("{}:{line}", source.name)));
        }
    }
    Ok(found)
}

/// Numbers of the lines that contain this, comments aside. Spaces do not count: rustfmt puts none, people may.
fn code_lines_with(text: &str, what: &str) -> impl Iterator<Item = usize> {
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let code = line.split("//").next().unwrap_or_default();
        code.replace(' ', "").contains(what).then_some(number)
    })
}

fn said(places: Vec<String>, why: &str) -> Vec<String> {
    places.into_iter().map(|place| format!("{place}: {why}")).collect()
}

#[cfg(test)]
mod tests {
    use super::code_lines_with;

    #[test]
    fn comments_are_not_code() {
        let text =
            "// sqlx::query here\nlet x = 1; // sqlx::query\n    sqlx::query(\"\");\n#[cfg (feature = \"ssr\")]\n";
        assert_eq!(code_lines_with(text, "sqlx::query").collect::<Vec<_>>(), [3]);
        assert_eq!(code_lines_with(text, "cfg(feature").collect::<Vec<_>>(), [4]);
    }
}
