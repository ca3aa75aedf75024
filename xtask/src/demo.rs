//! `cargo xtask run`: everything built, started and shown, until Ctrl-C.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::repo::Repo;
use crate::server::{self, Addresses, Demo, With};
use crate::{process, steps};

#[derive(Args)]
pub struct Run {
    /// Where the portal listens
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Where the first sample application listens; the others take the ports after it
    #[arg(long, default_value = "127.0.0.1:3001")]
    samples_listen: SocketAddr,
    /// Keep the data of the last run instead of starting afresh
    #[arg(long)]
    keep: bool,
}

pub fn run(repo: &Repo, options: &Run) -> Result<()> {
    let addresses = Addresses::from_first(options.listen, options.samples_listen)?;
    addresses.check_free()?;
    let programs = server::build(repo, With::SampleApp)?;
    let data = repo.root.join("target/demo");
    let logs = repo.root.join("target/demo-logs");
    if !options.keep {
        server::empty_folder(&data)?;
    }
    let mut demo = Demo::start(&programs, addresses, &data, &logs)?;
    let sign_ins = server::sign_ins(&programs.understudy)?;
    steps::note("everything runs");

    println!();
    println!("  Portal                 {}", addresses.portal_url());
    for (sample, url) in addresses.sample_urls() {
        println!("  {:<22} {url}  ({})", sample.name, sample.note);
    }
    println!();
    println!("{}", sign_ins.trim_end());
    println!();
    println!("  Data in {}, logs in {}. Ctrl-C stops everything.", repo.shown(&data), repo.shown(&logs));

    while !process::interrupted() {
        demo.check()?;
        std::thread::sleep(Duration::from_millis(50));
    }
    println!();
    steps::step("stopping");
    drop(demo);
    steps::note("stopped");
    Ok(())
}
