//! `cargo xtask bench users`: the users table, the time to start, and memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{memory, quantile, server_time, sign_in};
use crate::http::Client;
use crate::process::{self, Running};
use crate::repo::Repo;
use crate::server::{self, Addresses, With};
use crate::steps;

const REQUESTS: usize = 400;
const WARM_UP: usize = 20;
const MEDIAN_LIMIT: f64 = 10.0;
const MEMORY_LIMIT: u64 = 50 * 1_000_000;
const START_LIMIT: Duration = Duration::from_secs(1);

pub fn run(repo: &Repo) -> Result<()> {
    let understudy = server::build(repo, With::Nothing)?.understudy;
    let folder = tempfile::Builder::new().prefix("understudy-bench-").tempdir()?;
    let data = folder.path().join("data");
    let log = folder.path().join("log");
    let addresses = Addresses::free()?;
    let address = addresses.portal;

    steps::step("filling a database with the demonstration data");
    let mut demo = server::demo_command(&understudy, addresses, &data);
    let mut seeding = Running::spawn_logged("understudy demo", demo.current_dir(folder.path()), &log)?;
    server::wait_until_healthy(&mut seeding, address, "/healthz", &log)?;
    let ended = seeding.stop()?;
    if !ended.success() {
        bail!("understudy demo ended with {ended} when asked to stop; 0 is what SIGTERM should give");
    }

    steps::step("starting the server on it");
    let began = Instant::now();
    let mut serve = process::server(&understudy);
    serve
        .arg("serve")
        .current_dir(folder.path())
        .env("DATABASE_URL", format!("sqlite:{}", database(&data)?.display()))
        .env("LISTEN_ADDR", address.to_string())
        .env("PUBLIC_URL", addresses.portal_url());
    let mut serving = Running::spawn_logged("understudy serve", &mut serve, &log)?;
    server::wait_until_healthy(&mut serving, address, "/healthz", &log)?;
    let start = began.elapsed();
    let memory_at_start = memory(serving.id(), "VmRSS")?;

    steps::step(format!("asking for the users table {REQUESTS} times"));
    let mut client = Client::new(address);
    sign_in(&mut client, &understudy)?;
    let mut inside = Vec::new();
    let mut outside = Vec::new();
    let mut bytes = 0;
    for index in 0..WARM_UP + REQUESTS {
        let asked = Instant::now();
        let answer = client.get("/production/users")?;
        let took = asked.elapsed();
        if answer.status != 200 {
            bail!("the users table answered {}", answer.status);
        }
        if index >= WARM_UP {
            inside.push(server_time(&answer)?);
            outside.push(took.as_secs_f64() * 1000.0);
            bytes = answer.body.len();
        }
    }
    let memory_after = memory(serving.id(), "VmRSS")?;
    drop(serving);

    let median = quantile(&mut inside, 0.5);
    println!("\nusers table, {REQUESTS} requests of {} bytes, one connection", steps::grouped(bytes));
    println!("  inside the server   median {median:.2} ms, p95 {:.2} ms", quantile(&mut inside, 0.95));
    println!(
        "  as the client sees  median {:.2} ms, p95 {:.2} ms",
        quantile(&mut outside, 0.5),
        quantile(&mut outside, 0.95)
    );
    println!("  start to healthy    {:.0} ms", start.as_secs_f64() * 1000.0);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "  resident memory     {:.1} MB after start, {:.1} MB after the requests",
        megabytes(memory_at_start),
        megabytes(memory_after)
    );

    let mut over = Vec::new();
    if median > MEDIAN_LIMIT {
        over.push(format!("the median is over {MEDIAN_LIMIT} ms"));
    }
    if start > START_LIMIT {
        over.push(format!("the start takes over {START_LIMIT:?}"));
    }
    if memory_at_start > MEMORY_LIMIT {
        over.push(format!("memory is over {:.0} MB", megabytes(MEMORY_LIMIT)));
    }
    if !over.is_empty() {
        bail!("{}", over.join("; "));
    }
    Ok(())
}

/// The file that `understudy demo` keeps its data in.
fn database(data: &Path) -> Result<PathBuf> {
    fs::read_dir(data)
        .with_context(|| format!("understudy demo made no {}", data.display()))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0")))
        .with_context(|| format!("no SQLite file in {}", data.display()))
}
