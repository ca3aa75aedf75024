//! Makes `target/site`: the browser module, the style sheet, the typeface and the public files, named by their content,
//! and `assets.json`, by which the server knows the names. What has not changed is not made again.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use wasm_bindgen_cli_support::Bindgen;

use crate::publish::{Site, files_below, hash, hashed_address, write_if_changed};
use crate::repo::Repo;
use crate::{glue, order, process, steps, tools, unused};

/// A call instead of a copy of what is called, wherever the call is not longer. LLVM's own measure for small code allows
/// copies of a few instructions: over the whole module they are two hundredths of it.
const NO_COPIES: &str = "-Cllvm-args=-inline-threshold=0";

/// What rustc's WebAssembly target allows itself since Rust 1.87, and every browser of the last years understands.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Small once it is compressed: only tiny functions are put into their only caller, for brotli finds what two of them share
/// only while they are apart. Nothing lives in the first kilobyte of memory, where rustc has the far end of the stack. Branches
/// are made anew, all in one manner.
const WASM_PASSES: [&str; 8] = [
    "--low-memory-unused",
    "--flatten",
    "--rereloop",
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "-Oz",
    "--strip-debug",
    "--strip-producers",
];

/// The name in the style sheet's source, the file that it stands for, and the first and the last letter to keep of it.
type Font = (&'static str, &'static str, (u32, u32));

/// All that a file has.
const WHOLE: (u32, u32) = (0, 0xffff);

/// The typeface's files.
const FONTS: [Font; 3] = [
    ("inter", "inter-latin-wght-normal.woff2", WHOLE),
    // What names in most of Europe need: a sixth of the file that has the rest, too.
    ("inter-ext", "inter-latin-ext-wght-normal.woff2", (0x100, 0x17f)),
    ("inter-more", "inter-latin-ext-wght-normal.woff2", WHOLE),
];

/// A change of these files changes what they make of the same input.
const RECIPE: &[u8] = include_bytes!("front.rs");
const RECIPE_OF_GLUE: &[u8] = include_bytes!("glue.rs");
const RECIPE_OF_MODULE: &[u8] = include_bytes!("unused.rs");
const RECIPE_OF_ORDER: &[u8] = include_bytes!("order.rs");

