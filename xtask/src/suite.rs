//! `cargo xtask test`: every test there is, on both databases and in a browser. All parts run even when one fails; what
//! cannot run counts as failed; the last line has the sum.

use anyhow::{Result, anyhow, bail};
use clap::{Args, ValueEnum};

use crate::postgres::Cluster;
use crate::repo::Repo;
use crate::tally::Tally;
use crate::{browser, clients, front, process, steps};

const DATABASE: &str = "TEST_DATABASE_URL";

#[derive(Args)]
pub struct Test {
    /// Only this part
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Only tests whose name contains this
    filter: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Unit and property tests, examples in the documentation, xtask's own tests
    Unit,
    /// Integration tests on SQLite
    Sqlite,
    /// Integration tests on PostgreSQL
    Postgres,
    /// The journeys, in Chromium, against the release build
    Browser,
    /// Clients that others wrote, unmodified, against the release build
    Clients,
    /// The clients that need servers of their own: Next.js, Python. Only when asked for
    Sdks,
    /// The applications of docs/clients, in Python, Node.js, Ruby and Apache. Only when asked for
    Recipes,
}

impl Part {
    /// What needs more than Rust, Node.js and Debian's packages.
    fn is_only_when_asked_for(self) -> bool {
        matches!(self, Self::Sdks | Self::Recipes)
    }

    fn title(self) -> &'static str {
        match self {
            Self::Unit => "unit and property tests",
            Self::Sqlite => "integration tests on SQLite",
            Self::Postgres => "integration tests on PostgreSQL",
            Self::Browser => "journeys in a browser",
            Self::Clients => "clients that others wrote",
            Self::Sdks => "clients that need servers of their own",
            Self::Recipes => "the applications of docs/clients",
        }
    }
}

pub fn run(repo: &Repo, options: &Test) -> Result<()> {
    let filter = options.filter.as_deref();
    let mut sum = Tally::default();
    let mut broken = Vec::new();
    for part in [Part::Unit, Part::Sqlite, Part::Postgres, Part::Browser, Part::Clients, Part::Sdks, Part::Recipes] {
        if options.only.map_or(part.is_only_when_asked_for(), |only| only != part) {
            continue;
        }
        steps::step(part.title());
        let mut tally = Tally::default();
        let mut result = match part {
            Part::Unit => unit(repo, filter, &mut tally),
            Part::Sqlite => integration(repo, filter, None, &mut tally),
            Part::Postgres => postgres(repo, filter, &mut tally),
            Part::Browser => browser::run(repo, filter, &mut tally),
            Part::Clients => clients::run(repo, filter, &mut tally),
            Part::Sdks => clients::run_sdks(repo, filter, &mut tally),
            Part::Recipes => clients::run_recipes(repo, filter, &mut tally),
        };
        if process::interrupted() {
            bail!("interrupted");
        }
        // Most likely a mistake in a test's set-up, and never good news.
        if result.is_ok() && filter.is_none() && tally.passed + tally.failed == 0 {
            result = Err(anyhow!("no test ran"));
        }
        if let Err(error) = result {
            // A failing test is already counted; what did not even run is not.
            tally.failed = tally.failed.max(1);
            broken.push(format!("{}: {error:#}", part.title()));
        }
        steps::note(format!("{}: {tally}", part.title()));
        sum.add(&tally);
    }
    for problem in &broken {
        eprintln!("\n{problem}");
    }
    println!("\n{sum}");
    if sum.failed > 0 {
        bail!("not all tests passed");
    }
    Ok(())
}

fn unit(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    front::placeholder(repo)?;
    let product = ["--features=ssr", "--lib", "--bins", "--examples"];
    let documentation = ["--features=ssr", "--doc"];
    let sample = ["--package=sample_app"];
    let xtask = ["--package=xtask", "--profile=xtask"];
    let mut result = Ok(());
    for arguments in [&product[..], &documentation[..], &sample[..], &xtask[..]] {
        result = result.and(cargo_test(repo, arguments, filter, None, tally));
    }
    result
}

fn integration(repo: &Repo, filter: Option<&str>, database: Option<&str>, tally: &mut Tally) -> Result<()> {
    front::placeholder(repo)?;
    cargo_test(repo, &["--features=ssr", "--test=*"], filter, database, tally)
}

fn postgres(repo: &Repo, filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    if let Some(given) = std::env::var_os(DATABASE) {
        let given = given.to_string_lossy();
        if !given.starts_with("postgres") {
            bail!("{DATABASE} does not name a PostgreSQL database");
        }
        return integration(repo, filter, Some(&given), tally);
    }
    let mut cluster = Cluster::start()?;
    let url = cluster.url().to_owned();
    let result = integration(repo, filter, Some(&url), tally);
    cluster.check()?;
    result
}

fn cargo_test(
    repo: &Repo,
    arguments: &[&str],
    filter: Option<&str>,
    database: Option<&str>,
    tally: &mut Tally,
) -> Result<()> {
    let mut cargo = repo.cargo(["test", "--no-fail-fast"]);
    // A snapshot that differs fails, and nothing is written.
    cargo.args(arguments).env_remove(DATABASE).env("INSTA_UPDATE", "no");
    if let Some(database) = database {
        cargo.env(DATABASE, database);
    }
    cargo.arg("--").args(filter);
    let status = process::each_line("cargo test", &mut cargo, |line| {
        println!("{line}");
        tally.read_cargo(line);
    })?;
    if !status.success() {
        bail!("cargo test {} ended with {status}", arguments.join(" "));
    }
    Ok(())
}
