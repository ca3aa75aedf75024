//! Changing one role, by somebody who may: Owner and Admin, as what it permits holds for all who have it.

use super::{RoleEntry, write};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::validate::{Checks, value};
use crate::server::db::Tx;
use crate::server::db::import::{self as table, Keyed, KnownRole};
use crate::server::db::version::Versioned;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::directory::edit::{about, may_take};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::validate;
use crate::server::service::directory::version::{Written, require_seen, written};
use crate::server::service::directory::writer::{DirectoryWriter, taken};

/// Makes a role.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owner and Admin, [`ServiceError::Invalid`] for what is wrong with the fields and for a
/// key that a role has already.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create(caller: &Caller, new: RoleEntry) -> ServiceResult<Written> {
    caller.require(Roles::can_administer)?;
    let new = checked(new)?;
    let mut tx = caller.state.db.write().await?;
    if !table::ids(&mut tx, Keyed::Roles, caller.environment.id, &[&new.key]).await?.is_empty() {
        return Err(taken("key", &new.key));
    }
    let key = new.key.clone();
    write(&mut DirectoryWriter::of_maker(caller, &mut tx), &[new]).await?;
    let made = known(caller, &mut tx, &key).await?;
    let made = written(&mut tx, Versioned::Role, made.id).await?;
    tx.commit().await?;
    Ok(made)
}

/// Changes the name of the role with this key, and what it permits.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin, and for Admin where a protected permission
/// is taken away, [`ServiceError::Invalid`] for what is wrong with the fields, [`ServiceError::Conflict`] where the role is
/// another version than the one that was seen.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn update(caller: &Caller, change: RoleEntry) -> ServiceResult<Written> {
    caller.require(Roles::can_administer)?;
    let change = checked(change)?;
    let mut tx = caller.state.db.write().await?;
    let before = known(caller, &mut tx, &change.key).await?;
    require_seen(&mut tx, Versioned::Role, before.id, change.version).await?;
    if change.permissions != Given::Kept {
        let after = change.permissions.over(None).unwrap_or_default();
        let lost: Vec<String> = before.permissions.into_iter().filter(|held| !after.contains(held)).collect();
        may_take(caller, &mut tx, &lost).await?;
    }
    write(&mut DirectoryWriter::of_caller(caller, &mut tx), &[change]).await?;
    let written = written(&mut tx, Versioned::Role, before.id).await?;
    tx.commit().await?;
    Ok(written)
}

/// Removes a role from all who have it.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin, and for Admin where it has a protected
/// permission.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn delete(caller: &Caller, key: &str) -> ServiceResult<()> {
    caller.require(Roles::can_administer)?;
    let mut tx = caller.state.db.write().await?;
    let before = known(caller, &mut tx, key).await?;
    may_take(caller, &mut tx, &before.permissions).await?;
    let mut writer = DirectoryWriter::of_caller(caller, &mut tx);
    let severity = action::severity(action::ROLE_DELETED);
    let event = writer.event_of(action::ROLE_DELETED, severity, &format!("The role {} was deleted", before.name));
    writer.record(event).await?;
    table::delete_role(&mut tx, caller.environment.id, before.id).await?;
    tx.commit().await?;
    Ok(())
}

async fn known(caller: &Caller, tx: &mut Tx, key: &str) -> ServiceResult<KnownRole> {
    table::hold(tx, Keyed::Roles, caller.environment.id, key).await?;
    table::known_roles(tx, caller.environment.id, &[key]).await?.remove(key).ok_or(ServiceError::NotFound)
}

fn checked(mut role: RoleEntry) -> ServiceResult<RoleEntry> {
    if let Given::Set(permissions) = &mut role.permissions {
        permissions.sort();
        permissions.dedup();
    }
    let mut checks = Checks::default();
    checks.check(value::key(&role.key).map_err(about("key", &role.key)));
    role.name = checks.check(validate::name(&role.name).map_err(about("name", &role.name)));
    for permission in role.permissions.set().map(Vec::as_slice).unwrap_or_default() {
        checks.check(value::permission(permission).map_err(about("permissions", permission)));
    }
    checks.passed()?;
    Ok(role)
}
