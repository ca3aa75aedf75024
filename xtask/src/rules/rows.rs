//! Rows of tables stay in the database layer: who asks it is given what the rows become.

use anyhow::Result;

use super::{said, sources};
use crate::repo::Repo;

const LAYER: [&str; 2] = ["src/server/db.rs", "src/server/db/"];

/// No type whose name ends in `Row` is to be seen outside the database layer.
pub fn rows(repo: &Repo) -> Result<Vec<String>> {
    let mut places = Vec::new();
    for source in sources(repo)? {
        let is_inside = LAYER.iter().any(|layer| source.name.starts_with(layer));
        places.extend(seen(&source.text, is_inside).map(|line| format!("{}:{line}", source.name)));
    }
    Ok(said(places, "rows are private to src/server/db: make it a type of src/server/domain, or name it by what it is"))
}

/// Numbers of the lines that name a row: outside the layer all of them, inside those that show it to others.
fn seen(text: &str, is_inside: bool) -> impl Iterator<Item = usize> {
    text.lines().zip(1..).filter_map(move |(line, number)| {
        let code = line.split("//").next().unwrap_or_default();
        let names = code.split(|sign: char| !sign.is_alphanumeric() && sign != '_').any(is_row);
        (names && (!is_inside || is_shown(code))).then_some(number)
    })
}

/// `Row` alone is a row of something else: of a file, or of a page. `FromRow` is the driver's word for reading one.
fn is_row(name: &str) -> bool {
    name != "FromRow" && name.strip_suffix("Row").is_some_and(|rest| rest.starts_with(char::is_uppercase))
}

fn is_shown(code: &str) -> bool {
    let code = code.trim_start();
    ["pub ", "pub(crate) ", "pub(in crate::server) "].iter().any(|shown| code.starts_with(shown))
}

#[cfg(test)]
mod tests {
    use super::seen;

    fn lines(text: &str, is_inside: bool) -> Vec<usize> {
        seen(text, is_inside).collect()
    }

    #[test]
    fn outside_the_layer_no_row_is_named() {
        let text = "use crate::server::db::user::UserRow;\n// a UserRow\nfn item(row: Row, of: RowOf) {}\nlet rows: Vec<AuditRow> = Vec::new();\n";
        assert_eq!(lines(text, false), [1, 4]);
    }

    #[test]
    fn inside_it_a_row_is_private() {
        let text = "struct UserRow {\npub fn rows<T: FromRow>() {}\npub struct AuditRow {\npub(super) struct KeyRow;\npub(crate) use key::KeyRow;\n    pub row: KeyRow,\n";
        assert_eq!(lines(text, true), [3, 5, 6]);
    }
}
