//! Python programs, each in an environment of its own with the packages of one requirements file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::publish::hash;
use crate::repo::Repo;
use crate::{process, server, steps, tools};

/// The `bin` folder of the environment `target/NAME`, made anew when its requirements changed.
pub fn environment(repo: &Repo, name: &str, requirements: &Path, purpose: &str) -> Result<PathBuf> {
    let wanted = hash(&[&fs::read(requirements).with_context(|| format!("no {}", requirements.display()))?]);
    let folder = repo.root.join("target").join(name);
    let programs = folder.join("bin");
    let stamp = folder.join("installed");
    if programs.join("python").exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(programs);
    }
    if !tools::is_on_path("python3") {
        tools::apt(&["python3", "python3-venv"], purpose)?;
    }
    steps::step(format!("installing Python packages for {purpose}"));
    server::empty_folder(&folder)?;
    let create = || process::run("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(&folder));
    // Debian's Python comes without the part that puts pip into an environment.
    create().or_else(|_| {
        tools::apt(&["python3-venv"], purpose)?;
        server::empty_folder(&folder)?;
        create()
    })?;
    process::run(
        "pip install",
        Command::new(programs.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements)
            .stdout(Stdio::null()),
    )?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(programs)
}
