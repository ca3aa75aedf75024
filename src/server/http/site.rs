//! What the browser's half was built to: the files inside the binary, and the names of those that every document loads.

use std::sync::LazyLock;

use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Deserialize;

#[derive(RustEmbed)]
#[folder = "target/site/"]
#[allow_missing = true]
struct Site;

/// The hashed paths of what every document loads.
#[derive(Clone, Debug, Deserialize)]
pub struct AssetNames {
    pub js: String,
    pub wasm: String,
    pub css: String,
    pub font: String,
}

static NAMES: LazyLock<AssetNames> = LazyLock::new(|| {
    let listed = Site::get("assets.json").and_then(|file| serde_json::from_slice(&file.data).ok());
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
    Site::get("assets.json").is_some()
}

/// Whether there is a static file at this path.
pub fn is_file(path: &str) -> bool {
    file_at(path.trim_start_matches('/')).is_some()
}

/// The static file at this path, which has no slash in front.
pub fn file_at(path: &str) -> Option<EmbeddedFile> {
    Site::get(path).filter(|_| path != "assets.json")
}
