//! Giving roles and taking them away: by who owns where they hold. Nobody gives themselves one, and no last Owner goes.

use uuid::Uuid;

use super::manage::{Whom, known, record_in};
use super::owners::Owned;
use super::table;
use crate::model::audit::action;
use crate::model::operator::{Role, Roles};
use crate::server::db::operator::manage as managed;
use crate::server::db::version::Versioned;
use crate::server::db::{Tx, environment};
use crate::server::domain::grants::Place;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::authority::Authority;
use crate::server::service::caller::ServerCaller;
use crate::server::service::directory::version::{Written, require_seen, written};

/// Grants or takes away roles of a known operator in one place.
///
/// # Errors
/// Those of [`set_roles`], and [`ServiceError::Invalid`] where there is no operator with this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change_roles<'a>(
    caller: &ServerCaller,
    whom: impl Into<Whom<'a>>,
    environment_id: Option<Uuid>,
    grant: &[Role],
    revoke: &[Role],
) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    change_roles_in(caller, &mut tx, whom, environment_id, grant, revoke).await?;
    tx.commit().await?;
    Ok(())
}

/// [`change_roles`] in a transaction of the caller's.
///
/// # Errors
/// As [`change_roles`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change_roles_in<'a>(
    caller: &ServerCaller,
    tx: &mut Tx,
    whom: impl Into<Whom<'a>>,
    environment_id: Option<Uuid>,
    grant: &[Role],
    revoke: &[Role],
) -> ServiceResult<()> {
    let authority = Authority::of(caller, tx).await?;
    authority.require_grant(environment_id)?;
    let row = known(tx, whom.into()).await?;
    let before = managed::grants(tx, row.id).await?.granted(environment_id);
    let wanted = before.iter().chain(grant.iter().copied()).filter(|role| !revoke.contains(role)).collect();
    let sentence = format!(
        "Roles of {} changed: granted {}; taken away {}",
        row.name,
        labels_or_none(grant.iter().copied().collect()),
        labels_or_none(revoke.iter().copied().collect())
    );
    write(caller, tx, &authority, row.id, &[(environment_id, wanted)], &sentence).await
}

/// Makes the roles of an operator in each of these places exactly the given ones. Places that are not named keep theirs.
///
/// # Errors
/// [`ServiceError::Forbidden`] where roles change in a place that the caller does not own, and for who owns none of them;
/// [`ServiceError::NotFound`] where there is no such operator, or none whom the caller sees; [`ServiceError::Invalid`] for who
/// gives themselves a role, and where a last Owner would go; [`ServiceError::Conflict`] where the operator is another version
/// than the one that was `seen`.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn set_roles(
    caller: &ServerCaller,
    operator_id: Uuid,
    wanted: &[(Place, Roles)],
    seen: Option<i64>,
) -> ServiceResult<Written> {
    let mut tx = caller.state.db.write().await?;
    let authority = Authority::of(caller, &mut tx).await?;
    if !wanted.iter().any(|(place, _)| authority.may_grant(*place)) {
        return Err(ServiceError::Forbidden);
    }
    let row = known(&mut tx, operator_id.into()).await?;
    let before = managed::grants(&mut tx, row.id).await?;
    let is_seen = wanted.iter().any(|(place, _)| authority.may_grant(*place) && !before.at(*place).is_empty());
    if !authority.may_manage() && !is_seen {
        return Err(ServiceError::NotFound);
    }
    require_seen(&mut tx, Versioned::Operator, row.id, seen).await?;
    let changes: Vec<(Place, Roles)> =
        wanted.iter().filter(|(place, roles)| before.granted(*place) != *roles).copied().collect();
    if !changes.is_empty() {
        let mut said = Vec::new();
        for (place, roles) in &changes {
            authority.require_grant(*place)?;
            said.push(describe(&mut tx, *place, before.granted(*place), *roles).await?);
        }
        let sentence = format!("Roles of {} changed: {}", row.name, said.join("; "));
        write(caller, &mut tx, &authority, row.id, &changes, &sentence).await?;
    }
    let written = written(&mut tx, Versioned::Operator, row.id).await?;
    tx.commit().await?;
    Ok(written)
}

async fn describe(tx: &mut Tx, place: Place, before: Roles, after: Roles) -> ServiceResult<String> {
    let name = match place {
        None => "all environments".to_owned(),
        Some(id) => environment::by_id(tx, id).await?.ok_or(ServiceError::NotFound)?.name,
    };
    let granted: Roles = after.iter().filter(|role| !before.has(*role)).collect();
    let taken: Roles = before.iter().filter(|role| !after.has(*role)).collect();
    let parts = [("granted", granted), ("taken away", taken)];
    let parts = parts.into_iter().filter(|(_, roles)| !roles.is_empty());
    let parts: Vec<String> = parts.map(|(what, roles)| format!("{what} {}", roles.labels())).collect();
    Ok(format!("in {name} {}", parts.join(", ")))
}

/// Writes what was allowed, with its event where the operator had a role before or has one now: who gives roles in an
/// environment and who loses them there, both stand in its trail.
async fn write(
    caller: &ServerCaller,
    tx: &mut Tx,
    authority: &Authority,
    operator_id: Uuid,
    changes: &[(Place, Roles)],
    sentence: &str,
) -> ServiceResult<()> {
    let row = known(tx, operator_id.into()).await?;
    let (before, owned) = (managed::grants(tx, row.id).await?, Owned::by(tx, &row).await?);
    let mut places = table::environments(tx, row.id).await?;
    for (place, wanted) in changes {
        let held = before.granted(*place);
        if authority.is_own(row.id) && wanted.iter().any(|role| !held.has(role)) {
            return Err(ServiceError::invalid("roles", "Nobody gives themselves a role: ask another Owner."));
        }
        for role in wanted.iter().filter(|role| !held.has(*role)) {
            table::grant(tx, caller.state.new_id(), row.id, *place, role).await?;
        }
        for role in held.iter().filter(|role| !wanted.has(*role)) {
            table::revoke(tx, row.id, *place, role).await?;
        }
    }
    owned.require_another(authority, tx).await?;
    managed::advance(tx, row.id).await?;
    for place in table::environments(tx, row.id).await? {
        if !places.iter().any(|before| before.id == place.id) {
            places.push(place);
        }
    }
    record_in(caller, tx, places, action::OPERATOR_ROLES_CHANGED, sentence).await
}

fn labels_or_none(roles: Roles) -> String {
    if roles.is_empty() { "none".to_owned() } else { roles.labels() }
}
