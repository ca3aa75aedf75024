//! Builds the server binary, with the static files inside, and starts it: with demonstration data and the three sample
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
const EMBEDDED_BY: &str = "src/server/web/assets.rs";

/// What to build beside the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum With {
    Nothing,
    SampleApp,
}

/// The programs that a build made.
pub struct Programs {
    pub understudy: PathBuf,
    pub sample_app: PathBuf,
}

/// Builds static files and server; one cargo call for both programs, so that what they share is compiled once.
pub fn build(repo: &Repo, with: With) -> Result<Programs> {
    let version = front::build(repo)?;
    steps::step("compiling the server");
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
    Ok(Programs { understudy, sample_app: release.join("examples/sample_app") })
}

/// One cargo call for both programs.
fn compile(repo: &Repo, with: With) -> Result<()> {
    let mut cargo = repo.cargo(["build", "--release", "--features=ssr", "--bin=understudy"]);
    if with == With::SampleApp {
        cargo.arg("--example=sample_app");
    }
    process::run("the server's build", &mut cargo)
}

/// Whether a program carries this text, here the version in the `assets.json` that it embeds.
fn contains(program: &Path, text: &str) -> Result<bool> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let (first, text) = (text.as_bytes()[0], text.as_bytes());
    let found = |start: usize| bytes[start..].starts_with(text);
    Ok(bytes.iter().enumerate().any(|(start, byte)| *byte == first && found(start)))
}

/// Where the four servers listen.
#[derive(Clone, Copy)]
pub struct Addresses {
    pub portal: SocketAddr,
    pub sample: SocketAddr,
    pub sample_short: SocketAddr,
    pub sample_embedded: SocketAddr,
}

impl Addresses {
    pub fn portal_url(&self) -> String {
        url(self.portal)
    }

    pub fn sample_url(&self) -> String {
        url(self.sample)
    }

    pub fn sample_short_url(&self) -> String {
        url(self.sample_short)
    }

    pub fn sample_embedded_url(&self) -> String {
        url(self.sample_embedded)
    }

    /// An error for the first port that another program holds; `how` says how to choose another.
    pub fn check_free(&self, how: &[&str; 4]) -> Result<()> {
        let all = [self.portal, self.sample, self.sample_short, self.sample_embedded];
        for (address, how) in all.iter().zip(how) {
            if let Err(error) = TcpListener::bind(address) {
                bail!("cannot listen on {address} ({error}): {how}");
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
    /// Starts all four. `data` is the portal's data folder, `logs` takes what the servers print.
    pub fn start(programs: &Programs, addresses: Addresses, data: &Path, logs: &Path) -> Result<Self> {
        fs::create_dir_all(logs)?;
        let mut demo = Self { servers: Vec::new(), logs: logs.to_owned() };
        steps::step("starting the portal with demonstration data");
        let portal = demo_command(&programs.understudy, addresses, data);
        demo.add("portal", portal, addresses.portal, "/healthz")?;

        steps::step("starting the sample applications");
        let issuer = format!("{}/id/production", addresses.portal_url());
        let samples = [
            ("northwind-console", "Northwind Console", "hosted", addresses.sample),
            ("harbor-dispatch", "Harbor Dispatch", "hosted", addresses.sample_short),
            ("atlas-planner", "Atlas Planner", "embedded", addresses.sample_embedded),
        ];
        for (client, name, login_method, address) in samples {
            let mut command = process::server(&programs.sample_app);
            command.args(["--listen", &address.to_string(), "--issuer", &issuer]).args([
                "--client-id",
                client,
                "--name",
                name,
                "--login-method",
                login_method,
            ]);
            demo.add(client, command, address, "/")?;
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
        .args(["--sample-url", &addresses.sample_url()])
        .args(["--sample-short-url", &addresses.sample_short_url()])
        .args(["--sample-embedded-url", &addresses.sample_embedded_url()])
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
