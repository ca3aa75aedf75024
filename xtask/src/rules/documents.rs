//! The documents name what there is: every path and every command in backticks exists, and the map in the README leaves no
//! folder and no loose file out.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::Options;
use crate::publish::files_below;
use crate::repo::Repo;

const MAP: &str = "README.md";
/// Where paths begin, from the repository's root.
const ROOTS: [&str; 9] =
    ["src/", "xtask/", "tests/", "docs/", "end2end/", "examples/", "migrations/", "style/", "public/"];
/// Folders of which the map has everything that lies right in them.
const MAPPED: [&str; 3] = ["src", "src/server", "src/ui"];

pub fn documents(repo: &Repo) -> Result<Vec<String>> {
    let commands: Vec<String> = Options::command().get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let mut found = Vec::new();
    for path in pages(repo)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = repo.shown(&path).replace('\\', "/");
        for (line, code) in spans(&text) {
            let missing = paths(code).find(|named| !repo.root.join(named).exists());
            found.extend(missing.map(|named| format!("{name}:{line}: there is no {named}")));
            let unknown = command(code).filter(|word| !commands.iter().any(|known| known == word));
            found.extend(unknown.map(|word| format!("{name}:{line}: cargo xtask has no {word}")));
        }
        if name == MAP {
            found.extend(unmapped(repo, &text)?);
        }
    }
    Ok(found)
}

/// Everything that people read.
fn pages(repo: &Repo) -> Result<Vec<PathBuf>> {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| repo.root.join(name)).into();
    let docs = files_below(&repo.root.join("docs"))?;
    pages.extend(docs.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    Ok(pages)
}

/// What stands between backticks in a line, with the line's number; and whole lines between fences.
fn spans(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut is_fenced = false;
    for (line, number) in text.lines().zip(1..) {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if is_fenced {
            found.push((number, line));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(|code| (number, code)));
        }
    }
    found
}

/// Paths from the root that a text names. What has a `*`, `{` or `…` in it stands for many.
fn paths(code: &str) -> impl Iterator<Item = &str> {
    code.split_whitespace()
        .map(|word| word.trim_matches(|c: char| matches!(c, ',' | ';' | ':' | '(' | ')' | '"' | '\'')))
        .filter(|word| ROOTS.iter().any(|root| word.starts_with(root)))
        .filter(|word| !word.contains(['*', '{', '…', '$']))
}

/// The word behind `cargo xtask`.
fn command(code: &str) -> Option<&str> {
    let (_, after) = code.split_once("cargo xtask ")?;
    after.split_whitespace().next().filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// What lies in the mapped folders and has no row.
fn unmapped(repo: &Repo, readme: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for folder in MAPPED {
        for entry in fs::read_dir(repo.root.join(folder)).with_context(|| format!("cannot read {folder}"))? {
            let path = entry?.path();
            let Some(named) = row(&repo.root, &path) else { continue };
            if !readme.contains(&format!("`{named}")) {
                found.push(format!("{MAP}: the map has no row for {named}"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// How the map names this. Nothing for the file that only lists what is in the folder beside it.
fn row(root: &Path, path: &Path) -> Option<String> {
    let name = path.strip_prefix(root).ok()?.display().to_string().replace('\\', "/");
    if path.is_dir() {
        return Some(format!("{name}/"));
    }
    (!path.with_extension("").is_dir()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{command, paths, spans};

    #[test]
    fn paths_are_found_in_backticks_and_between_fences() {
        let text = "See `src/a.rs` and `b`.\n```sh\ncat docs/c.md\n```\nsrc/d.rs is plain, `src/*.rs` is many.\n";
        let found: Vec<(usize, &str)> =
            spans(text).into_iter().flat_map(|(line, code)| paths(code).map(move |path| (line, path))).collect();
        assert_eq!(found, [(1, "src/a.rs"), (3, "docs/c.md")]);
    }

    #[test]
    fn a_command_is_the_word_behind_cargo_xtask() {
        assert_eq!(command("cargo xtask bench users"), Some("bench"));
        assert_eq!(command("cargo xtask --help"), None);
        assert_eq!(command("cargo test"), None);
    }
}
