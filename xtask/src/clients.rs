//! The clients of `end2end/clients/`, which others wrote: unmodified packages against the release build with
//! demonstration data. The set-up there registers them with the provider; Playwright, the journeys' own, drives them.

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::server::{self, Addresses, Demo, With};
use crate::tally::Tally;
use crate::{process, steps, tools};

pub fn run(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    let folder = repo.root.join("end2end");
    for packages in ["", "clients", "clients/vue-2"] {
        tools::npm(&folder.join(packages))?;
    }
    let chromium = tools::chromium()?;
    let programs = server::build(repo, With::SampleApp)?;
    let work = repo.root.join("target/clients");
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
        .args(["test", "--reporter=list", "--config=clients/playwright.config.ts"])
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("CHROMIUM", chromium)
        .env("PORTAL_URL", addresses.portal_url())
        // With these the set-up imports its applications, accounts and users while the server runs.
        .env("UNDERSTUDY", &programs.understudy)
        .env("PORTAL_DATA", &data)
        .env("CLIENTS_WORK", work.join("applications"));
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
