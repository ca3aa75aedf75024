//! Environments: isolated sets of data and settings, each with an issuer of its own.

use serde::{Deserialize, Serialize};

/// An environment as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentOption {
    /// Its word in URLs: lower-case letters, digits and hyphens.
    pub slug: String,
    pub name: String,
}

/// Words that URLs use for something else.
const RESERVED_SLUGS: [&str; 16] = [
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
    // Below `/id` the portal's own pages would be meant.
    "users",
    "applications",
    "sessions",
];

/// Whether `slug` can name a new environment: it looks like one, and nothing else has the word.
pub fn is_slug(slug: &str) -> bool {
    looks_like_slug(slug) && !is_reserved(slug)
}

/// Whether URLs use the word for something else. An environment may have it from before that was so.
pub fn is_reserved(slug: &str) -> bool {
    RESERVED_SLUGS.contains(&slug)
}

/// 1 to 40 lower-case letters, digits and inner hyphens.
pub fn looks_like_slug(slug: &str) -> bool {
    (1..=40).contains(&slug.len())
        && slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
}
