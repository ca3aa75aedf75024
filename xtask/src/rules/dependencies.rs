//! No manifest asks for a crate that nothing names. Read from the words of the code, so that it costs no build and no tool:
//! that a feature of a crate is not needed, it cannot tell.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Spacing, TokenStream, TokenTree};
use serde_json::Value;

use crate::process;
use crate::publish::files_below;
use crate::repo::Repo;

pub fn dependencies(repo: &Repo) -> Result<Vec<String>> {
    let mut metadata = repo.cargo(["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let metadata: Value = serde_json::from_str(&process::output("cargo metadata", &mut metadata)?)?;
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        let name = text(&package["name"])?;
        let mut named = BTreeSet::new();
        for target in list(&package["targets"]) {
            for file in files_of(Path::new(text(&target["src_path"])?))? {
                let source = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
                let tokens: TokenStream = source.parse().map_err(|error| anyhow!("{}: {error}", file.display()))?;
                crates(tokens, &mut named);
            }
        }
        for dependency in list(&package["dependencies"]) {
            let asked = dependency["rename"].as_str().map_or_else(|| text(&dependency["name"]), Ok)?;
            if !named.contains(&asked.replace('-', "_")) {
                found.push(format!("{name} depends on {asked}, which nothing in it names"));
            }
        }
    }
    Ok(found)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("cargo metadata has no such text")
}

/// The Rust files of a target. One beside others, in `examples`, has those of a folder of its own name.
fn files_of(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.parent().context("a target has a folder")?;
    if folder.ends_with("examples") {
        let mut files = files_below(&root.with_extension(""))?;
        files.push(root.to_owned());
        return Ok(files);
    }
    let is_rust = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "rs");
    Ok(files_below(folder)?.into_iter().filter(is_rust).collect())
}

/// Words with which a path or the call of a macro may begin: what stands before `::` or `!`, and behind `use`.
fn crates(tokens: TokenStream, named: &mut BTreeSet<String>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut imports = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => crates(group.stream(), named),
            TokenTree::Ident(word) => {
                if imports || tokens.peek().is_some_and(follows_a_name) {
                    named.insert(word.to_string());
                }
                imports = word == "use";
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// The first sign of `::`, or the one of a macro. A field's colon and `!=` are neither.
fn follows_a_name(token: &TokenTree) -> bool {
    let TokenTree::Punct(sign) = token else { return false };
    matches!((sign.as_char(), sign.spacing()), (':', Spacing::Joint) | ('!', Spacing::Alone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_named_by_a_path_an_import_an_attribute_or_a_macro_and_by_no_comment() {
        let source = r#"
            //! comment::only
            use imported;
            use braced::{a, b};
            #[attribute::test]
            fn f(field: T) -> path::Type { macro_of!("string::only"); call(inner::x(), other != 1) }
        "#;
        let mut named = BTreeSet::new();
        crates(source.parse().expect("Rust"), &mut named);
        for name in ["imported", "braced", "attribute", "path", "macro_of", "inner"] {
            assert!(named.contains(name), "{name}");
        }
        for name in ["comment", "string", "field", "other"] {
            assert!(!named.contains(name), "{name}");
        }
    }
}
