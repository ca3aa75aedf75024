//! The databases that are measured: made once and kept below `target/scale`, until a migration or what fills them changes.
//! One that is half-made has another name, and is never used.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Database;
use crate::bench::load::processor_time;
use crate::bench::start_with;
use crate::postgres::Cluster;
use crate::process;
use crate::publish::{files_below, hash};
use crate::repo::Repo;
use crate::server::{self, Programs};
use crate::steps;

pub const ENVIRONMENT: &str = "production";
pub const OWNER: &str = "owner@understudy.example";
pub const PASSWORD: &str = "a-million-of-them";
/// Who works in the portal beside the owner: events name all of them.
const OPERATORS: [&str; 7] =
    ["Aiko Mori", "Ben Carter", "Chloé Martin", "David Okonkwo", "Eva Lindgren", "Farid Nasser", "Greta Weiss"];
/// Events are kept for 400 days and the oldest are of 360 days before: data that is older than this loses some.
const FRESH: Duration = Duration::from_secs(30 * 86_400);
/// A server that needs less than a fiftieth of a processor for so long has nothing left to do: none of its timers rests longer
/// while there is work.
const SETTLED: Duration = Duration::from_secs(25);
const LOOK: Duration = Duration::from_secs(5);
const SAMPLES: &str = "samples.json";
/// Fast, and safe enough for what is thrown away if it does not come to its end.
const FILLING: [&str; 8] = [
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=8GB",
    "shared_buffers=1GB",
    "maintenance_work_mem=1GB",
];

/// Where the databases of one kind are.
pub struct Store {
    folder: PathBuf,
    database: Database,
}

/// A database that is filled.
pub struct Made {
    /// Its data folder, with the master key.
    pub folder: PathBuf,
    /// Its name in a cluster of PostgreSQL.
    pub name: String,
    pub samples: Value,
}

impl Store {
    /// The place of what is made by the migrations and the program as they are now. What was made by earlier ones goes.
    pub fn of(repo: &Repo, database: Database) -> Result<Self> {
        let mut files = files_below(&repo.root.join("migrations").join(database.folder()))?;
        files.extend(files_below(&repo.root.join("examples/scale"))?);
        files.sort();
        let mut pieces = Vec::new();
        for file in &files {
            pieces.push(repo.shown(file).into_bytes());
            pieces.push(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
        }
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let name = format!("{}-{}", database.folder(), &hash(&pieces)[..12]);
        let all = repo.target.join("scale");
        fs::create_dir_all(&all)?;
        for entry in fs::read_dir(&all)?.flatten() {
            let earlier = entry.file_name().to_string_lossy().into_owned();
            if earlier.starts_with(database.folder()) && earlier != name {
                steps::note(format!(
                    "removing {}, which other migrations or another program made",
                    entry.path().display()
                ));
                fs::remove_dir_all(entry.path())?;
            }
        }
        let folder = all.join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, database })
    }

    /// The folder of PostgreSQL's own files.
    pub fn cluster(&self) -> PathBuf {
        self.folder.join("cluster")
    }

    /// A folder for what is tried and thrown away.
    pub fn scratch(&self) -> PathBuf {
        self.folder.join("scratch")
    }

    /// The database with as many users, made if it is not there.
    pub fn made(&self, programs: &Programs, users: u64) -> Result<Made> {
        let name = format!("users_{users}");
        let folder = self.folder.join(&name);
        if !is_fresh(&folder.join(SAMPLES)) {
            self.make(programs, users, &name, &folder)?;
        }
        let samples = fs::read_to_string(folder.join(SAMPLES))?;
        Ok(Made { samples: serde_json::from_str(&samples)?, folder, name })
    }

    fn make(&self, programs: &Programs, users: u64, name: &str, folder: &Path) -> Result<()> {
        let what = format!("{} users on {}", steps::grouped(usize::try_from(users)?), self.database.label());
        steps::step(format!("making {what}, once"));
        remove(folder)?;
        let half = self.folder.join(format!("{name}.half"));
        remove(&half)?;
        fs::create_dir_all(&half)?;
        match self.database {
            Database::Sqlite => fill(programs, users, &half, &url_of_file(&half))?,
            Database::Postgres => {
                let cluster = Cluster::kept(&self.cluster(), &FILLING)?;
                cluster.empty_database(name)?;
                fill(programs, users, &half, &cluster.url_of(name))?;
                cluster.stop()?;
                // What was written without waiting for the disk is there before it counts as made.
                process::run("sync", &mut Command::new("sync"))?;
            }
        }
        fs::rename(&half, folder)?;
        steps::note(format!("{what} are made"));
        Ok(())
    }
}

pub fn url_of_file(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("understudy.db").display())
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn is_fresh(file: &Path) -> bool {
    let made = fs::metadata(file).and_then(|file| file.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age < FRESH))
}

/// Lets the product make the schema, the environment and the operators, and the example the rest.
fn fill(programs: &Programs, users: u64, folder: &Path, url: &str) -> Result<()> {
    begin(programs, folder, url)?;
    let until = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs().to_string();
    let users = users.to_string();
    let mut scale = process::server(&programs.scale);
    scale.args(["--database-url", url, "--users", &users, "--until", &until, "--samples"]).arg(folder.join(SAMPLES));
    process::run("filling the database", &mut scale)?;
    settle(programs, folder, url)
}

/// Lets a server do what it does behind the back of those who write, such as indexing what was written.
fn settle(programs: &Programs, folder: &Path, url: &str) -> Result<()> {
    let log = folder.join("server.log");
    let mut serving = start_with(programs, "serve", server::free_port()?, url, folder, &log)?;
    steps::step("waiting until the server has nothing left to do");
    let (mut quiet, mut before) = (Duration::ZERO, processor_time(serving.id())?);
    while quiet < SETTLED {
        let looked = Instant::now();
        while looked.elapsed() < LOOK {
            if process::interrupted() {
                bail!("interrupted");
            }
            if let Some(status) = serving.ended()? {
                bail!("the server ended with {status}:\n{}", process::tail(&log, 30));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let now = processor_time(serving.id())?;
        quiet = if now.saturating_sub(before) < LOOK / 50 { quiet + LOOK } else { Duration::ZERO };
        before = now;
    }
    let ended = serving.stop()?;
    if !ended.success() {
        bail!("the server ended with {ended} when asked to stop:\n{}", process::tail(&log, 30));
    }
    Ok(())
}

/// An environment with impersonation turned on, nobody in it, and operators.
pub fn begin(programs: &Programs, folder: &Path, url: &str) -> Result<()> {
    let understudy = |words: &[&str]| {
        let mut command = process::server(&programs.understudy);
        command.args(words).env("DATA_DIR", folder).env("DATABASE_URL", url).env("LOG_FILTER", "warn");
        command.env("OPERATOR_PASSWORD", PASSWORD);
        process::output("understudy", &mut command).map(drop)
    };
    understudy(&["environment", "create", "--slug", ENVIRONMENT, "--name", "Production"])?;
    let operator = |email: &str, name: &str, role: &str| {
        understudy(&["operator", "create", "--email", email, "--name", name, "--role", role])
    };
    operator(OWNER, "Olivia Owner", "owner")?;
    for name in OPERATORS {
        let first = name.split(' ').next().unwrap_or_default().to_lowercase().replace('é', "e");
        operator(&format!("{first}@understudy.example"), name, "impersonator")?;
    }
    understudy(&["impersonation", "on", "--environment", ENVIRONMENT])
}
