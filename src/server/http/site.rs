//! What the browser's half was built to: the files that the binary carries, and the names of those that every document loads.
//! The binary hands them over: this crate is compiled while they are still being made.

use std::sync::{LazyLock, OnceLock};

use rust_embed::EmbeddedFile;
use serde::Deserialize;

/// The file at a path that has no slash in front.
pub type Files = fn(&str) -> Option<EmbeddedFile>;

static FILES: OnceLock<Files> = OnceLock::new();

/// Serves these files from now on. Who is asked for them before has none.
pub fn carry(files: Files) {
    // A process has one set of them.
    let _ = FILES.set(files);
}

fn any_file_at(path: &str) -> Option<EmbeddedFile> {
    FILES.get().and_then(|files| files(path))
}

/// The hashed paths of what every document loads.
#[derive(Clone, Debug, Deserialize)]
pub struct AssetNames {
    pub js: String,
    pub wasm: String,
    pub css: String,
    pub font: String,
}

static NAMES: LazyLock<AssetNames> = LazyLock::new(|| {
    let listed = any_file_at("assets.json").and_then(|file| serde_json::from_slice(&file.data).ok());
    listed.unwrap_or_else(|| AssetNames {
        js: "/assets/understudy.js".to_owned(),
        wasm: "/assets/understudy.wasm".to_owned(),
        css: "/assets/understudy.css".to_owned(),
        font: "/assets/inter.woff2".to_owned(),
    })
});

pub fn names() -> &'static AssetNames {
    &NAMES
}

/// Whether this binary was built with its static files.
pub fn are_embedded() -> bool {
    any_file_at("assets.json").is_some()
}

/// Whether there is a static file at this path.
pub fn is_file(path: &str) -> bool {
    file_at(path.trim_start_matches('/')).is_some()
}

/// The static file at this path, which has no slash in front.
pub fn file_at(path: &str) -> Option<EmbeddedFile> {
    any_file_at(path).filter(|_| path != "assets.json")
}
