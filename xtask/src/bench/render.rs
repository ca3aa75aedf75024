//! `cargo xtask bench render`: pages and nothing but pages, on both databases, over 16 connections, with browsers that go away
//! in the middle. Every page must come whole: no error of the server's, no panic, nothing left waiting.

mod hosted;
mod visitor;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::load::{Asking, Measured, Same, measure, request};
use super::{quantile, sign_in, start};
use crate::http::Client;
use crate::postgres::Cluster;
use crate::process::tail;
use crate::repo::Repo;
use crate::server::{self, Programs, With};
use crate::steps;
use visitor::{Page, Visits, visit};

const CONNECTIONS: usize = 16;
const USERS: &str = "/production/users";
const LENGTH: Duration = Duration::from_secs(8);
const WARM_UP: Duration = Duration::from_secs(1);
/// Users pages a second, and the bytes of one with 50 rows, its data included.
const USERS_PER_SECOND: f64 = 2_000.0;
const USERS_BYTES: usize = 60_000;

#[derive(clap::Args)]
pub struct Options {
    /// Pages to ask for, on each database
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    pages: usize,
}

pub fn run(repo: &Repo, options: &Options) -> Result<()> {
    // With what the journeys have too: cargo keeps what it compiled for them.
    let programs = server::build(repo, With::SampleApp)?;
    let folder = tempfile::Builder::new().prefix("understudy-bench-").tempdir()?;
    let mut wrong = Vec::new();
    let url = format!("sqlite:{}", folder.path().join("understudy.db").display());
    on_database("SQLite", options, &programs, &folder.path().join("sqlite.log"), &url, &mut wrong)?;
    let mut cluster = Cluster::start_durable()?;
    let log = folder.path().join("postgres.log");
    on_database("PostgreSQL", options, &programs, &log, cluster.url(), &mut wrong)?;
    cluster.check()?;
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    Ok(())
}

fn on_database(
    database: &str,
    options: &Options,
    programs: &Programs,
    log: &Path,
    url: &str,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let address = server::free_port()?;
    start(programs, "demo", address, url, log)?.stop()?;
    let mut serving = start(programs, "serve", address, url, log)?;
    let mut client = Client::new(address);
    sign_in(&mut client, &programs.understudy)?;
    let pages = pages(&mut client)?;
    let bytes = client.get(USERS)?.body.len();

    steps::step(format!("{} pages on {database}, {CONNECTIONS} connections", steps::grouped(options.pages)));
    let (visits, took) = all(address, &client.cookies(), &pages, options.pages)?;
    let plain = users(address, &client.cookies(), serving.id(), "identity")?;
    if let Some(status) = serving.ended()? {
        bail!("the server ended with {status}:\n{}", tail(log, 30));
    }
    serving.stop()?;
    let complaints = complaints(log)?;

    show(database, &pages, visits, took, wrong);
    println!(
        "  users pages alone: {}/s, median {:.2} ms, p99 {:.2} ms, {:.0} µs of the server's processor each, {} bytes",
        steps::grouped(plain.per_second as usize),
        plain.median_ms,
        plain.p99_ms,
        plain.cpu_us,
        steps::grouped(bytes)
    );
    if plain.per_second < USERS_PER_SECOND {
        wrong
            .push(format!("{database}: {:.0} users pages a second, promised are {USERS_PER_SECOND}", plain.per_second));
    }
    if bytes > USERS_BYTES {
        wrong.push(format!("{database}: the users page has {bytes} bytes, the most is {USERS_BYTES}"));
    }
    if let Some(first) = complaints.first() {
        wrong.push(format!("{database}: the server's log has {} complaints, the first: {first}", complaints.len()));
    }
    Ok(())
}

