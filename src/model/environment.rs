//! Environments: isolated sets of data and settings, each with an issuer of its own.

use serde::{Deserialize, Serialize};

use super::words::words;

/// An environment as the switcher shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentOption {
    /// Its word in URLs: lower-case letters, digits and hyphens.
    pub slug: String,
    pub name: String,
    /// The colour that was chosen for it; without one it has that of its place.
    #[serde(default)]
    pub colour: Option<Colour>,
}

words! {
    /// A colour by which an environment is told from the others. None is one that says something else: amber, green or red.
    pub enum Colour {
        Pink = "pink" => "Pink",
        Blue = "blue" => "Blue",
        Teal = "teal" => "Teal",
        Grey = "grey" => "Grey",
        Violet = "violet" => "Violet",
        Sky = "sky" => "Sky",
        Magenta = "magenta" => "Magenta",
    }
}

impl Colour {
    /// The hue of the style: what stands behind `env-` in a class.
    pub fn hue(self) -> &'static str {
        match self {
            Self::Pink => "production",
            Self::Blue => "1",
            Self::Teal => "2",
            Self::Grey => "3",
            Self::Violet => "4",
            Self::Sky => "5",
            Self::Magenta => "6",
        }
    }
}

/// A word for addresses that an environment of this name could have; empty where its letters and digits make none.
pub fn proposed_slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            // What is written over a letter, or stands for none of these, divides no word.
            c if c.is_alphanumeric() || c == '\'' || c == '\u{2019}' => {}
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
    }
    slug.truncate(40);
    slug.trim_end_matches('-').to_owned()
}

/// First parts of paths that are no environment's.
const OTHER_PATHS: [&str; 15] = [
    "id",
    "admin-box",
    "api",
    "rpc",
    "scim",
    "docs",
    "assets",
    "sign-in",
    "sign-out",
    "setup",
    "invitation",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_proposes_a_word_for_addresses_or_none() {
        for (name, slug) in [
            ("Production", "production"),
            ("  EU – West (2) ", "eu-west-2"),
            ("Côte d’Azur", "cte-dazur"),
            ("\u{65e5}\u{672c}", ""),
            ("--", ""),
        ] {
            assert_eq!(proposed_slug(name), slug, "{name}");
            assert!(slug.is_empty() || looks_like_slug(slug));
        }
        let long = proposed_slug(&"ab ".repeat(40));
        assert!(long.len() <= 40 && looks_like_slug(&long), "{long}");
    }

    #[test]
    fn each_colour_has_a_hue_of_its_own() {
        let mut hues: Vec<&str> = Colour::ALL.into_iter().map(Colour::hue).collect();
        hues.sort_unstable();
        hues.dedup();
        assert_eq!(hues.len(), Colour::ALL.len());
    }
}
