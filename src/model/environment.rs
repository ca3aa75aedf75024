//! Environments: isolated sets of data and settings, each with an issuer of its own.

use serde::{Deserialize, Serialize};

/// An environment as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentOption {
    /// Its word in URLs: lower-case letters, digits and hyphens.
    pub slug: String,
    pub name: String,
}

/// First parts of paths that are no environment's.
const OTHER_PATHS: [&str; 13] = [
    "id",
    "admin-box",
    "api",
    "rpc",
    "scim",
    "docs",
    "assets",
    "sign-in",
    "sign-out",
    "healthz",
    "readyz",
    "metrics",
    "icons.svg",
];

/// Pages of the portal: below `/id` they would be meant.
const PAGES: [&str; 3] = ["users", "applications", "sessions"];

/// Whether `slug` can name a new environment: it looks like one, and nothing else has the word.
pub fn is_slug(slug: &str) -> bool {
    looks_like_slug(slug) && !is_reserved(slug)
}

/// Whether URLs use the word for something else. An environment may have it from before that was so.
pub fn is_reserved(slug: &str) -> bool {
    is_other_path(slug) || PAGES.contains(&slug)
}

/// Whether a path that begins with this part is no environment's.
pub fn is_other_path(first: &str) -> bool {
    OTHER_PATHS.contains(&first)
}

/// 1 to 40 lower-case letters, digits and inner hyphens.
pub fn looks_like_slug(slug: &str) -> bool {
    (1..=40).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
}
