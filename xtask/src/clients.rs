//! The clients of `end2end/clients/`, which others wrote: unmodified packages, which the set-up there registers with the
//! provider.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::playwright::{Suite, drive};
use crate::publish::hash;
use crate::repo::Repo;
use crate::tally::Tally;
use crate::{process, server, steps, tools};

/// All that a bundler and Node can run: part of every test.
pub fn run(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let suite =
        Suite { work: "clients", folder: "clients", packages: &["clients", "clients/vue-2"], environment: None };
    drive(repo, &suite, filter, tally)
}

/// What needs servers of its own: Next.js applications, which are built first, and one in Python.
pub fn run_sdks(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let suite = Suite {
        work: "clients/sdks",
        folder: "clients/sdks",
        packages: &["clients", "clients/sdks/next-8", "clients/sdks/next-9"],
        environment: Some(("CLIENTS_PYTHON", python(repo)?)),
    };
    drive(repo, &suite, filter, tally)
}

/// A Python with the packages of `requirements.txt`, in an environment of its own.
fn python(repo: &Repo) -> Result<PathBuf> {
    let requirements = repo.root.join("end2end/clients/sdks/python/requirements.txt");
    let wanted = hash(&[&fs::read(&requirements).with_context(|| format!("no {}", requirements.display()))?]);
    let folder = repo.root.join("target/python");
    let python = folder.join("bin/python");
    let stamp = folder.join("installed");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    if !tools::is_on_path("python3") {
        tools::apt(&["python3", "python3-venv"], "running the SDK for Python")?;
    }
    steps::step("installing Python packages");
    server::empty_folder(&folder)?;
    process::run("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    process::run(
        "pip install",
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(&requirements)
            .stdout(Stdio::null()),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}
