//! What named a user, and texts without it.

use std::collections::BTreeSet;

/// What stands where a name stood.
pub const DELETED: &str = "deleted user";
/// So many names of one user are kept in mind from one event to another: more than anybody ever had.
const MOST: usize = 100;
/// How the sentence goes on that tells of another name: see `What::Renamed`.
const RENAMED: &str = " is the new name of ";

/// The names and addresses of one user.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let mut all = Self::default();
        names.into_iter().for_each(|name| all.add(Some(name)));
        all
    }

    /// What cannot be read names nobody: it was written by this program.
    pub fn from_json(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    pub fn add(&mut self, name: Option<&str>) {
        if let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) {
            self.0.insert(name.to_owned());
        }
    }

    /// Keeps those in mind that an event has, too, as far as there is room.
    pub fn learn(&mut self, of_event: Self) {
        for name in of_event.0 {
            if self.0.len() < MOST {
                self.0.insert(name);
            }
        }
    }

    /// These and those.
    pub fn with(&self, of_event: &Self) -> Self {
        Self(self.0.union(&of_event.0).cloned().collect())
    }

    /// The text, in which whole words that are one of the names, however they are capitalised, are [`DELETED`]. What is one of the
    /// longer names of `others` stays: an operator may be called Ann Arbor where a user was Ann.
    pub fn out_of(&self, text: &str, others: &[&str]) -> String {
        let (names, others) = (lowered(self.0.iter().map(String::as_str)), lowered(others.iter().copied()));
        let mut kept = String::with_capacity(text.len());
        let (mut rest, mut before) = (text, None);
        while let Some(first) = rest.chars().next() {
            let longest = |names: &[Vec<char>]| names.iter().find_map(|name| beginning(rest, name, before));
            let length = match (longest(&names), longest(&others)) {
                (Some(name), other) if other.is_none_or(|other| other <= name) => {
                    kept.push_str(DELETED);
                    name
                }
                (_, other) => {
                    let length = other.unwrap_or(first.len_utf8());
                    kept.push_str(&rest[..length]);
                    length
                }
            };
            before = rest[..length].chars().next_back();
            rest = &rest[length..];
        }
        kept
    }
}

/// The letters of each, the longest first: an address may begin with a name.
fn lowered<'n>(names: impl Iterator<Item = &'n str>) -> Vec<Vec<char>> {
    let mut names: Vec<Vec<char>> =
        names.map(|name| lower(name).collect()).filter(|name: &Vec<char>| !name.is_empty()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}

fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// How many bytes of `text` are `name`, where it begins with that and no word is cut in two.
fn beginning(text: &str, name: &[char], before: Option<char>) -> Option<usize> {
    let is_inside = |one: Option<char>, other: Option<char>| {
        one.is_some_and(char::is_alphanumeric) && other.is_some_and(char::is_alphanumeric)
    };
    if is_inside(before, name.first().copied()) {
        return None;
    }
    let mut left = name;
    for (at, c) in text.char_indices() {
        if left.is_empty() {
            return (!is_inside(name.last().copied(), Some(c))).then_some(at);
        }
        for c in c.to_lowercase() {
            left = left.strip_prefix(&[c])?;
        }
    }
    left.is_empty().then_some(text.len())
}

/// The name that a user had before, where a sentence tells of another one: `Ann B. is the new name of Ann Arbor by Ed Editor`.
pub fn former_name<'d>(description: &'d str, name: &str, actor: &str) -> Option<&'d str> {
    let former = description.strip_prefix(name)?.strip_prefix(RENAMED)?;
    let by = format!(" by {actor}");
    former.strip_suffix(by.as_str()).or_else(|| former.strip_suffix(" at the command line")).or(Some(former))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_names_go_however_they_are_capitalised_and_nothing_else() {
        let names = Names::of(["Ann", "Ann Arbor", "ann@northwind.example"]);
        for (text, without) in [
            ("Ann Arbor is locked by Anna Annis", "deleted user is locked by Anna Annis"),
            ("ANN@northwind.example cannot sign in", "deleted user cannot sign in"),
            ("ask ann, Joann or Annette", "ask deleted user, Joann or Annette"),
            ("joann@northwind.example", "joann@northwind.example"),
            ("Ann", "deleted user"),
            ("Ann was told by Ann Marie", "deleted user was told by Ann Marie"),
            ("", ""),
        ] {
            assert_eq!(names.out_of(text, &["Ann Marie"]), without);
        }
        let odd = Names::of(["İpek", "李", "👩‍🚀 Zoë", "a"]);
        assert_eq!(odd.out_of("İPEK? i̇pek! 李: 👩‍🚀 ZOË", &[]), "deleted user? deleted user! deleted user: deleted user");
        assert_eq!(Names::of(["", " "]).out_of("as it was", &[]), "as it was");
    }

    proptest! {
        #[test]
        fn a_name_that_stands_by_itself_is_found_in_any_text(
            before in "[ .,a-z]{0,9}", name in "[\\PC--[ ]]{1,9}", after in "[ .,a-z]{0,9}"
        ) {
            prop_assume!(!name.trim().is_empty());
            let names = Names::of([name.as_str()]);
            let without = names.out_of(&format!("{before} {name} {after}"), &[]);
            prop_assert!(without.contains(DELETED), "{without:?}");
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,40}", name in "\\PC{0,4}") {
            let _ = Names::of([name.as_str()]).out_of(&text, &[]);
        }
    }

    #[test]
    fn names_come_back_as_they_went() {
        let names = Names::of(["Ann \"A\" Arbor", "ann@northwind.example"]);
        assert_eq!(Names::from_json(&names.to_json()).0, names.0);
    }

    #[test]
    fn a_former_name_is_what_a_sentence_says_it_is() {
        let told = |text| former_name(text, "Ann B.", "Ed");
        assert_eq!(told("Ann B. is the new name of Ann by by Ed"), Some("Ann by"));
        assert_eq!(told("Ann B. is the new name of Ann at the command line"), Some("Ann"));
        assert_eq!(told("Ann B. gets another picture by Ed"), None);
    }
}
