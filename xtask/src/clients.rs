//! The clients of `end2end/clients/`, which others wrote: unmodified packages against the release build with
//! demonstration data. The set-up there registers them with the provider; Playwright, the journeys' own, drives them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::publish::hash;
use crate::repo::Repo;
use crate::server::{self, Addresses, Demo, With};
use crate::tally::Tally;
use crate::{process, steps, tools};

/// All that a bundler and Node can run: part of every test.
pub fn run(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    drive(repo, &Suite { folder: "clients", packages: &["clients", "clients/vue-2"], python: None }, filter, tally)
}

/// What needs servers of its own: Next.js applications, which are built first, and one in Python.
pub fn run_sdks(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let python = python(repo)?;
    let packages = ["clients", "clients/sdks/next-8", "clients/sdks/next-9"];
    drive(repo, &Suite { folder: "clients/sdks", packages: &packages, python: Some(python) }, filter, tally)
}

struct Suite<'a> {
    /// Below `end2end`, with Playwright's configuration.
    folder: &'a str,
    packages: &'a [&'a str],
    python: Option<PathBuf>,
}

fn drive(repo: &Repo, suite: &Suite<'_>, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let folder = repo.root.join("end2end");
    tools::npm(&folder)?;
    for packages in suite.packages {
        tools::npm(&folder.join(packages))?;
    }
    let chromium = tools::chromium()?;
    let programs = server::build(repo, With::SampleApp)?;
    let work = repo.root.join("target").join(suite.folder);
    server::empty_folder(&work)?;
    let addresses = Addresses {
        portal: server::free_port()?,
        sample: server::free_port()?,
        sample_short: server::free_port()?,
        sample_embedded: server::free_port()?,
    };
    let data = work.join("data");
    let mut demo = Demo::start(&programs, addresses, &data, &work.join("logs"))?;

    steps::step("driving the clients");
    let mut playwright = tools::npm_program(&folder, "playwright");
    playwright
        .current_dir(&folder)
        .args(["test", "--reporter=list"])
        .arg(format!("--config={}/playwright.config.ts", suite.folder))
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("CHROMIUM", chromium)
        .env("PORTAL_URL", addresses.portal_url())
        // With these the set-up imports its applications, accounts and users while the server runs.
        .env("UNDERSTUDY", &programs.understudy)
        .env("PORTAL_DATA", &data)
        .env("CLIENTS_WORK", work.join("applications"));
    if let Some(python) = &suite.python {
        playwright.env("CLIENTS_PYTHON", python);
    }
    if let Some(filter) = filter {
        playwright.args(["--grep", filter]);
    }
    let status = process::each_line("playwright", &mut playwright, |line| {
        println!("{line}");
        tally.read_playwright(line);
    })?;
    demo.check()?;
    if !status.success() {
        bail!("playwright ended with {status}; what the servers printed is in {}", repo.shown(&work.join("logs")));
    }
    Ok(())
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
