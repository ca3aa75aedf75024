//! `cargo xtask lint`: formatting, clippy on every feature set, and the rules of the house that no compiler knows.
//! Every check runs; all that is wrong is said at the end.

use std::io::IsTerminal;

use anyhow::{Result, bail};

use crate::repo::Repo;
use crate::{deny, front, icons, process, rules, steps, tools};

pub fn run(repo: &Repo) -> Result<()> {
    tools::wasm_target(repo)?;
    front::placeholder(repo)?;
    let mut wrong = Vec::new();
    let mut check = |what: &str, result: Result<()>| {
        if let Err(error) = result {
            steps::note(format!("{what}: {error:#}"));
            wrong.push(what.to_owned());
        }
        if process::interrupted() {
            bail!("interrupted");
        }
        Ok(())
    };

    steps::step("checking the format");
    let mut fmt = repo.cargo(["fmt", "--all", "--check"]);
    if !std::io::stdout().is_terminal() {
        fmt.args(["--", "--color=never"]);
    }
    let format = process::run("cargo fmt", &mut fmt);
    check("format", format)?;

    steps::step("checking the rules of the house");
    let mut counts = Vec::new();
    for (what, rule) in rules::ALL {
        let found = rule(repo);
        counts.extend(found.as_ref().map(|found| format!("{what}: {}", found.len())));
        let result =
            found.and_then(|found| if found.is_empty() { Ok(()) } else { bail!("\n  {}", found.join("\n  ")) });
        check(what, result)?;
    }
    steps::note(counts.join(", "));
    check("icons", icons::check(repo))?;

    let ssr = ["--features=ssr", "--all-targets"];
    let sample = ["--package=sample_app", "--all-targets"];
    let hydrate = ["--lib", "--no-default-features", "--features=hydrate", "--target", tools::WASM_TARGET];
    let xtask = ["--package=xtask", "--profile=xtask", "--all-targets"];
    for (what, arguments) in [
        ("clippy on the server", &ssr[..]),
        ("clippy on the browser module", &hydrate[..]),
        ("clippy on the sample application", &sample[..]),
        ("clippy on xtask", &xtask[..]),
    ] {
        steps::step(what);
        let mut clippy = repo.cargo(["clippy"]);
        clippy.args(arguments).args(["--", "-D", "warnings"]);
        check(what, process::run("cargo clippy", &mut clippy))?;
    }

    let dependencies = deny::check(repo);
    check("dependencies", dependencies)?;

    if wrong.is_empty() {
        steps::note("nothing to mend");
        return Ok(());
    }
    bail!("to mend: {}", wrong.join(", "))
}
