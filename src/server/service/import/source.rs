//! What other products' exports look like, and what of them is taken: one table a product.

mod auth0;
mod entra;
mod firebase;
mod frontegg;
mod google;
mod keycloak;
mod okta;

use std::collections::BTreeMap;

use chrono::DateTime;
use clap::ValueEnum;

use super::problem::quoted;
use super::row::Column;
use super::words::truth;

/// Where a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Product {
    Auth0,
    Okta,
    Entra,
    Google,
    Keycloak,
    Frontegg,
    Firebase,
    Understudy,
}

/// An export of users as another product makes it.
pub struct Format {
    pub product: Product,
    /// As it stands in sentences.
    pub label: &'static str,
    /// A file is taken for this one where its head line has all names of one of these lists. Names as [`normal`] gives them.
    pub signatures: &'static [&'static [&'static str]],
    /// The columns that are known, and what becomes of each. The first of several for the same column of ours has its name
    /// in messages.
    pub columns: &'static [(&'static str, Fate)],
    /// Columns by position, for a file without a head line.
    pub headless: &'static [&'static str],
    /// Users come once per account: memberships are added to those that are there, and none is taken away.
    pub adds: bool,
    /// Several rows may be about one user, and are taken together before anything is compared.
    pub merges: bool,
    pub translate: fn(&Theirs<'_>, &mut Ours),
    /// What there is to know about files of this product.
    pub note: &'static str,
    /// A head line and a row as the product writes them.
    pub example: &'static str,
}

/// What becomes of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Goes into this column of ours.
    Taken(&'static str),
    /// Is not taken, for this reason.
    Passed(&'static str),
}

pub const FORMATS: [&Format; 7] = [
    &auth0::FORMAT,
    &okta::FORMAT,
    &entra::FORMAT,
    &google::FORMAT,
    &keycloak::FORMAT,
    &frontegg::FORMAT,
    &firebase::FORMAT,
];

impl Format {
    pub fn of(product: Product) -> Option<&'static Self> {
        FORMATS.into_iter().find(|format| format.product == product)
    }

    /// The format whose head line this is. Names as [`normal`] gives them.
    pub fn recognise(names: &[String]) -> Option<&'static Self> {
        let has_all = |signature: &&[&str]| {
            signature.iter().all(|wanted| names.iter().any(|name| name == wanted || is_below(name, wanted)))
        };
        FORMATS.into_iter().find(|format| format.signatures.iter().any(has_all))
    }

    /// The format of a file that has no head line, by its first row.
    pub fn recognise_headless(cells: &[String]) -> Option<&'static Self> {
        let [_, email, verified, ..] = cells else { return None };
        let fits = cells.len() >= firebase::FORMAT.headless.len() - 2
            && (email.is_empty() || email.contains('@'))
            && truth(verified).is_some();
        fits.then_some(&firebase::FORMAT)
    }

    pub fn fate(&self, name: &str) -> Fate {
        let known = self.columns.iter().find(|(column, _)| *column == name || is_below(name, column));
        known.map_or(Fate::Passed("has no counterpart here"), |(_, fate)| *fate)
    }
}

/// Whether `name` is a part of what `column*` names.
fn is_below(name: &str, column: &str) -> bool {
    column.strip_suffix('*').is_some_and(|start| name.starts_with(start))
}

/// A column's name without case, spaces, signs, `profile.` and remarks such as `[Required]`.
pub fn normal(name: &str) -> String {
    let name = name.trim().trim_start_matches(['\u{feff}', '\'']);
    // Entra's template names the property accountEnabled here too, and asks for the contrary of it.
    if name.to_lowercase().starts_with("block sign in") {
        return "blocksignin".to_owned();
    }
    // Entra's templates have the property's name in brackets, Google's a remark in capitals.
    let inner = name.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(inner, _)| inner.trim());
    let name = match inner {
        Some(inner) if inner.starts_with(|c: char| c.is_ascii_lowercase()) => inner,
        Some(_) => name.split('[').next().unwrap_or_default(),
        None => name,
    };
    let name = name.strip_prefix("profile.").unwrap_or(name);
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A row of theirs: cells by normalised name.
pub struct Theirs<'a> {
    pub names: &'a [String],
    pub cells: &'a [String],
}

impl Theirs<'_> {
    /// The cell of the first of `names` that is not empty.
    pub fn get(&self, names: &[&str]) -> &str {
        names
            .iter()
            .filter_map(|wanted| self.names.iter().position(|name| name == wanted))
            .filter_map(|at| self.cells.get(at))
            .map(|cell| cell.trim())
            .find(|cell| !cell.is_empty())
            .unwrap_or_default()
    }

    /// First and last name, or the first of `whole`.
    pub fn name(&self, whole: &[&str], first: &[&str], last: &[&str]) -> String {
        let parts = format!("{} {}", self.get(first), self.get(last));
        let parts = parts.trim();
        if parts.is_empty() { self.get(whole).to_owned() } else { parts.to_owned() }
    }
}

