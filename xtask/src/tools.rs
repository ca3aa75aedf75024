//! What a fresh machine lacks, fetched by the ordinary clients: the WebAssembly target, npm packages, Debian packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::publish::hash;
use crate::repo::Repo;
use crate::{process, steps};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Makes sure that rustc can compile for the browser.
pub fn wasm_target(repo: &Repo) -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let libraries = process::output(
        "rustc --print target-libdir",
        Command::new(rustc).current_dir(&repo.root).args(["--print", "target-libdir", "--target", WASM_TARGET]),
    )?;
    let installed = fs::read_dir(libraries.trim()).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
    });
    if installed {
        return Ok(());
    }
    steps::step("adding the WebAssembly target to the toolchain");
    process::run("rustup", Command::new("rustup").current_dir(&repo.root).args(["target", "add", WASM_TARGET]))
        .context("the browser module needs rustc's wasm32-unknown-unknown target")
}

/// Installs the packages of `folder/package-lock.json`, unless these very ones are there.
pub fn npm(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted = hash(&[&fs::read(&lock).with_context(|| format!("no {}", lock.display()))?]);
    let stamp = folder.join("node_modules/.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if !is_on_path("npm") {
        bail!("npm is not on the PATH: install Node.js 20 or later");
    }
    steps::step(format!("installing npm packages in {}", folder.display()));
    process::run(
        "npm ci",
        Command::new("npm")
            .current_dir(folder)
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .stdout(Stdio::null()),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// A program of the packages that [`npm`] installed in `folder`.
pub fn npm_program(folder: &Path, name: &str) -> Command {
    Command::new(folder.join("node_modules/.bin").join(name))
}

/// Installs Debian packages; `purpose` says in the error what cannot be done without them.
pub fn apt(packages: &[&str], purpose: &str) -> Result<()> {
    let names = packages.join(" ");
    let by_hand = format!("{purpose} needs Debian's {names}: run `apt-get install {names}` as root");
    if !is_on_path("apt-get") || !rustix::process::geteuid().is_root() {
        bail!("{by_hand}");
    }
    steps::step(format!("installing Debian's {names}"));
    let install = || {
        process::run(
            "apt-get install",
            Command::new("apt-get")
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(["install", "--yes", "--quiet", "--no-install-recommends"])
                .args(packages)
                .stdout(Stdio::null()),
        )
    };
    // Most often the package lists are there and current; fetching them takes longer than trying.
    install()
        .or_else(|_| {
            process::run("apt-get update", Command::new("apt-get").args(["update", "--quiet"]).stdout(Stdio::null()))?;
            install()
        })
        .context(by_hand)
}

/// The browser of the journeys.
pub fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    let path = PathBuf::from("/usr/bin/chromium");
    if !path.exists() {
        apt(&["chromium", "fonts-noto-core"], "driving a real browser")?;
    }
    if !path.exists() {
        bail!("there is still no {}: name a Chromium in CHROMIUM", path.display());
    }
    Ok(path)
}

/// Whether a program of this name can be started.
pub fn is_on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}
