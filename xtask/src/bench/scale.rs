//! `cargo xtask bench scale`: an operator's lists and searches over a thousand, a hundred thousand and a million users, on both
//! databases, each beside what was promised.

mod ask;
mod case;
mod import;
mod made;
mod page;
mod table;
mod trail;
mod users;

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::{sign_in_as, start_with};
use crate::http::Client;
use crate::postgres::Cluster;
use crate::process;
use crate::publish::files_below;
use crate::repo::Repo;
use crate::server::{self, Programs, With};
use crate::steps;
use ask::ask;
use case::{Promise, Samples};
use made::{Made, OWNER, PASSWORD, Store};
use table::Measured;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// Where its migrations are, and what is made by them.
    fn folder(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

#[derive(clap::Args)]
pub struct Options {
    /// Only rows of the table with this in their name: "audit", or "status"
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How many users: 1k, 100k, 1m, or several of them
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', value_parser = number, default_value = "1k,100k,1m")]
    users: Vec<u64>,
    /// Only on this database
    #[arg(long, value_enum)]
    database: Option<Database>,
    /// Show the single cases of each row
    #[arg(long)]
    each: bool,
    /// Import as many users by the command line too, and see how long others wait meanwhile
    #[arg(long)]
    import: bool,
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }
}

fn number(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.to_ascii_lowercase() {
        text if text.ends_with('k') => (text[..text.len() - 1].to_owned(), 1_000),
        text if text.ends_with('m') => (text[..text.len() - 1].to_owned(), 1_000_000),
        text => (text, 1),
    };
    let users = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    users
        .filter(|users| (1_000..=10_000_000).contains(users))
        .ok_or_else(|| format!("{text} is no number of users from 1k to 10m"))
}

pub fn run(repo: &Repo, options: &Options) -> Result<()> {
    let known = names();
    if !options.import && !known.iter().any(|name| options.wants(name)) {
        bail!("no row has that in its name; there are:\n  {}", known.join("\n  "));
    }
    let programs = server::build(repo, With::Scale)?;
    say_how_busy()?;
    let logs = tempfile::Builder::new().prefix("understudy-bench-").tempdir()?;
    let mut over = Vec::new();
    for database in [Database::Sqlite, Database::Postgres] {
        if options.database.is_none_or(|only| only == database) {
            over.extend(on_database(repo, options, &programs, database, logs.path())?);
        }
    }
    if !over.is_empty() {
        bail!("{} promises are not kept:\n  {}", over.len(), over.join("\n  "));
    }
    Ok(())
}

/// Times of a machine that does something else meanwhile say little.
fn say_how_busy() -> Result<()> {
    let load = fs::read_to_string("/proc/loadavg")?;
    let processors = std::thread::available_parallelism()?;
    if let Some(Ok(waiting)) = load.split(' ').next().map(str::parse::<f64>)
        && waiting > processors.get() as f64 / 2.0
    {
        steps::note(format!(
            "the machine is busy: a load of {waiting} on {processors} processors, before anything was asked"
        ));
    }
    Ok(())
}

/// One database, with what is known of it so far.
struct Bench<'b> {
    options: &'b Options,
    programs: &'b Programs,
    database: Database,
    /// Where servers write what they do.
    logs: &'b Path,
    rows: Vec<Measured>,
    /// What is over a limit and in no row.
    over: Vec<String>,
}