/// Brings `target/site` up to date. Returns its version, which differs when any file does.
pub fn build(repo: &Repo) -> Result<String> {
    tools::wasm_target(repo)?;
    let packages = repo.root.join("xtask");
    tools::npm(&packages)?;
    compile(repo)?;

    let stamp_path = repo.root.join("target/site.stamp");
    let old: Value =
        fs::read(&stamp_path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let lock = fs::read(packages.join("package-lock.json"))?;
    let mut site = Site::open(&repo.site)?;

    let module = module(repo, &mut site, &lock, &old["module"])?;
    let style = style(repo, &mut site, &lock, &old["style"])?;
    let public = repo.root.join("public");
    for path in files_below(&public)? {
        let address = path.strip_prefix(&public)?.to_string_lossy().into_owned();
        site.put(&address, &fs::read(&path)?)?;
    }

    let version = site.version()?[..16].to_owned();
    let assets = json!({
        "js": module["js"],
        "wasm": module["wasm"],
        "css": style["css"],
        "font": style["font"],
        // Makes this file, which the server embeds, change with any other: cargo then sees new files too.
        "version": version,
    });
    site.put_plain("assets.json", &serde_json::to_vec_pretty(&assets)?)?;
    site.sweep()?;
    let stamp = serde_json::to_vec_pretty(&json!({ "module": module, "style": style }))?;
    write_if_changed(&stamp_path, &stamp)?;
    Ok(version)
}

/// The crate for the browser, by cargo, who knows what is fresh. A `cdylib` by command line: the server's builds need
/// not link one.
fn compile(repo: &Repo) -> Result<()> {
    steps::step("compiling the browser module");
    process::run(
        "the browser module's build",
        &mut repo.cargo([
            "rustc",
            "--package=understudy",
            "--lib",
            "--crate-type=cdylib",
            "--no-default-features",
            "--features=hydrate",
            "--target",
            tools::WASM_TARGET,
            "--profile=wasm-release",
            "--",
            NO_COPIES,
        ]),
    )
}

/// The module and its glue. Returns their key and addresses.
fn module(repo: &Repo, site: &mut Site, lock: &[u8], old: &Value) -> Result<Value> {
    let compiled = repo.target.join(tools::WASM_TARGET).join("wasm-release/understudy.wasm");
    let input = fs::read(&compiled).with_context(|| format!("cannot read {}", compiled.display()))?;
    let key = hash(&[&input, lock, RECIPE, RECIPE_OF_GLUE, RECIPE_OF_MODULE, RECIPE_OF_ORDER]);
    if old["key"] == key.as_str() && kept(site, old, &["js", "wasm"]) {
        return Ok(old.clone());
    }

    steps::step("binding the browser module to JavaScript");
    let folder = repo.root.join("target/front");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Bindgen::new()
        .input_bytes("understudy", unused::taken_out(&input)?)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        // The page says where the module is; the glue cannot know its hash.
        .omit_default_module_path(true)
        .generate(&folder)?;

    steps::step("optimising the browser module for size");
    let (bound, script) = (folder.join("understudy_bg.wasm"), folder.join("understudy.js"));
    let pared = glue::pared(&fs::read(&bound)?, &fs::read_to_string(&script)?)?;
    fs::write(&bound, pared.module)?;
    fs::write(&script, pared.glue)?;
    let small = folder.join("understudy.wasm");
    process::run(
        "wasm-opt",
        tools::npm_program(&repo.root.join("xtask"), "wasm-opt")
            .args(WASM_PASSES)
            .args(WASM_FEATURES)
            .arg("--output")
            .arg(&small)
            .arg(bound),
    )?;

    steps::step("compressing the browser module");
    let mut extra = Vec::new();
    let snippets = folder.join("snippets");
    for path in files_below(&snippets)? {
        // Imported by the glue as ./snippets/…; cargo has put a hash into the folder's name.
        let address = format!("/assets/{}", path.strip_prefix(&folder)?.display());
        site.put(&address, &fs::read(&path)?)?;
        extra.push(address);
    }
    let wasm = order::alike_together(&fs::read(&small)?)?;
    let js = fs::read(script)?;
    let wasm_address = hashed_address("understudy", "wasm", &wasm);
    let js_address = hashed_address("understudy", "js", &js);
    site.put(&wasm_address, &wasm)?;
    site.put(&js_address, &js)?;
    Ok(json!({ "key": key, "js": js_address, "wasm": wasm_address, "extra": extra }))
}

/// The style sheet, with the typeface that it names. Returns the key and the addresses.
fn style(repo: &Repo, site: &mut Site, lock: &[u8], old: &Value) -> Result<Value> {
    let source = repo.root.join("style");
    let main = source.join("main.scss");
    let mut pieces = vec![lock.to_owned(), RECIPE.to_owned()];
    for path in files_below(&source)? {
        pieces.push(repo.shown(&path).into_bytes());
        pieces.push(fs::read(&path)?);
    }
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let key = hash(&pieces);
    if old["key"] == key.as_str() && kept(site, old, &["css", "font"]) {
        return Ok(old.clone());
    }

    steps::step("compiling the style sheet");
    let packages = repo.root.join("xtask");
    let mut css = process::output(
        "sass",
        tools::npm_program(&packages, "sass")
            .args(["--no-source-map", "--style=compressed", "--no-color"])
            .arg(&main)
            .stderr(Stdio::inherit()),
    )
    .with_context(|| format!("cannot compile {}", repo.shown(&main)))?;
    let files = packages.join("node_modules/@fontsource-variable/inter/files");
    let mut addresses = Vec::new();
    for (name, file, letters) in FONTS {
        let source = format!("/assets/{name}.woff2");
        if name != FONTS[0].0 && !css.contains(&source) {
            continue;
        }
        let path = files.join(file);
        let bytes = part_of_font(repo, &path, letters)?;
        let address = hashed_address(name, "woff2", &bytes);
        site.put(&address, &bytes)?;
        css = css.replace(&source, &address);
        addresses.push(address);
    }
    let address = hashed_address("understudy", "css", css.as_bytes());
    site.put(&address, css.as_bytes())?;
    Ok(json!({ "key": key, "css": address, "font": addresses[0], "extra": &addresses[1..] }))
}

/// A font file with the letters of one range, in the weights that the style sheet has.
fn part_of_font(repo: &Repo, font: &Path, (first, last): (u32, u32)) -> Result<Vec<u8>> {
    let script = repo.root.join("xtask/subset.mjs");
    let part = tempfile::Builder::new().suffix(".woff2").tempfile()?;
    process::run(
        "the typeface's part",
        Command::new("node").arg(script).arg(font).arg(part.path()).args([first.to_string(), last.to_string()]),
    )?;
    fs::read(part.path()).context("no part of the typeface was made")
}

/// Whether everything that an earlier build made is still there, and now kept.
fn kept(site: &mut Site, old: &Value, names: &[&str]) -> bool {
    let extra = old["extra"].as_array().into_iter().flatten();
    names
        .iter()
        .map(|name| &old[*name])
        .chain(extra)
        .all(|address| address.as_str().is_some_and(|address| site.keep(address)))
}

/// What must exist for the server to compile where no static files are needed: tests, clippy.
pub fn placeholder(repo: &Repo) -> Result<()> {
    Site::open(&repo.site).map(drop)
}
