//! What a filter asks of the index: terms that each event has which it wants. That may be less than it asks for; events that have
//! them are looked at themselves.

use std::collections::HashMap;

use crate::server::db::audit::{AuditFilter, Sought};
use crate::server::domain::trail::{Fact, Places, Term, grams};

/// All of them hold; in each, one of its ways; in each of these, all terms.
pub type Clauses = Vec<Vec<Vec<Term>>>;

/// Ways that a word can be meant, at most: one with more of them says little.
const WAYS: usize = 24;
/// Terms that are worth asking for, of one way and of all.
const OF_WAY: usize = 3;
const TERMS: usize = 10;

pub fn clauses(filter: &AuditFilter) -> Clauses {
    let facts = [
        filter.action.as_deref().map(Fact::Action),
        filter.severity.map(|severity| Fact::Severity(severity.as_str())),
        filter.operator_id.map(Fact::Operator),
        filter.account_id.map(Fact::Account),
        filter.only_impersonated.then_some(Fact::Impersonated),
    ];
    let facts = facts.into_iter().flatten().map(|fact| vec![vec![fact.term()]]);
    facts.chain(filter.words.iter().filter_map(ways)).collect()
}

/// The ways that a word can be meant; `None` where one of them is too short to be asked for.
fn ways(sought: &Sought) -> Option<Vec<Vec<Term>>> {
    let applications = sought.applications.iter().map(|id| vec![Fact::Application(*id).term()]);
    let ways: Vec<Vec<Term>> = sought.parts().map(|part| grams(&part)).chain(applications).take(WAYS + 1).collect();
    (ways.len() <= WAYS && ways.iter().all(|way| !way.is_empty())).then_some(ways)
}

/// All terms, each once.
pub fn term_list(clauses: &Clauses) -> Vec<Term> {
    let mut terms: Vec<Term> = clauses.iter().flatten().flatten().copied().collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// What is worth asking: of each way its rarest terms, and of clauses those that leave the least. `counts` says how common terms
/// are; what is not in it is the rarest.
pub fn cheapest(mut clauses: Clauses, counts: &HashMap<Term, usize>) -> Clauses {
    let count = |term: &Term| counts.get(term).copied().unwrap_or_default();
    for way in clauses.iter_mut().flatten() {
        way.sort_by_key(count);
        way.truncate(OF_WAY);
    }
    let leaves = |clause: &Vec<Vec<Term>>| clause.iter().filter_map(|way| way.first()).map(count).sum::<usize>();
    clauses.sort_by_key(leaves);
    let mut terms = 0;
    let mut number = 0;
    clauses.retain(|clause| {
        terms += clause.iter().map(Vec::len).sum::<usize>();
        number += 1;
        number == 1 || terms <= TERMS
    });
    clauses
}

/// The places of one chunk where all clauses hold; `None` where that is nowhere.
pub fn places(clauses: &Clauses, found: &HashMap<Term, Vec<u8>>) -> Option<Places> {
    let mut all: Option<Places> = None;
    for clause in clauses {
        let mut one: Option<Places> = None;
        for way in clause {
            let Some(bytes) = way.iter().map(|term| found.get(term)).collect::<Option<Vec<_>>>() else { continue };
            let mut places: Option<Places> = None;
            for bytes in bytes {
                let next = Places::decode(bytes);
                match &mut places {
                    Some(places) => places.only(&next),
                    None => places = Some(next),
                }
            }
            match (&mut one, places) {
                (Some(one), Some(places)) => one.also(&places),
                (None, places) => one = places,
                (Some(_), None) => {}
            }
        }
        let one = one?;
        match &mut all {
            Some(all) => all.only(&one),
            None => all = Some(one),
        }
    }
    all.filter(|all| all.count() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(terms: &[(Term, &[u16])]) -> HashMap<Term, Vec<u8>> {
        terms.iter().map(|(term, places)| (*term, Places::encode(places))).collect()
    }

    fn at(clauses: &Clauses, terms: &[(Term, &[u16])]) -> Vec<usize> {
        places(clauses, &found(terms)).map(|places| places.to_vec()).unwrap_or_default()
    }

    #[test]
    fn what_has_all_that_is_asked_for_is_found() {
        let both = vec![vec![vec![1, 2]], vec![vec![3], vec![4]]];
        assert_eq!(at(&both, &[(1, &[1, 5, 9]), (2, &[5, 9]), (3, &[9, 30]), (4, &[5])]), [5, 9]);
        assert_eq!(at(&both, &[(1, &[1, 5, 9]), (2, &[5, 9]), (4, &[5])]), [5]);
        assert!(at(&both, &[(1, &[1, 5]), (3, &[5])]).is_empty());
        assert!(at(&both, &[(1, &[1]), (2, &[1]), (3, &[2])]).is_empty());
    }

    #[test]
    fn what_is_rare_is_asked_for_and_a_clause_stays_whatever_it_costs() {
        let counts = HashMap::from([(1, 900), (2, 800), (3, 700), (4, 5), (5, 100), (6, 50)]);
        let chosen = cheapest(vec![vec![vec![1, 2, 3, 4]], vec![vec![5], vec![6]], vec![vec![7]]], &counts);
        assert_eq!(chosen, [vec![vec![7]], vec![vec![4, 3, 2]], vec![vec![5], vec![6]]]);
        let long = vec![(0..20).map(|term| vec![term]).collect::<Vec<_>>()];
        assert_eq!(cheapest(long.clone(), &HashMap::new()), long);
    }
}
