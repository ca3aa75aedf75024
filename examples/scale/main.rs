//! Fills an empty environment with as many users as are asked for, their accounts and an audit trail of ten events each, as the
//! product itself would have written them. `cargo xtask bench scale` starts it on a database that `understudy` made.
//!
//! All of it comes of the number of each row and of the end of time that is given: the same on both databases, and each time.

mod dice;
mod directory;
mod samples;
mod sink;
mod trail;
mod words;
mod world;

use std::path::PathBuf;

use anyhow::{Context, bail};
use chrono::DateTime;
use clap::Parser;
use mimalloc::MiMalloc;

use crate::sink::Sink;
use crate::world::World;

/// The product's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Parser)]
struct Options {
    #[arg(long)]
    database_url: String,
    /// Users to make; accounts and events in proportion. Below 1,000 there is too little of anything.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    users: u64,
    /// The newest that there is, in seconds since 1970.
    #[arg(long, value_name = "SECONDS")]
    until: i64,
    /// Where to write, as JSON, what can be asked for.
    #[arg(long, value_name = "FILE")]
    samples: PathBuf,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let until = DateTime::from_timestamp(options.until, 0).context("--until is no time")?;
    let mut sink = Sink::open(&options.database_url).await?;
    let [(environment_id, _)] = &sink.named("SELECT id, slug FROM environments").await?[..] else {
        bail!("the database must have one environment and nothing in it");
    };
    let environment_id = *environment_id;
    if !sink.named("SELECT id, email FROM users LIMIT 1").await?.is_empty() {
        bail!("the database has users already: fill an empty one");
    }
    let operators = sink.named("SELECT id, name FROM operators ORDER BY email").await?;
    if operators.is_empty() {
        bail!("the database has no operator for the audit trail to name");
    }
    let world = World { environment_id, users: options.users, until, operators };
    let word_indexes = sink.without_word_indexes().await?;
    directory::fill(&mut sink, &world).await?;
    trail::fill(&mut sink, &world).await?;
    sink.make_indexes(word_indexes).await?;
    sink.close().await?;
    std::fs::write(&options.samples, samples::samples(&world).to_string())
        .with_context(|| format!("cannot write {}", options.samples.display()))?;
    Ok(())
}
