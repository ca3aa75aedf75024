//! `understudy doctor`: looks at everything that a start depends on, changes nothing, and says what to mend.

mod files;
mod outgoing;
mod readiness;
mod traffic;
mod users;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use url::Url;

use super::options::{DatabaseOptions, ServerOptions, is_open_connection};
use super::{Output, context, say, say_json};
use crate::model::environment::is_reserved;
use crate::model::key::{KeyState, SigningAlgorithm};
use crate::model::operator::Role;
use crate::server::crypto::keyring::Keyring;
use crate::server::db::word::Stored;
use crate::server::db::{Conn, Db, environment, inspect, signing_key};
use crate::server::domain::environment::Environment;
use crate::server::http::{host, site};
use crate::server::platform::random::SystemRandom;
use crate::server::platform::url::{is_local, issuer};
use crate::server::service::upkeep::text_refresh;

#[derive(Args)]
pub struct DoctorOptions {
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub database: DatabaseOptions,
    #[command(flatten)]
    pub server: ServerOptions,
}

/// How a finding is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Good,
    /// What works, but should be known; it fails nothing.
    Warning,
    Problem,
}

impl Kind {
    fn sign(self) -> char {
        match self {
            Self::Good => '✓',
            Self::Warning => '!',
            Self::Problem => '✗',
        }
    }
}

#[derive(Debug, Serialize)]
struct Finding {
    kind: Kind,
    what: String,
    /// What to do about it; nothing where all is well.
    mend: Option<String>,
}

/// What was looked at, and what was found, in the order of looking.
#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, what: &str) {
        self.0.push(Finding { kind: Kind::Good, what: what.to_owned(), mend: None });
    }

    fn bad(&mut self, what: &str, mend: &str) {
        self.0.push(Finding { kind: Kind::Problem, what: what.to_owned(), mend: Some(mend.to_owned()) });
    }

    fn warn(&mut self, what: &str, mend: &str) {
        self.0.push(Finding { kind: Kind::Warning, what: what.to_owned(), mend: Some(mend.to_owned()) });
    }

    fn check(&mut self, holds: bool, good: &str, bad: &str, mend: &str) {
        if holds { self.good(good) } else { self.bad(bad, mend) }
    }

    /// A line each, and one with what to do.
    pub fn text(&self) -> String {
        let mend = |finding: &Finding| finding.mend.as_ref().map(|mend| format!("\n  → {mend}")).unwrap_or_default();
        let line = |finding: &Finding| format!("{} {}{}", finding.kind.sign(), finding.what, mend(finding));
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn json(&self) -> serde_json::Value {
        json!({ "healthy": self.is_healthy(), "findings": self.0 })
    }

    fn problems(&self) -> usize {
        self.0.iter().filter(|finding| finding.kind == Kind::Problem).count()
    }

    pub fn is_healthy(&self) -> bool {
        self.problems() == 0
    }
}

