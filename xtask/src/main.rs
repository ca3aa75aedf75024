//! Builds, runs, tests and measures Understudy: `cargo xtask --help`. Fetches by itself what a fresh machine lacks, says
//! what it does, and leaves nothing running behind.

mod bench;
mod browser;
mod clients;
mod demo;
mod deny;
mod front;
mod glue;
mod http;
mod icons;
mod lint;
mod order;
mod playwright;
mod postgres;
mod process;
mod publish;
mod python;
mod repo;
mod rules;
mod sbom;
mod server;
mod size;
mod steps;
mod suite;
mod tally;
mod tools;
mod unused;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::repo::Repo;
use crate::server::With;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, tests and measures Understudy")]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and start everything: the portal with demonstration data and its sample applications
    Run(demo::Run),
    /// Build the release binary, with its static files inside
    Build,
    /// Run every test: unit, SQLite, PostgreSQL, browser, clients
    Test(suite::Test),
    /// Check format, clippy, dependencies and the rules of the house
    Lint,
    /// Show what a browser downloads, and hold it against the budget
    Size,
    /// Measure what was promised
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Write a CycloneDX list of all that the binary is made of
    Sbom,
    /// Make public/icons.svg from the names in xtask/icons.txt
    Icons,
}

fn main() -> ExitCode {
    steps::start();
    match run(&Options::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    process::listen_for_signals()?;
    let repo = Repo::find()?;
    match command {
        Command::Run(options) => demo::run(&repo, options),
        Command::Build => {
            let programs = server::build(&repo, With::Nothing)?;
            steps::note("the server is built, in one file:");
            println!("{}", programs.understudy.display());
            Ok(())
        }
        Command::Test(options) => suite::run(&repo, options),
        Command::Lint => lint::run(&repo),
        Command::Size => size::run(&repo),
        Command::Sbom => sbom::run(&repo),
        Command::Bench(bench) => bench::run(&repo, bench),
        Command::Icons => icons::write(&repo),
    }
}
