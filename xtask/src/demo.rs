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
    /// Where the sample application listens whose sessions live an hour
    #[arg(long, default_value = "127.0.0.1:3001")]
    sample_listen: SocketAddr,
    /// Where the sample application listens whose sessions live five minutes
    #[arg(long, default_value = "127.0.0.1:3002")]
    sample_short_listen: SocketAddr,
    /// Where the sample application listens that signs its users in itself
    #[arg(long, default_value = "127.0.0.1:3003")]
    sample_embedded_listen: SocketAddr,
    /// Keep the data of the last run instead of starting afresh
    #[arg(long)]
    keep: bool,
}

pub fn run(repo: &Repo, options: &Run) -> Result<()> {
    let addresses = Addresses {
        portal: options.listen,
        sample: options.sample_listen,
        sample_short: options.sample_short_listen,
        sample_embedded: options.sample_embedded_listen,
    };
    addresses.check_free(&[
        "choose another with --listen 127.0.0.1:PORT",
        "choose another with --sample-listen 127.0.0.1:PORT",
        "choose another with --sample-short-listen 127.0.0.1:PORT",
        "choose another with --sample-embedded-listen 127.0.0.1:PORT",
    ])?;
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
    println!("  Portal             {}", addresses.portal_url());
    println!("  Northwind Console  {}  (sessions of an hour)", addresses.sample_url());
    println!("  Harbor Dispatch    {}  (sessions of five minutes)", addresses.sample_short_url());
    println!("  Atlas Planner      {}  (signs its users in itself)", addresses.sample_embedded_url());
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
