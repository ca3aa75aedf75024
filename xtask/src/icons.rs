//! Makes `public/icons.svg`, one sprite of the icons that `icons.txt` names, from Lucide. The sprite is committed, so that
//! a change of an icon shows in a review; `lint` checks that it is what this makes.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::publish::write_if_changed;
use crate::repo::Repo;
use crate::{steps, tools};

const SPRITE: &str = "public/icons.svg";
const NAMES: &str = "xtask/icons.txt";

/// Writes the sprite.
pub fn write(repo: &Repo) -> Result<()> {
    let sprite = sprite(repo)?;
    let changed = write_if_changed(&repo.root.join(SPRITE), sprite.as_bytes())?;
    steps::note(if changed { format!("{SPRITE} is written") } else { format!("{SPRITE} is current") });
    Ok(())
}

/// An error when the committed sprite is not what the list of names makes.
pub fn check(repo: &Repo) -> Result<()> {
    let committed = fs::read_to_string(repo.root.join(SPRITE)).unwrap_or_default();
    if committed != sprite(repo)? {
        bail!("{SPRITE} does not match {NAMES}: run `cargo xtask icons`");
    }
    Ok(())
}

fn sprite(repo: &Repo) -> Result<String> {
    let packages = repo.root.join("xtask");
    tools::npm(&packages)?;
    let lucide = packages.join("node_modules/lucide-static");
    let text = fs::read_to_string(repo.root.join(NAMES))?;
    let names: Vec<&str> = text.split_whitespace().collect();
    if !names.is_sorted() {
        let mut sorted = names.clone();
        sorted.sort_unstable();
        bail!("{NAMES} is not sorted; sorted it is:\n{}", sorted.join("\n"));
    }
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(lucide.join("package.json"))?)?;
    let version = manifest["version"].as_str().unwrap_or_default();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\">\n\
         <!-- Made by `cargo xtask icons`; edit {NAMES} instead. -->\n\
         <!-- Lucide {version}, ISC License, Copyright (c) Lucide Icons and Contributors; in part from Feather, MIT License,\n\
         Copyright (c) 2013-present Cole Bemis. Permission to use, copy, modify, and/or distribute this software for any\n\
         purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice\n\
         appear in all copies. -->\n"
    );
    for name in names {
        let path = lucide.join(format!("icons/{name}.svg"));
        let svg = fs::read_to_string(&path).with_context(|| format!("Lucide has no icon `{name}`"))?;
        writeln!(
            out,
            "<symbol id=\"{name}\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.75\" \
             stroke-linecap=\"round\" stroke-linejoin=\"round\">{}</symbol>",
            inner(&svg).with_context(|| format!("{name}.svg is not as expected"))?
        )?;
    }
    out.push_str("</svg>\n");
    Ok(out)
}

/// What stands between `<svg …>` and `</svg>`, on one line.
fn inner(svg: &str) -> Option<String> {
    let (_, rest) = svg.split_once("<svg")?;
    let (_, rest) = rest.split_once('>')?;
    let (inner, _) = rest.rsplit_once("</svg>")?;
    let lines: Vec<&str> = inner.lines().map(str::trim).collect();
    Some(lines.concat().replace(" />", "/>"))
}

#[cfg(test)]
mod tests {
    use super::inner;

    #[test]
    fn an_icon_loses_its_frame_and_its_line_breaks() {
        let svg = "<!-- a > b -->\n<svg\n  class=\"x\"\n>\n  <path d=\"M1 1\" />\n  <path d=\"M2 2\" />\n</svg>\n";
        assert_eq!(inner(svg).as_deref(), Some("<path d=\"M1 1\"/><path d=\"M2 2\"/>"));
    }
}
