//! What was chosen and typed in the drawer and not sent, kept for as long as the tab is open: closing the drawer, a reload, or
//! a sign-in that has ended and is made good, loses none of it.

use leptos::prelude::*;
use leptos::web_sys::Storage;
use uuid::Uuid;

use crate::ui::kit::address::Words;

#[derive(Clone, Default)]
pub struct Draft {
    /// External id of the account, client id of the application.
    pub account: String,
    pub application: String,
    pub reason: String,
    pub ticket: String,
    /// What the page's address asked for: another link asks for something else, and has its way.
    pub asked: String,
}

impl Draft {
    /// Whether it is meant where the address asks for this.
    fn is_for(&self, asked: &str) -> bool {
        asked.is_empty() || asked == self.asked
    }

    fn words(&self) -> Words {
        Words::default()
            .with("account", &self.account)
            .with("application", &self.application)
            .with("reason", &self.reason)
            .with("ticket", &self.ticket)
            .with("asked", &self.asked)
    }

    fn of(words: &Words) -> Self {
        let word = |name| words.get(name).to_owned();
        Self {
            account: word("account"),
            application: word("application"),
            reason: word("reason"),
            ticket: word("ticket"),
            asked: word("asked"),
        }
    }
}

/// Whose draft: one operator does not see what another began in the same tab.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Whose {
    pub operator: Uuid,
    pub user: Uuid,
}

/// What an address asks the drawer for.
pub fn asked_by(words: &Words) -> String {
    ["account", "application", "reason", "ticket"]
        .into_iter()
        .fold(Words::default(), |asked, name| asked.with(name, words.get(name)))
        .on("")
}

/// Drafts of a page, for a browser that keeps nothing: it loses them at a reload, and no more.
#[derive(Clone, Copy)]
pub struct Drafts(StoredValue<Option<(Whose, Draft)>>);

impl Drafts {
    pub fn of_page() -> Self {
        Self(StoredValue::new(None))
    }

    pub fn keep(self, whose: Whose, draft: Draft) {
        _ = storage().map(|storage| storage.set_item(&key(whose), &draft.words().on("")));
        self.0.set_value(Some((whose, draft)));
    }

    /// What was kept, where the address asks for nothing else.
    pub fn of(self, whose: Whose, asked: &str) -> Option<Draft> {
        let here = self.0.get_value().filter(|(of, _)| *of == whose).map(|(_, draft)| draft);
        here.or_else(|| stored(whose)).filter(|draft| draft.is_for(asked))
    }

    pub fn drop(self, whose: Whose) {
        _ = storage().map(|storage| storage.remove_item(&key(whose)));
        self.0.set_value(None);
    }
}

fn stored(whose: Whose) -> Option<Draft> {
    let text = storage()?.get_item(&key(whose)).ok().flatten()?;
    Some(Draft::of(&Words::parse(&text)))
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

fn key(Whose { operator, user }: Whose) -> String {
    format!("draft:{operator}:{user}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_kept_whole_and_gives_way_to_a_link_that_asks_for_something_else() {
        let asked = asked_by(&Words::parse("?impersonate=1&account=harbor&error=busy"));
        assert_eq!(asked, "?account=harbor");
        let draft = Draft {
            account: "northwind".to_owned(),
            application: "console".to_owned(),
            reason: "50% & more".to_owned(),
            ticket: "SUP-1".to_owned(),
            asked: asked.clone(),
        };
        let kept = Draft::of(&Words::parse(&draft.words().on("")));
        assert_eq!(kept.words(), draft.words());
        assert!(kept.is_for(&asked) && kept.is_for(""));
        assert!(!kept.is_for(&asked_by(&Words::parse("?account=northwind"))));
    }
}
