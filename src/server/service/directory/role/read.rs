//! Roles as operators see them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::model::role::{LISTED, MEMBERS_COUNTED, RoleItem, RoleList};
use crate::server::db::role::{self as table, RoleRecord};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;

/// The environment's roles by their keys, at most [`LISTED`].
///
/// # Errors
/// [`ServiceError::Forbidden`] for those who see nothing of the environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &Caller) -> ServiceResult<RoleList> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let limit = LISTED as i64;
    let (rows, more) = table::list(&mut conn, caller.environment.id, limit, MEMBERS_COUNTED + 1).await?.apart();
    let mut permissions: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (role, permission) in table::permissions(&mut conn, caller.environment.id, limit).await? {
        permissions.entry(role).or_default().push(permission);
    }
    let item = |row: RoleRecord| {
        let permissions = permissions.remove(&row.id).unwrap_or_default();
        item(row, permissions)
    };
    Ok(RoleList { rows: rows.into_iter().map(item).collect(), more })
}

/// One role.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such role.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn get(caller: &Caller, role_id: Uuid) -> ServiceResult<RoleItem> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let row = table::by_id(&mut conn, caller.environment.id, role_id, MEMBERS_COUNTED + 1).await?;
    let row = row.ok_or(ServiceError::NotFound)?;
    let permissions = table::permissions_of(&mut conn, row.id).await?;
    Ok(item(row, permissions))
}

fn item(row: RoleRecord, permissions: Vec<String>) -> RoleItem {
    RoleItem { id: row.id, key: row.key, name: row.name, version: row.version, permissions, members: row.members }
}
