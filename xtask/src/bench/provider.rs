//! `cargo xtask bench provider`: what applications ask of the provider and operators of the portal, on both databases,
//! over 1 and 16 connections, beside the least that a server could do: a bare handler and a bare durable insert.

mod flow;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::postgres::Cluster;
use crate::process::{self, Running};
use crate::repo::Repo;
use crate::server::{self, Programs, With};
use crate::steps;

use super::load::{Asking, Measured, Same, measure, request};
use super::start;
use flow::{Application, Flow, Introspecting, Redeeming, Refreshing};

const CONNECTIONS: [usize; 2] = [1, 16];
const LENGTH: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_millis(500);

const START: &str = "start impersonation";
/// By how the tokens are signed.
const TOKENS: [(&str, &str, &Application); 2] = [
    ("token by code, RS256", "refresh, RS256", &flow::RSA),
    ("token by code, ES256", "refresh, ES256", &flow::ELLIPTIC),
];
const INTROSPECTION: &str = "introspection";
const JWKS: &str = "JWKS";

/// Introspection at 16 connections against the bare handler, on either database.
const INTROSPECTION_SHARE: f64 = 0.25;
/// A start at 16 connections, on SQLite, against one durable insert with one signature.
const START_SHARE: f64 = 0.7;

/// Requests per second of the least that a server can do, over as many connections.
#[derive(Clone, Copy, Default)]
struct Least {
    handler: f64,
    insert: f64,
    insert_and_signature: f64,
}

/// A measured operation.
struct Row {
    name: &'static str,
    connections: usize,
    measured: Measured,
    /// What it is compared with, where it is not itself a measure.
    least: Option<Least>,
}

impl Row {
    fn share(&self, of: fn(Least) -> f64) -> Option<f64> {
        self.least.map(|least| self.measured.per_second / of(least))
    }
}

fn of_handler(least: Least) -> f64 {
    least.handler
}

fn of_insert(least: Least) -> f64 {
    least.insert
}

fn of_insert_and_signature(least: Least) -> f64 {
    least.insert_and_signature
}

#[derive(clap::Args)]
pub struct Options {
    /// Only operations with this in their name
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }
}

pub fn run(repo: &Repo, options: &Options) -> Result<()> {
    let programs = server::build(repo, With::Baseline)?;
    let folder = tempfile::Builder::new().prefix("understudy-bench-").tempdir()?;
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let mut over = Vec::new();
    let rows = on_database(options, &programs, folder.path(), &file("understudy.db"), &file("baseline.db"))?;
    show("SQLite", &rows);
    over.extend(below(&rows, INTROSPECTION, of_handler, INTROSPECTION_SHARE, "SQLite"));
    over.extend(below(&rows, START, of_insert_and_signature, START_SHARE, "SQLite"));

    let mut cluster = Cluster::start_durable()?;
    let rows = on_database(options, &programs, folder.path(), cluster.url(), cluster.url())?;
    cluster.check()?;
    show("PostgreSQL", &rows);
    over.extend(below(&rows, INTROSPECTION, of_handler, INTROSPECTION_SHARE, "PostgreSQL"));
    if !over.is_empty() {
        bail!("{}", over.join("; "));
    }
    Ok(())
}

/// Why a promised share is not met, where it is not.
fn below(rows: &[Row], name: &str, of: fn(Least) -> f64, promised: f64, database: &str) -> Option<String> {
    let most = CONNECTIONS[CONNECTIONS.len() - 1];
    let share = rows.iter().find(|row| row.name == name && row.connections == most)?.share(of)?;
    (share < promised).then(|| format!("{name} on {database} is at {share:.2} of its measure, promised is {promised}"))
}

fn show(database: &str, rows: &[Row]) {
    println!("\n{database}{:>92}", "as a share of the bare");
    println!(
        "  {:<28} {:>5} {:>10} {:>10} {:>10} {:>12} {:>9} {:>8} {:>16}",
        "operation", "conn.", "req/s", "median", "p99", "CPU/request", "handler", "insert", "insert and sign."
    );
    for row in rows {
        let Measured { per_second, median_ms, p99_ms, cpu_us } = row.measured;
        let share = |of| row.share(of).map(|share| format!("{share:.3}")).unwrap_or_default();
        println!(
            "  {:<28} {:>5} {:>10} {median_ms:>7.2} ms {p99_ms:>7.2} ms {cpu_us:>9.0} µs {:>9} {:>8} {:>16}",
            row.name,
            row.connections,
            steps::grouped(per_second as usize),
            share(of_handler),
            share(of_insert),
            share(of_insert_and_signature)
        );
    }
}

