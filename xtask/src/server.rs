//! Builds the server binary, with the static files inside, and starts it: with demonstration data and the sample
//! applications beside it, which is what a first look, the journeys and the benchmarks all begin with.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::http::Client;
use crate::process::{self, Running};
use crate::repo::Repo;
use crate::{front, steps};

/// How long a server may take to its first healthy answer before something must be wrong.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The source file that embeds `target/site`.
const EMBEDDED_BY: &str = "src/main.rs";

/// What to build beside the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum With {
    Nothing,
    SampleApp,
    /// What `bench provider` measures against.
    Baseline,
    /// What fills the databases of `bench scale`.
    Scale,
}

/// The programs that a build made.
pub struct Programs {
    pub understudy: PathBuf,
    pub sample_app: PathBuf,
    pub baseline: PathBuf,
    pub scale: PathBuf,
}

/// Builds static files and server. All but the binary itself, which carries the files, is compiled while they are being made:
/// the last steps of a browser module keep one processor busy, and others idle.
pub fn build(repo: &Repo, with: With) -> Result<Programs> {
    steps::step("compiling the server");
    let mut library = Running::spawn("the server's build", &mut cargo(repo, with, "--lib"))?;
    let version = front::build(repo)?;
    steps::step("compiling the server, with the files that it carries");
    library.succeed()?;
    compile(repo, with)?;
    let release = repo.target.join("release");
    let understudy = release.join("understudy");
    if !contains(&understudy, &version)? {
        // Cargo knows the files that were there when it compiled last: none at all, if that was before the first build.
        steps::step("compiling the server again, for files that cargo did not see");
        File::open(repo.root.join(EMBEDDED_BY))?.set_modified(SystemTime::now())?;
        compile(repo, with)?;
        if !contains(&understudy, &version)? {
            bail!("{} does not carry {}", understudy.display(), repo.shown(&repo.site));
        }
    }
    let example = |name: &str| release.join("examples").join(name);
    Ok(Programs {
        understudy,
        sample_app: release.join("sample_app"),
        baseline: example("baseline"),
        scale: example("scale"),
    })
}

fn compile(repo: &Repo, with: With) -> Result<()> {
    process::run("the server's build", &mut cargo(repo, with, "--bin=understudy"))
}

/// One cargo call for all programs, so that what they share is compiled once. `of_server` is what it makes of the server.
fn cargo(repo: &Repo, with: With, of_server: &str) -> Command {
    let mut cargo = repo.cargo(["build", "--release", "--package=understudy", "--features=understudy/ssr", of_server]);
    match with {
        With::Nothing => {}
        With::SampleApp => _ = cargo.args(["--package=sample_app", "--bin=sample_app"]),
        With::Baseline => _ = cargo.arg("--example=baseline"),
        With::Scale => _ = cargo.arg("--example=scale"),
    }
    cargo
}

/// Whether a program carries this text, here the version in the `assets.json` that it embeds.
fn contains(program: &Path, text: &str) -> Result<bool> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let (first, text) = (text.as_bytes()[0], text.as_bytes());
    let found = |start: usize| bytes[start..].starts_with(text);
    Ok(bytes.iter().enumerate().any(|(start, byte)| *byte == first && found(start)))
}

/// One of the applications that the demonstration data has.
pub struct Sample {
    pub client_id: &'static str,
    pub name: &'static str,
    login_method: &'static str,
    /// What is special about it.
    pub note: &'static str,
    /// `understudy demo`'s option for its address.
    option: &'static str,
}

const fn sample(
    client_id: &'static str,
    name: &'static str,
    login_method: &'static str,
    note: &'static str,
    option: &'static str,
) -> Sample {
    Sample { client_id, name, login_method, note, option }
}

pub const SAMPLES: [Sample; 6] = [
    sample("northwind-console", "Northwind Console", "hosted", "sessions of an hour", "--sample-url"),
    sample("harbor-dispatch", "Harbor Dispatch", "hosted", "sessions of five minutes", "--sample-short-url"),
    sample("atlas-planner", "Atlas Planner", "embedded", "signs its users in itself", "--sample-embedded-url"),
    sample("lumiere-portal", "Lumière Studio Portal", "hosted", "tokens signed with ES256", "--sample-lumiere-url"),
    sample("meridian-reports", "Meridian Reports", "embedded", "signs its users in itself", "--sample-meridian-url"),
    sample("kestrel-crew", "Kestrel Crew", "hosted", "sessions of five minutes", "--sample-kestrel-url"),
];

/// Where the portal and the sample applications listen, these in the order of [`SAMPLES`].
#[derive(Clone, Copy)]
pub struct Addresses {
    pub portal: SocketAddr,
    pub samples: [SocketAddr; SAMPLES.len()],
}

impl Addresses {
    /// Ports that nothing else uses.
    pub fn free() -> Result<Self> {
        let mut samples = [SocketAddr::from(([127, 0, 0, 1], 0)); SAMPLES.len()];
        let mut held = Vec::new();
        for address in &mut samples {
            // Held until all are known, so that no two are the same.
            let listener = TcpListener::bind("127.0.0.1:0")?;
            *address = listener.local_addr()?;
            held.push(listener);
        }
        Ok(Self { portal: free_port()?, samples })
    }

