//! Where things are: the repository, cargo's target folder (wherever it was put), the folder of static files.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// The folders that every command works in.
pub struct Repo {
    /// The folder of the product's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder, as `CARGO_TARGET_DIR` or cargo's configuration say.
    pub target: PathBuf,
    /// `target/site` inside the repository, always: the server embeds it at compile time by that path.
    pub site: PathBuf,
}

impl Repo {
    pub fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask has no parent folder")?.to_owned();
        let mut repo = Self { site: root.join("target/site"), target: PathBuf::new(), root };
        let metadata =
            process::output("cargo metadata", &mut repo.cargo(["metadata", "--format-version", "1", "--no-deps"]))?;
        let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
        repo.target = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?.into();
        Ok(repo)
    }

    /// Cargo, started in the repository as if from a shell: what `cargo run` told xtask about xtask would make build
    /// scripts that watch those variables run again.
    pub fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_")
                || text.starts_with("CARGO_MANIFEST_")
                || text == "LD_LIBRARY_PATH"
                || text == "OUT_DIR"
            {
                command.env_remove(&name);
            }
        }
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// A path inside the repository, as messages show it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}
