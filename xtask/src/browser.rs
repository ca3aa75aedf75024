//! The journeys of `end2end/`, by Playwright in Chromium, against the release build with demonstration data.

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::server::{self, Addresses, Demo, With};
use crate::tally::Tally;
use crate::{process, steps, tools};

pub fn run(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let folder = repo.root.join("end2end");
    tools::npm(&folder)?;
    let chromium = tools::chromium()?;
    let programs = server::build(repo, With::SampleApp)?;
    let work = repo.root.join("target/end2end");
    server::empty_folder(&work)?;
    // Whatever else runs on the machine, the journeys have ports of their own.
    let addresses = Addresses {
        portal: server::free_port()?,
        sample: server::free_port()?,
        sample_short: server::free_port()?,
        sample_embedded: server::free_port()?,
    };
    let mut demo = Demo::start(&programs, addresses, &work.join("data"), &work.join("logs"))?;
    let sign_ins = server::sign_ins(&programs.understudy)?;

    steps::step("driving Chromium");
    let mut playwright = tools::npm_program(&folder, "playwright");
    playwright
        .current_dir(&folder)
        .args(["test", "--reporter=list"])
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("CHROMIUM", chromium)
        .env("PORTAL_URL", addresses.portal_url())
        .env("SAMPLE_URL", addresses.sample_url())
        .env("SAMPLE_SHORT_URL", addresses.sample_short_url())
        .env("SAMPLE_EMBEDDED_URL", addresses.sample_embedded_url())
        .env("SIGN_INS", sign_ins);
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
