//! Operators as the command line shows them: a table, or JSON.

use serde_json::{Value, json};

use super::super::context::plain;
use super::super::{say, say_json, table};
use crate::server::db::inspect::{self, OperatorGrant};
use crate::server::db::word::Stored;
use crate::server::service::operator as service;
use crate::server::state::AppState;

/// All operators.
pub async fn list(state: &AppState, as_json: bool) -> anyhow::Result<()> {
    let mut conn = state.db.read().await?;
    let grants = inspect::operator_grants(&mut conn).await?;
    drop(conn);
    if as_json {
        say_json(&json!({ "operators": grouped(&grants) }));
        return Ok(());
    }
    if grants.is_empty() {
        say("There are no operators yet. Make the first Owner with `understudy operator create`.");
        return Ok(());
    }
    let row = |grant: OperatorGrant| {
        let label = match &grant.role {
            None => "no role",
            Some(Stored::Known(role)) => role.label(),
            Some(Stored::Unknown(unknown)) => &unknown.word,
        };
        let place =
            if grant.role.is_none() { "–" } else { grant.environment.as_deref().unwrap_or("all environments") };
        let state = if grant.disabled { "disabled" } else { "" };
        let (label, place, state) = (label.to_owned(), place.to_owned(), state.to_owned());
        vec![grant.email, grant.name, label, place, state]
    };
    let rows: Vec<Vec<String>> = grants.into_iter().map(row).collect();
    say(&table(&["E-MAIL", "NAME", "ROLE", "IN", ""], &rows));
    Ok(())
}

/// One operator as it is now; null where there is none.
pub async fn operator(state: &AppState, email: &str) -> anyhow::Result<Value> {
    let mut conn = state.db.read().await?;
    let Some(known) = service::by_email(&mut conn, email).await.map_err(plain)? else { return Ok(Value::Null) };
    let grants = inspect::operator_grants(&mut conn).await?;
    let of_it: Vec<OperatorGrant> = grants.into_iter().filter(|grant| grant.email == known.email).collect();
    Ok(grouped(&of_it).into_iter().next().unwrap_or(Value::Null))
}

/// One object an operator; its grants follow each other. A role that holds everywhere has the environment null.
fn grouped(grants: &[OperatorGrant]) -> Vec<Value> {
    grants
        .chunk_by(|one, next| one.email == next.email)
        .filter_map(|grants| {
            let first = grants.first()?;
            let roles: Vec<Value> = grants
                .iter()
                .filter_map(|grant| {
                    Some(json!({ "role": grant.role.as_ref()?.text(), "environment": grant.environment }))
                })
                .collect();
            Some(json!({ "email": first.email, "name": first.name, "disabled": first.disabled, "roles": roles }))
        })
        .collect()
}
