//! What events are found by: facts, such as an action or an account, and three letters in a row of their text.

use uuid::Uuid;

use super::Indexed;
use crate::model::audit::ActorKind;

/// A fact is a negative number, made of a hash: two may share one, so what is found is looked at before it is shown. Letters
/// are the number that they are.
pub type Term = i64;

/// What a filter can ask for.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    /// An action, or its beginning up to a dot.
    Action(&'a str),
    Severity(&'a str),
    /// Whoever did it or is behind it.
    Operator(Uuid),
    Account(Uuid),
    Application(Uuid),
    Impersonated,
}

impl Fact<'_> {
    pub fn term(self) -> Term {
        match self {
            Self::Action(action) => hashed(1, action.bytes().map(|byte| byte.to_ascii_lowercase())),
            Self::Severity(severity) => hashed(2, severity.bytes()),
            Self::Operator(id) => hashed(3, id.into_bytes()),
            Self::Account(id) => hashed(4, id.into_bytes()),
            Self::Application(id) => hashed(5, id.into_bytes()),
            Self::Impersonated => hashed(6, []),
        }
    }
}

/// FNV-1a, the same in every version and on every machine.
fn hashed(kind: u8, value: impl IntoIterator<Item = u8>) -> Term {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = value.into_iter().fold(step(0xcbf2_9ce4_8422_2325, kind), step);
    (hash | 1 << 63).cast_signed()
}

/// Puts the terms of an event into `terms`, each once.
pub fn of_event(event: &Indexed, terms: &mut Vec<Term>) {
    terms.clear();
    let dots = event.action.match_indices('.').map(|(at, _)| &event.action[..at]);
    terms.extend(dots.chain([event.action.as_str()]).map(|action| Fact::Action(action).term()));
    terms.push(Fact::Severity(&event.severity).term());
    let doer = event.actor_id.filter(|_| event.actor_kind.is_none_or(|kind| kind == ActorKind::Operator));
    terms.extend([event.operator_id, doer].into_iter().flatten().map(|id| Fact::Operator(id).term()));
    terms.extend(event.account_id.map(|id| Fact::Account(id).term()));
    terms.extend(event.application_id.map(|id| Fact::Application(id).term()));
    terms.extend(event.operator_id.map(|_| Fact::Impersonated.term()));
    // As `LIKE` of SQLite compares: without regard to the case of ASCII.
    let text = event.search_text.chars().map(|c| c.to_ascii_lowercase());
    let (mut before, mut last) = ('\0', '\0');
    for c in text {
        terms.extend(single(c));
        if last != '\0' {
            terms.extend(pair(last, c));
        }
        if before != '\0' {
            terms.push(triple(before, last, c));
        }
        (before, last) = (last, c);
    }
    terms.sort_unstable();
    terms.dedup();
}

/// The terms that every text has that this one is a part of: none where it is too short to have any.
pub fn grams(part: &str) -> Vec<Term> {
    let letters: Vec<char> = part.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut terms = match letters[..] {
        [c] => single(c).into_iter().collect(),
        [a, b] => pair(a, b).into_iter().collect(),
        _ => letters.windows(3).map(|window| triple(window[0], window[1], window[2])).collect::<Vec<_>>(),
    };
    terms.sort_unstable();
    terms.dedup();
    terms
}

fn triple(a: char, b: char, c: char) -> Term {
    i64::from(u32::from(a)) << 42 | i64::from(u32::from(b)) << 21 | i64::from(u32::from(c))
}

/// Two letters say something where a word begins with them, and outside of ASCII.
fn pair(a: char, b: char) -> Option<Term> {
    let says_something = a == ' ' || !a.is_ascii() || !b.is_ascii();
    says_something.then(|| i64::from(u32::from(a)) << 21 | i64::from(u32::from(b)))
}

fn single(c: char) -> Option<Term> {
    (!c.is_ascii()).then(|| i64::from(u32::from(c)))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn event(action: &str, search_text: &str) -> Indexed {
        Indexed {
            id: Uuid::nil(),
            occurred_at: DateTime::default(),
            action: action.to_owned(),
            severity: "info".to_owned(),
            actor_kind: Some(ActorKind::Operator),
            actor_id: Some(Uuid::from_u128(1)),
            operator_id: None,
            account_id: Some(Uuid::from_u128(2)),
            application_id: None,
            search_text: search_text.to_owned(),
        }
    }

    fn terms(event: &Indexed) -> Vec<Term> {
        let mut terms = Vec::new();
        of_event(event, &mut terms);
        terms
    }

    proptest! {
        #[test]
        fn a_text_has_the_terms_of_each_of_its_parts(text in "[\\PC ]{0,40}", from in 0_usize..40, length in 0_usize..20) {
            let all = terms(&event("a.b", &text));
            let part: String = text.chars().skip(from).take(length).collect();
            for term in grams(&part) {
                prop_assert!(all.contains(&term), "{part:?} of {text:?}");
            }
        }
    }

    #[test]
    fn an_event_has_the_facts_that_filters_ask_for() {
        let all = terms(&event("application.invoice.deleted", ""));
        for fact in [
            Fact::Action("application"),
            Fact::Action("application.invoice"),
            Fact::Action("application.invoice.deleted"),
            Fact::Severity("info"),
            Fact::Operator(Uuid::from_u128(1)),
            Fact::Account(Uuid::from_u128(2)),
        ] {
            assert!(all.contains(&fact.term()), "{fact:?}");
        }
        for fact in [Fact::Action("app"), Fact::Severity("high"), Fact::Impersonated, Fact::Account(Uuid::from_u128(1))]
        {
            assert!(!all.contains(&fact.term()), "{fact:?}");
        }
        assert!(grams("ab").is_empty());
        assert_eq!((grams(" a").len(), grams("李").len(), grams("okafor").len()), (1, 1, 4));
    }
}