    /// The portal's own, and consecutive ports from `first` on for the sample applications.
    pub fn from_first(portal: SocketAddr, first: SocketAddr) -> Result<Self> {
        let mut samples = [first; SAMPLES.len()];
        for (address, port) in samples.iter_mut().zip(first.port()..) {
            address.set_port(port);
        }
        if first.port() != 0 && u16::MAX - first.port() >= u16::try_from(SAMPLES.len())? {
            return Ok(Self { portal, samples });
        }
        bail!("there are not {} ports from {} on", SAMPLES.len(), first.port())
    }

    pub fn portal_url(&self) -> String {
        url(self.portal)
    }

    /// Each sample application with its address in a browser.
    pub fn sample_urls(&self) -> impl Iterator<Item = (&'static Sample, String)> {
        SAMPLES.iter().zip(self.samples.map(url))
    }

    /// An error for the first port that another program holds.
    pub fn check_free(&self) -> Result<()> {
        let samples = self.samples.iter().map(|address| (address, "--samples-listen"));
        for (address, option) in std::iter::once((&self.portal, "--listen")).chain(samples) {
            if let Err(error) = TcpListener::bind(address) {
                bail!("cannot listen on {address} ({error}): choose another with {option} 127.0.0.1:PORT");
            }
        }
        Ok(())
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://localhost:{}", address.port())
}

/// A port of this machine that nothing listens on.
pub fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The portal and the sample applications, running until dropped.
pub struct Demo {
    servers: Vec<Running>,
    logs: PathBuf,
}

impl Demo {
    /// Starts all of them. `data` is the portal's data folder, `logs` takes what the servers print.
    pub fn start(programs: &Programs, addresses: Addresses, data: &Path, logs: &Path) -> Result<Self> {
        fs::create_dir_all(logs)?;
        let mut demo = Self { servers: Vec::new(), logs: logs.to_owned() };
        steps::step("starting the portal with demonstration data");
        let portal = demo_command(&programs.understudy, addresses, data);
        demo.add("portal", portal, addresses.portal, "/healthz")?;

        steps::step("starting the sample applications");
        let issuer = format!("{}/id/production", addresses.portal_url());
        for (sample, address) in SAMPLES.iter().zip(addresses.samples) {
            let mut command = process::server(&programs.sample_app);
            command
                .args(["--listen", &address.to_string(), "--issuer", &issuer])
                .args(["--client-id", sample.client_id, "--name", sample.name])
                .args(["--login-method", sample.login_method]);
            demo.add(sample.client_id, command, address, "/")?;
        }
        Ok(demo)
    }

    fn add(&mut self, name: &str, mut command: Command, address: SocketAddr, path: &str) -> Result<()> {
        let log = self.log(name);
        let mut server = Running::spawn_logged(name, &mut command, &log)?;
        wait_until_healthy(&mut server, address, path, &log)?;
        self.servers.push(server);
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{name}.log"))
    }

    /// An error when one of the servers is no longer there.
    pub fn check(&mut self) -> Result<()> {
        for server in &mut self.servers {
            if let Some(status) = server.ended()? {
                let log = self.logs.join(format!("{}.log", server.name()));
                bail!(
                    "{} ended with {status}; the end of {}:\n{}",
                    server.name(),
                    log.display(),
                    process::tail(&log, 30)
                );
            }
        }
        Ok(())
    }
}

/// `understudy demo` as every command here starts it.
pub fn demo_command(understudy: &Path, addresses: Addresses, data: &Path) -> Command {
    let mut command = process::server(understudy);
    command
        .arg("demo")
        .arg("--data")
        .arg(data)
        .args(addresses.sample_urls().flat_map(|(sample, url)| [sample.option.to_owned(), url]))
        .env("LISTEN_ADDR", addresses.portal.to_string())
        .env("PUBLIC_URL", addresses.portal_url())
        // What a developer has set for another database is not for the demonstration.
        .env_remove("DATABASE_URL");
    command
}

/// Waits for the first good answer. An error, with the end of the log, when the server ends or takes too long.
pub fn wait_until_healthy(server: &mut Running, address: SocketAddr, path: &str, log: &Path) -> Result<Duration> {
    let began = Instant::now();
    loop {
        if let Ok(answer) = Client::new(address).get(path)
            && answer.status < 400
        {
            return Ok(began.elapsed());
        }
        let problem = if let Some(status) = server.ended()? {
            format!("ended with {status}")
        } else if began.elapsed() > START_LIMIT {
            format!("gave no good answer at http://{address}{path} within {START_LIMIT:?}")
        } else if process::interrupted() {
            bail!("interrupted");
        } else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        bail!("{} {problem}; the end of {}:\n{}", server.name(), log.display(), process::tail(log, 30));
    }
}

/// The table of sign-ins of the demonstration data, as the server itself tells it.
pub fn sign_ins(understudy: &Path) -> Result<String> {
    process::output("understudy demo --print-sign-ins", Command::new(understudy).args(["demo", "--print-sign-ins"]))
}

/// An empty folder at this path.
pub fn empty_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot empty {}", path.display()))?;
    }
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))
}
