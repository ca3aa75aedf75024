//! `cargo xtask bench`: the numbers that were promised, measured on the release build; over the limit is a failure.

mod load;
mod page;
mod provider;
mod render;
mod scale;
mod users;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use crate::http::{Answer, Client};
use crate::process::{self, Running};
use crate::repo::Repo;
use crate::server::{self, Programs};
use crate::steps;

#[derive(Subcommand)]
pub enum Bench {
    /// The users table: time per page, time to start, memory
    Users,
    /// The provider: starts, tokens, introspection, keys, on both databases, against bare handlers and inserts
    Provider(provider::Options),
    /// The users table in a browser: bytes, requests, nodes, time until it is seen and until it can be used
    Page,
    /// Pages under load, on both databases, with browsers that go away: all whole, none failed
    Render(render::Options),
    /// Lists and searches over a million users and ten million events, on both databases; the first run makes them
    Scale(scale::Options),
}

pub fn run(repo: &Repo, bench: &Bench) -> Result<()> {
    match bench {
        Bench::Users => users::run(repo),
        Bench::Page => page::run(repo),
        Bench::Provider(options) => provider::run(repo, options),
        Bench::Render(options) => render::run(repo, options),
        Bench::Scale(options) => scale::run(repo, options),
    }
}

/// Signs in as the first person of the table of sign-ins, the Owner: e-mail, then password.
fn sign_in(client: &mut Client, understudy: &Path) -> Result<()> {
    let table = server::sign_ins(understudy)?;
    let (email, password) = first_sign_in(&table).with_context(|| format!("no sign-in in this table:\n{table}"))?;
    sign_in_as(client, email, password)
}

fn sign_in_as(client: &mut Client, email: &str, password: &str) -> Result<()> {
    let answer = client.post_form("/rpc/sign-in", &[("email", email), ("password", password), ("return_to", "/")])?;
    if !(300..400).contains(&answer.status) {
        bail!(
            "signing in as {email} answered {} instead of a redirection:\n{}",
            answer.status,
            String::from_utf8_lossy(&answer.body).chars().take(400).collect::<String>()
        );
    }
    Ok(())
}

/// The first word with an `@`, and the word after it.
fn first_sign_in(table: &str) -> Option<(&str, &str)> {
    let mut words = table
        .split(|character: char| character.is_whitespace() || "|│".contains(character))
        .filter(|word| !word.is_empty());
    let email = words.find(|word| word.contains('@'))?;
    Some((email, words.next()?))
}

/// `understudy demo` or `understudy serve`, without limits on how often something may be tried, and with a data folder beside
/// its log.
fn start(programs: &Programs, what: &str, address: SocketAddr, url: &str, log: &Path) -> Result<Running> {
    start_with(programs, what, address, url, &log.with_extension("data"), log)
}

/// As [`start`], with the data folder `data`.
fn start_with(
    programs: &Programs,
    what: &str,
    address: SocketAddr,
    url: &str,
    data: &Path,
    log: &Path,
) -> Result<Running> {
    steps::step(format!("understudy {what}"));
    let mut command: Command = process::server(&programs.understudy);
    command
        .arg(what)
        .env("DATA_DIR", data)
        .env("DATABASE_URL", url)
        .env("LISTEN_ADDR", address.to_string())
        .env("PUBLIC_URL", format!("http://localhost:{}", address.port()))
        .env("RATE_LIMITS", "false")
        .env("LOG_FILTER", "warn");
    if url.starts_with("postgres") {
        // As many as ask at once, and some. SQLite's readers are worth no more than the processors: there it is the usual number.
        command.env("DATABASE_CONNECTIONS", "20");
    }
    let mut running = Running::spawn_logged("understudy", &mut command, log)?;
    server::wait_until_healthy(&mut running, address, "/healthz", log)?;
    Ok(running)
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len() as f64 * share) as usize;
    values[index.min(values.len() - 1)]
}

/// Milliseconds, from `Server-Timing: app;dur=1.23`.
fn server_time(answer: &Answer) -> Result<f64> {
    answer
        .header("server-timing")
        .into_iter()
        .flat_map(|header| header.split(','))
        .filter_map(|entry| entry.trim().strip_prefix("app;dur="))
        .find_map(|milliseconds| milliseconds.parse().ok())
        .context("the answer has no header Server-Timing: app;dur=…")
}

/// Bytes of memory that a process holds (`VmRSS`), or the most that it ever held (`VmHWM`).
fn memory(process: u32, which: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kibibytes: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix(which)?.strip_prefix(':')?.trim().strip_suffix(" kB")?.parse().ok())
        .context("the system does not tell the memory of a process")?;
    Ok(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::{first_sign_in, quantile};

    #[test]
    fn the_first_sign_in_is_read_from_a_table() {
        let table = "person   e-mail                         password      may\n\
                     Olivia   olivia.owner@understudy.test   open-sesame   everything\n";
        assert_eq!(first_sign_in(table), Some(("olivia.owner@understudy.test", "open-sesame")));
        assert_eq!(first_sign_in("│ a@b │ c │"), Some(("a@b", "c")));
        assert_eq!(first_sign_in("nobody"), None);
    }

    #[test]
    fn quantiles_of_few_values() {
        let mut values = [3.0, 1.0, 2.0];
        assert_eq!((quantile(&mut values, 0.5), quantile(&mut values, 0.95)), (2.0, 3.0));
    }
}