fn on_database(
    repo: &Repo,
    options: &Options,
    programs: &Programs,
    database: Database,
    logs: &Path,
) -> Result<Vec<String>> {
    let store = Store::of(repo, database)?;
    let mut sizes = options.users.clone();
    sizes.sort_unstable();
    sizes.dedup();
    let most = sizes.last().copied().unwrap_or_default();
    if !names().iter().any(|name| options.wants(name)) {
        sizes.clear();
    }
    let all: Vec<(u64, Made)> =
        sizes.into_iter().map(|users| Ok((users, store.made(programs, users)?))).collect::<Result<_>>()?;
    let mut bench = Bench { options, programs, database, logs, rows: Vec::new(), over: Vec::new() };
    let cluster = match database {
        Database::Sqlite => None,
        Database::Postgres => {
            if !all.is_empty() {
                warm(&store.cluster())?;
            }
            Some(Cluster::kept(&store.cluster(), &[])?)
        }
    };
    for (users, made) in &all {
        let url = match &cluster {
            Some(cluster) => cluster.url_of(&made.name),
            None => {
                warm(&made.folder)?;
                made::url_of_file(&made.folder)
            }
        };
        bench.measure(*users, made, &url)?;
    }
    bench.show();
    let mut over = bench.over;
    if options.import {
        over.extend(import::measure(programs, &store, cluster.as_ref(), database, most)?);
    }
    if let Some(cluster) = cluster {
        cluster.stop()?;
    }
    Ok(over)
}

impl Bench<'_> {
    /// Asks a server on this database for everything.
    fn measure(&mut self, users: u64, made: &Made, url: &str) -> Result<()> {
        let what = format!("{} users on {}", steps::grouped(usize::try_from(users)?), self.database.label());
        let address = server::free_port()?;
        let log = self.logs.join(format!("{}-{users}.log", self.database.folder()));
        let mut serving = start_with(self.programs, "serve", address, url, &made.folder, &log)?;
        let mut client = Client::new(address);
        sign_in_as(&mut client, OWNER, PASSWORD)?;
        let samples = Samples::of(made);
        let mut asked = 0;
        for promise in promises(&samples) {
            if !self.options.wants(promise.name) {
                continue;
            }
            steps::step(format!("{what}: {}", promise.name));
            let mut cases = Vec::new();
            for case in &promise.cases {
                cases.push(ask(&mut client, case, &mut asked)?);
                if process::interrupted() {
                    bail!("interrupted");
                }
            }
            self.rows.push(Measured::of(&promise, users, cases));
        }
        if self.options.wants(page::NAME) {
            steps::step(format!("{what}: {}", page::NAME));
            self.over.extend(page::measure(&what, &mut client, serving.id(), &samples)?);
        }
        if let Some(status) = serving.ended()? {
            bail!("the server ended with {status}:\n{}", process::tail(&log, 30));
        }
        serving.stop()?;
        Ok(())
    }

    /// Prints the rows of all sizes, each promise with its sizes together, and notes what is over.
    fn show(&mut self) {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.name) {
                names.push(row.name);
            }
        }
        self.rows.sort_by_key(|row| names.iter().position(|name| *name == row.name));
        table::show(self.database.label(), &self.rows, self.options.each);
        self.over.splice(0..0, table::over(self.database.label(), &self.rows));
    }
}

fn promises(samples: &Samples) -> Vec<Promise> {
    let mut all = users::promises(samples);
    all.extend(trail::promises(samples));
    all
}

/// Every row that there is.
fn names() -> Vec<&'static str> {
    let rows = promises(&Samples::none()).into_iter().map(|promise| promise.name);
    rows.chain([page::NAME]).collect()
}

/// Reads all files once, so that none of what is measured waits for the disk.
fn warm(folder: &Path) -> Result<()> {
    steps::step(format!("reading {}", folder.display()));
    for file in files_below(folder)? {
        let mut file = File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        io::copy(&mut file, &mut io::sink())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{names, number};

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let mut all = names();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), names().len());
        assert!(all.contains(&"one account's users") && all.contains(&"audit: two filters"), "{all:?}");
    }

    #[test]
    fn users_are_counted_in_thousands_and_millions() {
        assert_eq!([number("1k"), number("1M"), number("2500")], [Ok(1_000), Ok(1_000_000), Ok(2_500)]);
        for wrong in ["", "k", "999", "11m", "99999999999999999999m", "many"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
