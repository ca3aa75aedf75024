//! Holding rows against what is there: what they refer to, and what they would change.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::outcome::ImportFindings;
use super::{ImportError, Kind, Rows};
use crate::server::db::{Conn, import as table};

/// A cell that names something of another file.
#[derive(Clone, Copy)]
pub struct Reference<'a> {
    pub line: u64,
    pub column: &'static str,
    pub kind: Kind,
    pub key: &'a str,
}

/// Which keys there are, in the environment or in a file of the same import, as far as they were asked for.
#[derive(Default)]
pub struct Keys(HashMap<(Kind, String), bool>);

/// Takes out rows that refer to what is neither in the environment nor in a file of the same import.
pub async fn check(
    conn: &mut Conn,
    environment_id: Uuid,
    rows: &mut Rows,
    known: &mut Keys,
    found: &mut ImportFindings,
) -> Result<(), ImportError> {
    let references = rows.references().into_iter().map(|(_, reference)| reference);
    let references: Vec<Reference<'_>> = references.collect();
    for kind in [Kind::Roles, Kind::Applications, Kind::Accounts] {
        let Some(keyed) = kind.keyed() else { continue };
        let of_kind = references.iter().filter(|reference| reference.kind == kind);
        let asked: HashSet<&str> = of_kind
            .map(|reference| reference.key)
            .filter(|key| !known.0.contains_key(&(kind, (*key).to_owned())))
            .collect();
        let asked: Vec<&str> = asked.into_iter().collect();
        let there = table::ids(conn, keyed, environment_id, &asked).await?;
        known.0.extend(asked.into_iter().map(|key| ((kind, key.to_owned()), there.contains_key(key))));
    }
    let mut missing: HashMap<usize, HashSet<u64>> = HashMap::new();
    for (at, reference) in rows.references() {
        if !known.0.get(&(reference.kind, reference.key.to_owned())).is_some_and(|there| *there) {
            found.missing(&reference, missing.entry(at).or_default().insert(reference.line))?;
        }
    }
    rows.leave_out(&missing);
    let kind = rows.kind();
    if kind != Kind::Users {
        known.0.extend(rows.keys().into_iter().map(|key| ((kind, key.to_owned()), true)));
    }
    Ok(())
}

/// Compares rows with what is there, notes what would change, and leaves those that change something.
pub async fn compare(
    conn: &mut Conn,
    environment_id: Uuid,
    rows: &mut Rows,
    found: &mut ImportFindings,
) -> Result<(), ImportError> {
    let compared = rows.compare(conn, environment_id).await?;
    if let Rows::Users(users) = rows {
        for (user, one) in users.iter_mut().zip(&compared) {
            user.is_new = one.changes.is_none();
        }
    }
    let mut keep = Vec::with_capacity(compared.len());
    for one in compared {
        keep.push(found.note(one)?);
    }
    rows.retain(&mut |at| keep.get(at).is_some_and(|keep| *keep));
    Ok(())
}