fn on_database(
    options: &Options,
    programs: &Programs,
    folder: &Path,
    url: &str,
    baseline_url: &str,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let least = baseline(programs, folder, baseline_url, &mut rows)?;
    let address = server::free_port()?;
    let log = folder.join("understudy.log");
    let mut serving = start(programs, "demo", address, url, &log)?;
    serving.stop()?;
    let serving = start(programs, "serve", address, url, &log)?;
    steps::step("signing in and starting sessions");
    let mut flows = Vec::new();
    for (token, refresh, application) in TOKENS {
        flows.push((token, refresh, Flow::begin(address, &programs.understudy, application)?));
    }
    let (_, _, flow) = &flows[0];
    for (index, connections) in CONNECTIONS.into_iter().enumerate() {
        let least = Some(least[index]);
        let mut add = |name, measured| rows.push(Row { name, connections, measured, least });
        let run = |name: &str, asking: &mut [Box<dyn Asking>], length| {
            steps::step(format!("{name}, {connections} connections"));
            measure(address, asking, length, serving.id())
        };
        let same = |request: Vec<u8>, status| -> Vec<Box<dyn Asking>> {
            let one = || Box::new(Same { request: request.clone(), status }) as Box<dyn Asking>;
            (0..connections).map(|_| one()).collect()
        };
        if options.wants(START) {
            let mut asking = same(flow.start_request()?, 200);
            run(START, &mut asking, WARM_UP)?;
            add(START, run(START, &mut asking, LENGTH)?);
        }
        for (token, refresh, flow) in &flows {
            if options.wants(token) {
                let mut asking: Vec<Box<dyn Asking>> = Vec::new();
                for one in Redeeming::prepare(flow, connections)? {
                    asking.push(Box::new(one));
                }
                add(token, run(token, &mut asking, LENGTH)?);
            }
            if options.wants(refresh) {
                let mut asking: Vec<Box<dyn Asking>> = Vec::new();
                for _ in 0..connections {
                    asking.push(Box::new(Refreshing::begin(flow)?));
                }
                run(refresh, &mut asking, WARM_UP)?;
                add(refresh, run(refresh, &mut asking, LENGTH)?);
            }
        }
        if options.wants(INTROSPECTION) {
            let mut asking: Vec<Box<dyn Asking>> = Vec::new();
            for number in 0..connections {
                asking.push(Box::new(Introspecting::new(flow, number)));
            }
            run(INTROSPECTION, &mut asking, WARM_UP)?;
            add(INTROSPECTION, run(INTROSPECTION, &mut asking, LENGTH)?);
        }
        if options.wants(JWKS) {
            let mut asking = same(request("GET", address, "/id/production/.well-known/jwks.json", &[], ""), 200);
            run(JWKS, &mut asking, WARM_UP)?;
            add(JWKS, run(JWKS, &mut asking, LENGTH)?);
        }
    }
    Ok(rows)
}

/// Measures the least that a server can do, over each number of connections.
fn baseline(programs: &Programs, folder: &Path, url: &str, rows: &mut Vec<Row>) -> Result<Vec<Least>> {
    let address = server::free_port()?;
    let log = folder.join("baseline.log");
    let mut command = process::server(&programs.baseline);
    command.args(["--listen", &address.to_string(), "--database-url", url]);
    let mut running = Running::spawn_logged("baseline", &mut command, &log)?;
    server::wait_until_healthy(&mut running, address, "/", &log)?;
    let mut all = Vec::new();
    for connections in CONNECTIONS {
        let mut least = Least::default();
        for (name, method, path, status) in [
            ("bare handler", "GET", "/", 200),
            ("bare insert", "POST", "/insert", 204),
            ("bare insert and signature", "POST", "/insert-and-sign", 204),
        ] {
            steps::step(format!("{name}, {connections} connections"));
            let mut asking: Vec<Box<dyn Asking>> = Vec::new();
            for _ in 0..connections {
                asking.push(Box::new(Same { request: request(method, address, path, &[], ""), status }));
            }
            measure(address, &mut asking, WARM_UP, running.id())?;
            let measured = measure(address, &mut asking, LENGTH, running.id())?;
            match name {
                "bare handler" => least.handler = measured.per_second,
                "bare insert" => least.insert = measured.per_second,
                _ => least.insert_and_signature = measured.per_second,
            }
            rows.push(Row { name, connections, measured, least: None });
        }
        all.push(least);
    }
    Ok(all)
}