/// The row that is made of it, in the order of our columns.
pub struct Ours {
    columns: &'static [Column],
    pub cells: Vec<String>,
    /// Why this row is passed over, if it is.
    pub passed_over: Option<&'static str>,
    /// What is wrong with this row, and in which column of ours it shows.
    pub faults: Vec<(&'static str, String)>,
    /// What was left behind, and how often: "a bcrypt password hash".
    pub left: BTreeMap<&'static str, usize>,
}

/// What a state means for signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    Closed,
    /// Nothing yet: what is known here stays.
    Unsaid,
}

impl Ours {
    pub fn new(columns: &'static [Column]) -> Self {
        let cells = vec![String::new(); columns.len()];
        Self { columns, cells, passed_over: None, faults: Vec::new(), left: BTreeMap::new() }
    }

    /// Empties the cells for the next row, and keeps the counts.
    pub fn clear(&mut self) {
        self.cells.iter_mut().for_each(String::clear);
        self.passed_over = None;
        self.faults.clear();
    }

    pub fn get(&self, column: &str) -> &str {
        self.columns.iter().position(|known| known.name == column).map_or("", |at| self.cells[at].as_str())
    }

    pub fn set(&mut self, column: &str, text: impl Into<String>) {
        if let Some(at) = self.columns.iter().position(|known| known.name == column) {
            self.cells[at] = text.into();
        }
    }

    pub fn set_true(&mut self, column: &str, is: bool) {
        self.set(column, if is { "true" } else { "false" });
    }

    /// The contrary of what a cell says. A word that is neither true nor false is handed on, and refused as a cell of ours.
    pub fn set_not(&mut self, column: &str, text: &str) {
        match truth(text) {
            Some(is) => self.set_true(column, !is),
            None => self.set(column, text),
        }
    }

    /// Locks by words of state; whoever has one that means no entry is locked. Words that are not known are a fault of the
    /// row: they could mean that nobody is to come in.
    pub fn set_state(&mut self, states: &[&str], meaning: fn(&str) -> Option<State>) {
        let (mut open, mut closed) = (false, false);
        for state in states.iter().filter(|state| !state.is_empty()) {
            match meaning(&state.to_lowercase().replace([' ', '-'], "_")) {
                Some(State::Open) => open = true,
                Some(State::Closed) => closed = true,
                Some(State::Unsaid) => {}
                None => {
                    let message =
                        format!("{} is no state that is known: may such a user come in or not?", quoted(state));
                    self.faults.push(("locked", message));
                }
            }
        }
        if open || closed {
            self.set_true("locked", closed);
        }
    }

    pub fn leave(&mut self, what: &'static str) {
        *self.left.entry(what).or_default() += 1;
    }

    /// Takes an argon2id hash and counts every other.
    pub fn password(&mut self, hash: &str) {
        match hash {
            "" | "****" => {}
            hash if hash.starts_with("$argon2id$") => self.set("password_hash", hash),
            hash => self.leave(kind_of_hash(hash)),
        }
    }
}

/// What a password hash is, as far as its form says it.
pub fn kind_of_hash(hash: &str) -> &'static str {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| hash.starts_with(prefix));
    match hash {
        _ if begins(&["$2a$", "$2b$", "$2x$", "$2y$"]) => "a bcrypt password hash",
        _ if begins(&["$pbkdf2", "pbkdf2"]) => "a PBKDF2 password hash",
        _ if begins(&["$scrypt", "$7$", "scrypt"]) => "an scrypt password hash",
        _ if begins(&["$argon2i$", "$argon2d$"]) => "an argon2i or argon2d password hash",
        _ if begins(&["$1$", "$5$", "$6$", "$y$"]) => "a crypt password hash",
        _ => "a password hash of another kind",
    }
}

/// Milliseconds since 1970, as a time in text; 0 is never. What is no number stays as it is.
pub fn from_millis(text: &str) -> String {
    if text == "0" {
        return String::new();
    }
    let time = text.parse::<i64>().ok().and_then(DateTime::from_timestamp_millis);
    time.map_or_else(|| text.to_owned(), |time| time.to_rfc3339())
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn names_of_columns_are_compared_without_their_remarks() {
        assert_eq!(normal("First Name [Required]"), "firstname");
        assert_eq!(normal("Last Sign In [READ ONLY]"), "lastsignin");
        assert_eq!(normal("User name [userPrincipalName] Required"), "userprincipalname");
        assert_eq!(normal("Block sign in (Yes/No) [accountEnabled] Required"), "blocksignin");
        assert_eq!(normal("\u{feff}profile.firstName"), "firstname");
        assert_eq!(normal("app_metadata.tenant"), "appmetadatatenant");
    }
}
