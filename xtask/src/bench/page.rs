//! `cargo xtask bench page`: the users table as a browser sees it, on a first visit and on a later one: bytes, requests, nodes,
//! and how long it takes until the table is there and until it does what one clicks.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{first_sign_in, quantile, start};
use crate::repo::Repo;
use crate::server::{self, With};
use crate::{process, steps, tools};

/// Loads of each kind.
const LOADS: usize = 4;

/// Milliseconds from the click to the table, and to a page that is taken over, over loopback.
const VISIBLE: f64 = 500.0;
const INTERACTIVE: f64 = 800.0;
/// The document with 50 rows and its data, and the same as it travels.
const HTML: f64 = 60_000.0;
const HTML_SENT: f64 = 12_000.0;
/// Everything that a first visit loads, and what it is to come down to: the browser module alone has more today.
const VISIT: f64 = 405_000.0;
const VISIT_AIM: f64 = 275_000.0;
const REQUESTS: f64 = 15.0;
/// Rows of a full page: with fewer nothing here says anything.
const ROWS: usize = 50;

/// What is measured: its title, its name in what the browser tells, and the most that it may be on a first and on a later visit.
/// Times are milliseconds from asking for the page, sizes bytes with headers included.
type Measure = (&'static str, &'static str, Option<f64>, Option<f64>);

const MEASURES: [Measure; 10] = [
    ("table visible, ms", "visible", Some(VISIBLE), Some(VISIBLE)),
    ("interactive, ms", "interactive", Some(INTERACTIVE), Some(INTERACTIVE)),
    ("HTML, bytes", "html", Some(HTML), Some(HTML)),
    ("HTML as sent, bytes", "htmlSent", Some(HTML_SENT), Some(HTML_SENT)),
    ("sent in all, bytes", "bytes", Some(VISIT), None),
    ("requests", "requests", Some(REQUESTS), Some(REQUESTS)),
    ("elements", "elements", None, None),
    ("of these in the table", "inTable", None, None),
    ("nodes, text included", "nodes", None, None),
    ("comments", "comments", None, None),
];

pub fn run(repo: &Repo) -> Result<()> {
    let folder = repo.root.join("end2end");
    tools::npm(&folder)?;
    let chromium = tools::chromium()?;
    // With what the journeys have too: cargo keeps what it compiled for them.
    let programs = server::build(repo, With::SampleApp)?;
    let work = tempfile::Builder::new().prefix("understudy-bench-").tempdir()?;
    let url = format!("sqlite:{}", work.path().join("understudy.db").display());
    let (address, log) = (server::free_port()?, work.path().join("log"));
    start(&programs, "demo", address, &url, &log)?.stop()?;
    let mut serving = start(&programs, "serve", address, &url, &log)?;

    steps::step(format!("loading the users table {LOADS} times each, in a new browser and again in the same"));
    let table = server::sign_ins(&programs.understudy)?;
    let (email, password) = first_sign_in(&table).with_context(|| format!("no sign-in in this table:\n{table}"))?;
    let told = process::output(
        "the browser",
        Command::new("node")
            .current_dir(&folder)
            .arg("measure/page.mjs")
            .env("PORTAL_URL", format!("http://localhost:{}", address.port()))
            .env("CHROMIUM", chromium)
            .env("EMAIL", email)
            .env("PASSWORD", password)
            .env("LOADS", LOADS.to_string()),
    )?;
    serving.stop()?;
    let loads = read(&told)?;
    let over = show(&loads);
    if !over.is_empty() {
        bail!("{}", over.join("; "));
    }
    Ok(())
}

/// What `end2end/measure/page.mjs` told of each load, by its kind, first visits first.
type Loads = BTreeMap<String, Vec<Value>>;

