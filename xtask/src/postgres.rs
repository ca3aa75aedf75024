//! A PostgreSQL for the length of a test run: a cluster of its own in a temporary folder, on a port of its own, with
//! durability off, run by an unprivileged user, stopped and removed at the end. Measurements over much data keep theirs.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::{self, Running};
use crate::{server, steps, tools};

/// Who PostgreSQL runs as: it refuses to be root.
#[derive(Clone, Copy)]
struct Person {
    user: u32,
    group: u32,
}

/// A running cluster. Dropping it stops it, then removes its folder: fields are dropped in this order.
pub struct Cluster {
    server: Running,
    /// Where the cluster is thrown away.
    _folder: Option<TempDir>,
    url: String,
    port: String,
    programs: PathBuf,
}

impl Cluster {
    /// A cluster for tests, which nobody needs after a power failure.
    pub fn start() -> Result<Self> {
        Self::thrown_away(&["fsync=off", "synchronous_commit=off", "full_page_writes=off"])
    }

    /// A cluster with PostgreSQL's own settings: every commit reaches the disk.
    pub fn start_durable() -> Result<Self> {
        Self::thrown_away(&[])
    }

    /// A cluster that stays in `folder`, made where there is none yet. Without `settings` it has PostgreSQL's own.
    pub fn kept(folder: &Path, settings: &[&str]) -> Result<Self> {
        steps::step("starting PostgreSQL");
        fs::create_dir_all(folder)?;
        Self::within(folder, None, settings)
    }

    fn thrown_away(settings: &[&str]) -> Result<Self> {
        steps::step("starting a throw-away PostgreSQL");
        let folder = tempfile::Builder::new().prefix("understudy-postgres-").tempdir()?;
        let path = folder.path().to_owned();
        Self::within(&path, Some(folder), settings)
    }

    fn within(folder: &Path, thrown_away: Option<TempDir>, settings: &[&str]) -> Result<Self> {
        let programs = programs()?;
        let person = unprivileged()?;
        if let Some(person) = person {
            chown(folder, Some(person.user), Some(person.group))?;
        }
        let data = folder.join("data");
        let command = |name: &str| {
            let mut command = process::server(&programs.join(name));
            command.current_dir(folder);
            if let Some(person) = person {
                command.uid(person.user).gid(person.group);
            }
            command
        };
        if !data.join("PG_VERSION").exists() {
            process::run(
                "initdb",
                command("initdb")
                    .args(["--username=understudy", "--auth=trust", "--encoding=UTF8"])
                    .args(["--locale=C.UTF-8", "--no-sync", "--pgdata"])
                    .arg(&data)
                    .stdout(Stdio::null()),
            )
            .with_context(|| format!("PostgreSQL's unprivileged user must be let through to {}", folder.display()))?;
        }
        let port = server::free_port()?.port().to_string();
        let log = folder.join("log");
        let mut postgres = command("postgres");
        // Reached by its port alone: the path of a socket may be too long for the system.
        postgres.arg("-D").arg(&data).args(["-k", "", "-h", "127.0.0.1", "-p", &port]);
        for setting in ["max_connections=300", "log_min_messages=fatal"].iter().chain(settings) {
            postgres.args(["-c", setting]);
        }
        let mut server = Running::spawn_logged("postgres", &mut postgres, &log)?
            // SIGTERM would wait for clients to leave; SIGINT sends them away.
            .stopped_by(Signal::INT);
        let began = Instant::now();
        loop {
            let ready = command("pg_isready").args(["--quiet", "-h", "127.0.0.1", "-p", &port]).status()?;
            if ready.success() {
                break;
            }
            if server.ended()?.is_some() || began.elapsed() > Duration::from_secs(60) {
                bail!("PostgreSQL does not start:\n{}", process::tail(&log, 30));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let url = url(&port, "postgres");
        Ok(Self { server, _folder: thrown_away, url, port, programs })
    }

    /// The address of its maintenance database; tests make their own beside it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of one of its databases.
    pub fn url_of(&self, database: &str) -> String {
        url(&self.port, database)
    }

    /// Makes an empty database, in the place of one of this name that there may be.
    pub fn empty_database(&self, name: &str) -> Result<()> {
        self.drop_database(name)?;
        process::run("createdb", self.client("createdb").arg(name))
    }

    pub fn drop_database(&self, name: &str) -> Result<()> {
        process::run("dropdb", self.client("dropdb").args(["--if-exists", "--force", name]).stderr(Stdio::null()))
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.args(["--username=understudy", "--host=127.0.0.1", "--port", &self.port]);
        command
    }

    /// Stops it in an orderly way, with all that was written in its files.
    pub fn stop(mut self) -> Result<()> {
        let ended = self.server.stop()?;
        if !ended.success() {
            bail!("PostgreSQL ended with {ended} when asked to stop");
        }
        Ok(())
    }

    /// An error when the server is gone: what then fails is not the tests' fault.
    pub fn check(&mut self) -> Result<()> {
        match self.server.ended()? {
            None => Ok(()),
            Some(status) => bail!("PostgreSQL ended with {status} during the tests"),
        }
    }
}

fn url(port: &str, database: &str) -> String {
    format!("postgres://understudy@127.0.0.1:{port}/{database}")
}

/// The folder of initdb and postgres, with the `pg_trgm` extension at hand; installed when missing.
fn programs() -> Result<PathBuf> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    tools::apt(&["postgresql", "postgresql-contrib"], "testing on PostgreSQL (without TEST_DATABASE_URL)")?;
    find_programs().context("PostgreSQL is installed, but has no initdb or no pg_trgm")
}

fn find_programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let share = format!("/usr/share/postgresql/{version}/extension/pg_trgm.control");
            let programs = entry.path().join("bin");
            (programs.join("initdb").exists() && Path::new(&share).exists()).then_some((version, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}

/// Whom to run as: oneself, unless that is root.
fn unprivileged() -> Result<Option<Person>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| person(&users, name))
        .map(Some)
        .context("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
}

fn person(users: &str, name: &str) -> Option<Person> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Person { user: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
}