pub async fn run(options: &DoctorOptions) -> anyhow::Result<ExitCode> {
    let findings = examine(options).await;
    if options.output.json {
        say_json(&findings.json());
    } else {
        let verdict = match findings.problems() {
            0 => "Everything is in order.".to_owned(),
            1 => "1 problem to mend.".to_owned(),
            problems => format!("{problems} problems to mend."),
        };
        say(&format!("{}\n\n{verdict}", findings.text()));
    }
    Ok(if findings.is_healthy() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Looks at everything. Neither makes a file nor changes the database.
pub async fn examine(options: &DoctorOptions) -> Findings {
    let mut findings = Findings::default();
    server(&mut findings, &options.server);
    let (has_database, has_key) = files::files(&mut findings, &options.database);
    connection(&mut findings, &options.database);
    if !has_database {
        return findings;
    }
    let db = match context::connect(&options.database).await {
        Ok(db) => db,
        Err(error) => {
            findings
                .bad(&format!("{error:#}"), "check DATABASE_URL, that the database runs and that it can be reached");
            return findings;
        }
    };
    findings.good(&format!("the database ({}) answers", db.kind()));
    let keyring = has_key.then(|| options.database.master_key(&SystemRandom)).and_then(|key| match key {
        Ok(key) => Some(Keyring::new(key)),
        Err(error) => {
            findings.bad(
                &format!("{error:#}"),
                "the master key is the base64 of 32 bytes, as in `openssl rand -base64 32`",
            );
            None
        }
    });
    if let Err(error) = contents(&mut findings, &db, keyring.as_ref(), options).await {
        findings.bad(
            &format!("the database cannot be read: {error:#}"),
            "start `understudy serve` once; it mends the schema",
        );
    }
    db.close().await;
    findings
}

fn server(findings: &mut Findings, options: &ServerOptions) {
    let url = &options.public_url;
    match options.validate() {
        Ok(()) => findings.check(
            url.scheme() == "https" || is_local(url),
            &format!("the public address is {url}"),
            &format!("the public address {url} is not https: cookies and tokens would travel in the clear"),
            "put a proxy with TLS in front and set PUBLIC_URL to its https address",
        ),
        Err(error) => {
            findings.bad(&error.to_string(), "set PUBLIC_URL to scheme, host and port, as in https://portal.example")
        }
    }
    traffic::proxies(findings, options);
    findings.check(
        site::are_embedded(),
        "the static files are in the binary",
        "this binary was built without its static files: pages come without style and script",
        "build it with `cargo xtask build`",
    );
}

/// Whether what goes to the database and comes from it can be read on the way.
fn connection(findings: &mut Findings, options: &DatabaseOptions) {
    let url = options.known_url().ok().flatten().unwrap_or_default();
    if is_open_connection(&url) {
        findings.warn(
            "the connection to the database goes to another machine and its URL does not insist on TLS",
            "add sslmode=verify-full and sslrootcert=… to DATABASE_URL, or at least sslmode=require",
        );
    }
}

async fn contents(
    findings: &mut Findings,
    db: &Db,
    keyring: Option<&Keyring>,
    options: &DoctorOptions,
) -> anyhow::Result<()> {
    let mut conn = db.read().await?;
    let pending = inspect::pending_migrations(&mut conn).await?;
    findings.check(
        pending == 0,
        "the schema is up to date",
        &format!("the schema lacks {pending} of this version's migrations"),
        "start `understudy serve` of this version once; it brings the schema up to date",
    );
    if let Some(keyring) = keyring {
        let keys = signing_key::all(&mut conn).await?;
        let mut sealed = 0;
        for row in &keys {
            sealed += usize::from(keyring.open(row).await.is_err());
        }
        findings.check(
            sealed == 0,
            &format!("the master key opens all {} signing keys", keys.len()),
            &format!("the master key does not open {sealed} of {} signing keys", keys.len()),
            "give the master key that sealed them; without it, these keys are lost",
        );
    }
    if pending == 0 {
        environments(findings, &mut conn, &options.server.public_url).await?;
        addresses(findings, &mut conn).await?;
    }
    let grants = inspect::operator_grants(&mut conn).await?;
    let owners = grants.iter().filter(|grant| !grant.disabled && grant.role == Some(Stored::Known(Role::Owner)));
    findings.check(
        owners.count() > 0,
        "there is an Owner",
        "there is no Owner: nobody can decide anything in the portal",
        "understudy operator create --email … --name … --role owner",
    );
    if pending == 0 {
        outgoing::logout_addresses(findings, &mut conn, &options.server).await?;
        traffic::seen(findings, &mut conn, &options.server.proxies()).await?;
        users::users(findings, &mut conn).await?;
        let environments = environment::all(&mut conn).await?;
        readiness::readiness(findings, &mut conn, &environments, &grants).await?;
    }
    Ok(())
}

/// Addresses that two people share but for their spelling, which nobody but their owner can settle.
async fn addresses(findings: &mut Findings, conn: &mut Conn) -> anyhow::Result<()> {
    const LISTED: i64 = 20;
    let conflicts = text_refresh::conflicts(conn, LISTED).await.map_err(context::plain)?;
    for conflict in &conflicts {
        findings.bad(
            conflict,
            "both go on as they are, each by its own spelling; import or make them anew under one address, or with another",
        );
    }
    let more = inspect::count_conflicts(conn).await? - LISTED;
    if more > 0 {
        findings.bad(
            &format!("{more} more users have such an address: the first {LISTED} are listed"),
            "settle these, and ask again",
        );
    }
    if conflicts.is_empty() {
        findings.good("every address is one person's");
    }
    Ok(())
}

async fn environments(findings: &mut Findings, conn: &mut Conn, public_url: &Url) -> anyhow::Result<()> {
    let environments = environment::all(conn).await?;
    if environments.is_empty() {
        findings.bad("there is no environment", "understudy environment create --slug production --name Production");
    }
    for row in environments {
        let keys = signing_key::of_environment(conn, row.id).await?;
        findings.check(
            keys.iter().any(|key| key.state == KeyState::Active && key.algorithm == SigningAlgorithm::Rs256),
            &format!("{} has an active RS256 key", row.name),
            &format!("{} has no active RS256 key: nobody can sign in to its applications", row.name),
            "restore the database from a backup that has it",
        );
        if is_reserved(&row.slug) {
            findings.bad(
                &format!("{} has the word {:?}, which the server needs for itself by now", row.name, row.slug),
                "create another environment and import its users there: pages below this word are not all to be reached",
            );
        }
        own_host(findings, &row, public_url);
    }
    Ok(())
}

/// Where an environment is, and whether requests for its own host name can be told from others.
fn own_host(findings: &mut Findings, row: &Environment, public_url: &Url) {
    let issuer = issuer(&public_url.origin().ascii_serialization(), &row.slug, row.host.as_deref());
    let said = format!("the issuer of {} is {issuer}", row.name);
    let Some(known) = row.host.as_deref() else { return findings.good(&said) };
    let is_portals = known.split(':').next() == public_url.host_str();
    let can_be_asked = host::canonical(public_url, known).as_deref() == Some(known);
    findings.check(
        can_be_asked && !is_portals,
        &said,
        &format!("{} has the host name {known}, at which no request can be told to be for it", row.name),
        &format!(
            "understudy environment set-host --slug {} --host … (another than PUBLIC_URL's, no usual port)",
            row.slug
        ),
    );
}
