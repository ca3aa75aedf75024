//! `cargo xtask size`: what a browser downloads, and the budget for it.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::front;
use crate::publish::beside;
use crate::repo::Repo;
use crate::steps::grouped;

/// Module and glue together, in bytes of brotli.
const SCRIPT_BUDGET: usize = 330_000;
/// All that a first visit needs beside the document itself.
const VISIT_BUDGET: usize = 378_000;

pub fn run(repo: &Repo) -> Result<()> {
    front::build(repo)?;
    let assets: serde_json::Value = serde_json::from_slice(&fs::read(repo.site.join("assets.json"))?)?;
    println!("\n{:<12} {:>12} {:>12} {:>12}", "bytes", "raw", "gzip", "brotli");
    let mut script = 0;
    let mut visit = 0;
    for name in ["js", "wasm", "css", "font", "icons"] {
        let address = if name == "icons" {
            "/icons.svg"
        } else {
            assets[name].as_str().with_context(|| format!("assets.json names no {name}"))?
        };
        let path = repo.site.join(address.trim_start_matches('/'));
        let size = |path: &std::path::Path| -> Option<usize> { fs::metadata(path).ok()?.len().try_into().ok() };
        let raw = size(&path).with_context(|| format!("no {}", path.display()))?;
        // What has no compressed copy travels as it is.
        let gzip = size(&beside(&path, "gz")).unwrap_or(raw);
        let brotli = size(&beside(&path, "br")).unwrap_or(raw);
        println!("{name:<12} {:>12} {:>12} {:>12}", grouped(raw), grouped(gzip), grouped(brotli));
        visit += brotli;
        if matches!(name, "js" | "wasm") {
            script += brotli;
        }
    }
    let mut over = false;
    println!();
    for (name, bytes, budget) in [("js + wasm", script, SCRIPT_BUDGET), ("first visit", visit, VISIT_BUDGET)] {
        let verdict = if bytes > budget { "OVER" } else { "within" };
        over |= bytes > budget;
        println!("{name:<12} {:>12} brotli, {verdict} the budget of {}", grouped(bytes), grouped(budget));
    }
    if over {
        bail!("what a browser downloads is over the budget");
    }
    Ok(())
}
