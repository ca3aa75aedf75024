//! Protected permissions: what may be one, and who may take one off the list.

use uuid::Uuid;

use crate::model::impersonation::permission_words;
use crate::server::db::{Tx, settings as table};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text::{isolated, nearest};

/// Permissions that may be protected, at most.
const MOST: usize = 50;
/// The longest name of a permission, in bytes.
const LONGEST: usize = 200;

/// Permissions as they are typed, in order and each once.
pub fn parse(text: &str) -> ServiceResult<Vec<String>> {
    let mut found: Vec<String> = permission_words(text).map(ToOwned::to_owned).collect();
    found.sort();
    found.dedup();
    if found.len() > MOST {
        return Err(refused(format!("These are {} permissions; {MOST} is the most.", found.len())));
    }
    let odd = |word: &&String| word.len() > LONGEST || word.chars().any(char::is_control);
    match found.iter().find(odd) {
        Some(_) => Err(refused("One of these is no permission: each is one word of at most 200 letters.".to_owned())),
        None => Ok(found),
    }
}

/// Whether the list may become `wanted`. What no role has protects nobody and is a mistake in writing; what is on the list
/// already stays whatever became of the roles. The rule binds those who are no Owners, so they cannot loosen it.
pub async fn check(
    tx: &mut Tx,
    environment_id: Uuid,
    before: &[String],
    wanted: &[String],
    can_unprotect: bool,
) -> ServiceResult<()> {
    let removed: Vec<&str> = before.iter().filter(|name| !wanted.contains(name)).map(String::as_str).collect();
    if !removed.is_empty() && !can_unprotect {
        let sentence = format!("Only an Owner may take a permission off this list. Missing: {}.", removed.join(", "));
        return Err(refused(sentence));
    }
    let known = table::permissions_of_roles(tx, environment_id).await?;
    let unknown = wanted.iter().filter(|name| !before.contains(name) && !known.contains(name));
    let sentences: Vec<String> = unknown.take(5).map(|name| no_role_has(name, &known)).collect();
    if sentences.is_empty() { Ok(()) } else { Err(refused(sentences.join(" "))) }
}

fn no_role_has(name: &str, known: &[String]) -> String {
    let hint = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!(" Did you mean {near}?"),
        None => String::new(),
    };
    format!("No role here has the permission {}: it would protect nobody.{hint}", isolated(name))
}

fn refused(sentence: String) -> ServiceError {
    ServiceError::invalid("protected_permissions", sentence)
}
