//! An import of as many users by the command line, and how long a change in the portal of a running server waits meanwhile.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::Database;
use super::made::{ENVIRONMENT, OWNER, PASSWORD, Store, begin, url_of_file};
use crate::bench::{memory, server_time, sign_in_as, start_with};
use crate::http::Client;
use crate::postgres::Cluster;
use crate::process::{self, Running};
use crate::server::{self, Programs};
use crate::steps;

/// Seconds that any import may take, however few users it is of.
const LEAST: f64 = 5.0;
const MEMORY: u64 = 150_000_000;
const WAIT_MS: f64 = 100.0;
/// Between two changes of somebody else's.
const PAUSE: Duration = Duration::from_millis(20);

fn seconds(database: Database, users: u64) -> f64 {
    let of_a_million = if database == Database::Sqlite { 60.0 } else { 90.0 };
    (of_a_million * users as f64 / 1e6_f64).max(LEAST)
}

/// Imports into an empty environment, and the same once more. Gives what is over.
pub fn measure(
    programs: &Programs,
    store: &Store,
    cluster: Option<&Cluster>,
    database: Database,
    users: u64,
) -> Result<Vec<String>> {
    const NAME: &str = "imported";
    let folder = store.scratch();
    server::empty_folder(&folder)?;
    let url = match cluster {
        Some(cluster) => {
            cluster.empty_database(NAME)?;
            cluster.url_of(NAME)
        }
        None => url_of_file(&folder),
    };
    begin(programs, &folder, &url)?;
    steps::step(format!("writing files of {} users", steps::grouped(usize::try_from(users)?)));
    let files = write(&folder, users)?;
    let address = server::free_port()?;
    let log = folder.join("server.log");
    let mut serving = start_with(programs, "serve", address, &url, &folder, &log)?;
    let mut over = Vec::new();
    for what in ["new users", "the same once more"] {
        steps::step(format!("importing {} users on {}: {what}", steps::grouped(users as usize), database.label()));
        let mut client = Client::new(address);
        sign_in_as(&mut client, OWNER, PASSWORD)?;
        let mut import = process::server(&programs.understudy);
        import.args(["import", "--environment", ENVIRONMENT]).args(&files);
        import.env("DATA_DIR", &folder).env("DATABASE_URL", &url).env("LOG_FILTER", "warn");
        let imported = watch(&mut import, &mut client, &folder.join("import.log"))?;
        println!(
            "\n{}: import of {} users, {what}: {:.1} s, {:.0} MB resident at the most; of {} changes of others meanwhile \
             the longest took {:.0} ms",
            database.label(),
            steps::grouped(users as usize),
            imported.took,
            imported.memory as f64 / 1e6,
            imported.changes,
            imported.longest
        );
        let most = seconds(database, users);
        let place = format!("{}, import of {users} users, {what}", database.label());
        if imported.took > most {
            over.push(format!("{place}: {:.1} s, over {most:.0}", imported.took));
        }
        if imported.memory > MEMORY {
            over.push(format!(
                "{place}: {:.0} MB resident, over {:.0}",
                imported.memory as f64 / 1e6,
                MEMORY as f64 / 1e6
            ));
        }
        if imported.longest > WAIT_MS {
            over.push(format!("{place}: somebody else waited {:.0} ms, over {WAIT_MS}", imported.longest));
        }
        over.extend(imported.failed.map(|failed| format!("{place}: somebody else's change {failed}")));
    }
    serving.stop()?;
    if let Some(cluster) = cluster {
        cluster.drop_database(NAME)?;
    }
    fs::remove_dir_all(&folder)?;
    Ok(over)
}

struct Imported {
    took: f64,
    memory: u64,
    changes: usize,
    /// Milliseconds in the server.
    longest: f64,
    failed: Option<String>,
}

/// Runs the import, and turns a switch of the environment's settings again and again: each turn is a transaction with its event.
fn watch(import: &mut std::process::Command, client: &mut Client, log: &Path) -> Result<Imported> {
    let began = Instant::now();
    let mut running = Running::spawn_logged("understudy import", import, log)?;
    let mut seen = Imported { took: 0.0, memory: 0, changes: 0, longest: 0.0, failed: None };
    let ended = loop {
        if let Some(status) = running.ended()? {
            break status;
        }
        // It may have ended since.
        seen.memory = memory(running.id(), "VmHWM").unwrap_or_default().max(seen.memory);
        let hide = if seen.changes.is_multiple_of(2) { "&hide_from_account_audit=true" } else { "" };
        let form = format!("environment={ENVIRONMENT}&enabled=true{hide}");
        let sent = Instant::now();
        match client.send_form("/rpc/impersonation/settings", &form, "application/json") {
            Ok(answer) if answer.status == 200 => seen.longest = seen.longest.max(server_time(&answer)?),
            Ok(answer) => seen.failed = Some(format!("was answered {}", answer.status)),
            Err(error) => {
                seen.longest = seen.longest.max(sent.elapsed().as_secs_f64() * 1000.0);
                seen.failed = Some(format!("was not answered: {error:#}"));
            }
        }
        seen.changes += 1;
        if process::interrupted() {
            bail!("interrupted");
        }
        std::thread::sleep(PAUSE);
    };
    seen.took = began.elapsed().as_secs_f64();
    if !ended.success() {
        bail!("the import ended with {ended}:\n{}", process::tail(log, 30));
    }
    Ok(seen)
}

/// The files of an import: roles, one application, accounts, and users in one or two of them.
fn write(folder: &Path, users: u64) -> Result<Vec<String>> {
    let path = |name: &str| folder.join(name);
    fs::write(
        path("roles.csv"),
        "key,name,permissions\nadmin,Administrator,reports.read reports.write\nmember,Member,reports.read\n",
    )?;
    fs::write(path("applications.csv"), "client_id,name,app_url\nconsole,Console,https://console.example/\n")?;
    let accounts = (users / 50).max(20);
    let mut file = BufWriter::new(File::create(path("accounts.csv"))?);
    writeln!(file, "external_id,name,applications")?;
    for account in 0..accounts {
        writeln!(file, "acct-{account:06},Account {account},console*")?;
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(path("users.csv"))?);
    writeln!(file, "email,name,email_verified,accounts,visits,created_at")?;
    for user in 0..users {
        // A multiplier without a divisor in common with the accounts spreads the users over all of them.
        let account = user * 7919 % accounts;
        let second = if user.is_multiple_of(10) {
            format!(";acct-{:06}:member", (account + 1) % accounts)
        } else {
            String::new()
        };
        writeln!(
            file,
            "user{user}@d{}.example,Given{} Family{},{},acct-{account:06}:admin{second},{},2025-01-31",
            user % 2000,
            user % 977,
            user % 7919,
            !user.is_multiple_of(20),
            user % 40
        )?;
    }
    file.flush()?;
    let files = ["roles.csv", "applications.csv", "accounts.csv", "users.csv"];
    Ok(files.map(|name| path(name).display().to_string()).into())
}