fn read(told: &str) -> Result<Loads> {
    let mut kinds = Loads::new();
    for line in told.lines() {
        let load: Value = serde_json::from_str(line).with_context(|| format!("the browser said {line:?}"))?;
        if load["rows"] != ROWS {
            bail!("a page had {} rows and not {ROWS}", load["rows"]);
        }
        if let Some((_, name, ..)) = MEASURES.iter().find(|(_, name, ..)| !load[*name].is_number()) {
            bail!("the browser did not tell {name}: {line}");
        }
        kinds.entry(load["kind"].as_str().unwrap_or_default().to_owned()).or_default().push(load);
    }
    if !kinds.keys().eq(["cold", "warm"]) || kinds.values().any(|loads| loads.len() != LOADS) {
        bail!("the browser did not load every page:\n{told}");
    }
    Ok(kinds)
}

/// Prints the table, and says what is over its limit. Medians: one load of four that something else on the machine held up
/// says nothing about the page.
fn show(kinds: &Loads) -> Vec<String> {
    let mut over = Vec::new();
    println!("\n{:<24} {:>10} {:>10} {:>10} {:>10}   limit", "users table, 50 rows", "cold", "worst", "warm", "worst");
    for (title, name, cold_limit, warm_limit) in MEASURES {
        print!("{title:<24}");
        for ((kind, loads), limit) in kinds.iter().zip([cold_limit, warm_limit]) {
            let mut values: Vec<f64> = loads.iter().filter_map(|load| load[name].as_f64()).collect();
            let (median, worst) = (middle(&mut values), quantile(&mut values, 1.0));
            print!(" {:>10} {:>10}", shown(median), shown(worst));
            if let Some(limit) = limit.filter(|limit| median > *limit) {
                over.push(format!("{kind}: {title}: {} is over {}", shown(median), shown(limit)));
            }
        }
        println!("   {}", cold_limit.map(shown).unwrap_or_default());
    }
    if let Some(first) = kinds.get("cold").and_then(|loads| loads.first()) {
        println!("\nof a first visit, as sent, of which {} bytes are to be all:", shown(VISIT_AIM));
        let files = first["files"].as_array().into_iter().flatten();
        let mut files: Vec<(&str, f64)> =
            files.filter_map(|file| Some((file[0].as_str()?, file[1].as_f64()?))).collect();
        files.sort_by(|one, other| other.1.total_cmp(&one.1));
        for (path, bytes) in files {
            println!("{:>10}  {path}", shown(bytes));
        }
    }
    over
}

/// The median; of an even number of values the mean of the two in the middle.
fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

fn shown(value: f64) -> String {
    steps::grouped(value.round() as usize)
}

#[cfg(test)]
mod tests {
    use super::{LOADS, middle, read, show};

    fn line(kind: &str, visible: u32, rows: u32) -> String {
        format!(
            r#"{{"kind":"{kind}","visible":{visible},"interactive":400,"html":50000,"htmlSent":9000,"bytes":300000,"requests":9,
                "files":[["/production/users",9000]],"elements":900,"inTable":700,"nodes":2000,"comments":3,"rows":{rows}}}"#
        )
        .replace('\n', "")
    }

    fn told(visible: u32, rows: u32) -> String {
        let pair = [line("cold", visible, rows), line("warm", 90, rows)].join("\n");
        vec![pair; LOADS].join("\n")
    }

    #[test]
    fn a_table_that_comes_too_late_is_a_failure() {
        assert!(show(&read(&told(200, 50)).unwrap()).is_empty());
        let over = show(&read(&told(501, 50)).unwrap());
        assert_eq!(over, ["cold: table visible, ms: 501 is over 500"]);
    }

    #[test]
    fn a_page_without_its_rows_is_none() {
        assert!(read(&told(200, 3)).is_err());
        assert!(read(&line("cold", 200, 50)).is_err());
        assert!(read("Error: no browser").is_err());
    }

    #[test]
    fn the_middle_of_four_is_between_two() {
        assert_eq!(middle(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(middle(&mut [3.0, 1.0, 2.0]), 2.0);
    }
}
