//! Playwright's tests below `end2end/`, in Chromium, against the release build with demonstration data.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::server::{self, Addresses, Demo, With};
use crate::tally::Tally;
use crate::{process, steps, tools};

pub struct Suite<'a> {
    /// Folder below `target` for data and logs, emptied first.
    pub work: &'a str,
    /// Folder below `end2end` with Playwright's configuration.
    pub folder: &'a str,
    /// Folders below `end2end` whose packages it needs too.
    pub packages: &'a [&'a str],
    /// An environment variable of its own.
    pub environment: Option<(&'static str, PathBuf)>,
}

/// Starts everything on ports of its own, whatever else runs on the machine, and lets Playwright drive it.
pub fn drive(repo: &Repo, suite: &Suite<'_>, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let folder = repo.root.join("end2end");
    tools::npm(&folder)?;
    for packages in suite.packages {
        tools::npm(&folder.join(packages))?;
    }
    let chromium = tools::chromium()?;
    let programs = server::build(repo, With::SampleApp)?;
    let work = repo.root.join("target").join(suite.work);
    server::empty_folder(&work)?;
    let addresses = Addresses::free()?;
    let data = work.join("data");
    let mut demo = Demo::start(&programs, addresses, &data, &work.join("logs"))?;

    steps::step("driving Chromium");
    let mut playwright = tools::npm_program(&folder, "playwright");
    playwright
        .current_dir(&folder)
        .args(["test", "--reporter=list"])
        .arg(format!("--config={}/playwright.config.ts", suite.folder))
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("CHROMIUM", chromium)
        .env("PORTAL_URL", addresses.portal_url())
        .env("SIGN_INS", server::sign_ins(&programs.understudy)?)
        // With these a set-up imports applications, accounts and users while the server runs.
        .env("UNDERSTUDY", &programs.understudy)
        .env("PORTAL_DATA", &data)
        .env("CLIENTS_WORK", work.join("applications"));
    // SAMPLE_NORTHWIND_CONSOLE_URL and so on, after the client ids.
    for (sample, url) in addresses.sample_urls() {
        playwright.env(format!("SAMPLE_{}_URL", sample.client_id.to_uppercase().replace('-', "_")), url);
    }
    if let Some((name, value)) = &suite.environment {
        playwright.env(name, value);
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