/// Every route, the provider's own pages, and addresses at which there is none, with and without what its address can add to it.
fn pages(client: &mut Client) -> Result<Vec<Page>> {
    let text = |client: &mut Client, path: &str| -> Result<String> {
        Ok(String::from_utf8_lossy(&client.get(path)?.body).into_owned())
    };
    let users = text(client, USERS)?;
    let user = after(&users, "href=\"/production/users/").context("no user is listed")?;
    let next = after(&users, "cursor=").context("the list has one page only")?;
    let applications = text(client, "/production/applications")?;
    let application = after(&applications, "href=\"/production/applications/").context("no application is listed")?;
    let audit = text(client, "/production/audit")?;
    let event = after(&audit, "event=").context("no event is listed")?;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let mut pages = hosted::pages(client)?;
    pages.push(Page::new("/sign-in", 200, "name=\"password\"").signed_out());
    for (path, status, has) in [
        (USERS.to_owned(), 200, "users-table"),
        (format!("{USERS}?cursor={next}"), 200, "users-table"),
        (format!("{USERS}?q=an&sort=name"), 200, "users-table"),
        (format!("{USERS}?status=locked&exclude=example.org"), 200, "toolbar"),
        (format!("{USERS}?impersonate={user}"), 200, "impersonate-form"),
        (format!("{USERS}?impersonate={nobody}"), 404, "Nothing here"),
        (format!("{USERS}/{user}"), 200, "impersonate-title"),
        (format!("{USERS}/{user}?impersonate=1"), 200, "impersonate-form"),
        (format!("{USERS}/{nobody}"), 404, "Nothing here"),
        ("/production/applications".to_owned(), 200, "applications-table"),
        (format!("/production/applications/{application}"), 200, "application-columns"),
        ("/production/impersonation".to_owned(), 200, "live-title"),
        ("/production/audit".to_owned(), 200, "audit-table"),
        (format!("/production/audit?event={event}"), 200, "event-drawer"),
        ("/production/keys".to_owned(), 200, "keys-table"),
        ("/nowhere/users".to_owned(), 404, "Nothing here"),
        ("/production/nothing-here".to_owned(), 404, "Nothing here"),
        ("/nothing-here".to_owned(), 404, "Nothing here"),
    ] {
        pages.push(Page::new(&path, status, has));
    }
    for page in &pages {
        page.check(client).with_context(|| format!("{} is not as expected before anything began", page.path))?;
    }
    Ok(pages)
}

/// What stands behind `mark`, up to what ends a word of an address.
fn after(text: &str, mark: &str) -> Option<String> {
    let from = text.find(mark)? + mark.len();
    let word: String = text[from..].chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.~%".contains(*c)).collect();
    (!word.is_empty()).then_some(word)
}

/// Asks for as many pages, over all connections, and says what each connection saw.
fn all(address: SocketAddr, cookies: &str, pages: &[Page], count: usize) -> Result<(Visits, Duration)> {
    let begun = AtomicUsize::new(0);
    let began = Instant::now();
    let visits = std::thread::scope(|scope| {
        let visitors: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let begun = &begun;
                let next = move || Some(begun.fetch_add(1, Ordering::Relaxed)).filter(|index| *index < count);
                scope.spawn(move || visit(address, cookies, pages, number, next))
            })
            .collect();
        let mut all = Visits::default();
        for visitor in visitors {
            match visitor.join() {
                Ok(visits) => all.add(visits?),
                Err(_) => bail!("a connection's thread ended in a panic"),
            }
        }
        anyhow::Ok(all)
    })?;
    Ok((visits, began.elapsed()))
}

/// The users page and nothing else.
fn users(address: SocketAddr, cookies: &str, server: u32, encoding: &str) -> Result<Measured> {
    let headers = [("Cookie", cookies), ("Accept", "text/html"), ("Accept-Encoding", encoding)];
    let request = request("GET", address, USERS, &headers, "");
    let one = || Box::new(Same { request: request.clone(), status: 200 }) as Box<dyn Asking>;
    let mut asking: Vec<Box<dyn Asking>> = (0..CONNECTIONS).map(|_| one()).collect();
    steps::step(format!("users pages, {CONNECTIONS} connections"));
    measure(address, &mut asking, WARM_UP, server)?;
    measure(address, &mut asking, LENGTH, server)
}

fn show(database: &str, pages: &[Page], mut visits: Visits, took: Duration, wrong: &mut Vec<String>) {
    let whole = visits.times.len();
    println!(
        "\n{database}: {} pages in {:.0} s, {}/s; {} of them given up by their browsers",
        steps::grouped(whole + visits.given_up),
        took.as_secs_f64(),
        steps::grouped(((whole + visits.given_up) as f64 / took.as_secs_f64()) as usize),
        steps::grouped(visits.given_up)
    );
    if whole > 0 {
        let most = visits.times.iter().copied().fold(0.0, f64::max);
        println!(
            "  {} addresses: median {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, the longest {most:.2} ms",
            pages.len(),
            quantile(&mut visits.times, 0.5),
            quantile(&mut visits.times, 0.99),
            quantile(&mut visits.times, 0.999)
        );
    }
    println!("  answers that were not as they should be: {}", visits.wrong);
    for example in &visits.examples {
        println!("    {example}");
    }
    if visits.wrong > 0 {
        wrong.push(format!("{database}: {} pages were not as they should be", visits.wrong));
    }
}

/// Lines of the server's log that tell of a failure.
fn complaints(log: &Path) -> Result<Vec<String>> {
    let text = std::fs::read(log)?;
    let text = String::from_utf8_lossy(&text);
    let bad = |line: &&str| ["panicked", "ERROR", "disposed", "poisoned"].iter().any(|word| line.contains(word));
    Ok(text.lines().filter(bad).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn a_word_of_an_address_is_read_up_to_its_end() {
        let text = r#"<a href="/production/users/0190-ab?x">"#;
        assert_eq!(after(text, "href=\"/production/users/").as_deref(), Some("0190-ab"));
        assert_eq!(after(text, "cursor="), None);
    }
}
