//! `cargo xtask sbom`: what the binary is made of, the server and the browser module that it carries, as a list in the
//! CycloneDX format (version 1.5, JSON). The same sources give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::process;
use crate::publish::write_if_changed;
use crate::repo::Repo;
use crate::{steps, tools};

const ROOT: &str = "understudy";
const SERVER_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Crates by package URL, and by the same what each is built with.
#[derive(Default)]
struct Parts {
    components: BTreeMap<String, Value>,
    dependencies: BTreeMap<String, BTreeSet<String>>,
}

pub fn run(repo: &Repo) -> Result<()> {
    let checksums = checksums(&fs::read_to_string(repo.root.join("Cargo.lock"))?);
    let mut parts = Parts::default();
    let mut root = None;
    for (feature, target) in [("ssr", SERVER_TARGET), ("hydrate", tools::WASM_TARGET)] {
        let metadata = process::output(
            "cargo metadata",
            &mut repo.cargo([
                "metadata",
                "--locked",
                "--format-version=1",
                "--no-default-features",
                "--features",
                feature,
                "--filter-platform",
                target,
            ]),
        )?;
        root = Some(collect(&serde_json::from_str(&metadata)?, &checksums, &mut parts)?);
    }
    let (root, component) = root.context("no build was looked at")?;
    let count = parts.components.len();
    let path = repo.root.join("target/understudy.cdx.json");
    write_if_changed(&path, &serde_json::to_vec_pretty(&document(&root, &component, parts))?)?;
    steps::note(format!("{count} crates, in"));
    println!("{}", path.display());
    Ok(())
}

/// Adds all that the product is built from, tests aside. Returns the product's own name and description.
fn collect(
    metadata: &Value,
    checksums: &BTreeMap<(String, String), String>,
    parts: &mut Parts,
) -> Result<(String, Value)> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|package| (text(&package["id"]), package)).collect();
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let root = packages
        .iter()
        .find(|(_, package)| package["name"] == ROOT)
        .map(|(id, _)| id.clone())
        .with_context(|| format!("cargo metadata has no {ROOT}"))?;
    let url_of = |id: &str| packages.get(id).map(|package| url(&text(&package["name"]), &text(&package["version"])));

    let mut seen = BTreeSet::new();
    let mut todo = vec![root.clone()];
    while let Some(id) = todo.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let (Some(package), Some(node), Some(name)) = (packages.get(&id), nodes.get(&id), url_of(&id)) else {
            continue;
        };
        let needed = list(&node["deps"]).into_iter().filter(|dependency| {
            // `null` is an ordinary dependency, "build" one of a build script; "dev" ones are not part of the product.
            list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev")
        });
        let needed: Vec<String> = needed.map(|dependency| text(&dependency["pkg"])).collect();
        let names = needed.iter().filter_map(|id| url_of(id));
        parts.dependencies.entry(name.clone()).or_default().extend(names);
        if id != root {
            let key = (text(&package["name"]), text(&package["version"]));
            parts.components.insert(name.clone(), component("library", &name, package, checksums.get(&key)));
        }
        todo.extend(needed);
    }
    let package = &packages[&root];
    let name = url(ROOT, &text(&package["version"]));
    Ok((name.clone(), component("application", &name, package, None)))
}

fn component(kind: &str, url: &str, package: &Value, checksum: Option<&String>) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": url,
        "name": package["name"],
        "version": package["version"],
        "purl": url,
    });
    if let Some(licence) = package["license"].as_str() {
        // The form before SPDX's own, which some crates still write.
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(checksum) = checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

fn document(root: &str, component: &Value, parts: Parts) -> Value {
    let dependencies: Vec<Value> =
        parts.dependencies.into_iter().map(|(name, needed)| json!({ "ref": name, "dependsOn": needed })).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component, "tools": [{ "name": "cargo xtask sbom" }] },
        "components": parts.components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies,
        "compositions": [{ "aggregate": "complete", "dependencies": [root] }],
    })
}

fn url(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))
}

/// What each crate's archive must hash to, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let field = |name: &str| {
            package.lines().find_map(|line| {
                let value = line.strip_prefix(name)?.strip_prefix(" = \"")?;
                value.strip_suffix('"').map(ToOwned::to_owned)
            })
        };
        if let (Some(name), Some(version), Some(checksum)) = (field("name"), field("version"), field("checksum")) {
            found.insert((name, version), checksum);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Parts, checksums, collect};

    #[test]
    fn checksums_are_read_from_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"ff\"\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let found = checksums(lock);
        assert_eq!(found.len(), 1);
        assert_eq!(found[&("a".to_owned(), "1.0.0".to_owned())], "ff");
    }

    #[test]
    fn what_only_tests_need_is_no_part_of_the_product() {
        let package =
            |name: &str| json!({ "id": name, "name": name, "version": "1.0.0+b", "license": "MIT/Apache-2.0" });
        let needs = |name: &str, kind: Option<&str>| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        let metadata = json!({
            "packages": [package("understudy"), package("used"), package("build"), package("test")],
            "resolve": { "nodes": [
                { "id": "understudy", "deps": [needs("used", None), needs("build", Some("build")), needs("test", Some("dev"))] },
                { "id": "used", "deps": [] }, { "id": "build", "deps": [] }, { "id": "test", "deps": [] },
            ] },
        });
        let mut parts = Parts::default();
        let (root, _) = collect(&metadata, &BTreeMap::new(), &mut parts).expect("complete metadata");
        assert_eq!(root, "pkg:cargo/understudy@1.0.0%2Bb");
        let names: Vec<&str> = parts.components.keys().map(String::as_str).collect();
        assert_eq!(names, ["pkg:cargo/build@1.0.0%2Bb", "pkg:cargo/used@1.0.0%2Bb"]);
        assert_eq!(parts.components[names[0]]["licenses"][0]["expression"], "MIT OR Apache-2.0");
    }
}
