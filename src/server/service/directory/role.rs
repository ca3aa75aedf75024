//! Roles: what a membership may be, and which permissions that adds up to.

mod edit;
mod read;

use serde::{Deserialize, Serialize};

use super::change::{Change, What};
use super::given::Given;
use super::writer::{Allowed, DirectoryWriter};
use crate::model::audit::action;
use crate::server::db::import::{self as table, KnownRole, RoleUpsert};
use crate::server::error::ServiceResult;

pub use edit::{create, delete, update};
pub use read::{get, list};

/// What a role is to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RoleEntry {
    /// The line of a file that says so.
    #[serde(default)]
    pub line: u64,
    /// The version that was seen; without one, whatever there is now is changed.
    #[serde(default)]
    pub version: Option<i64>,
    pub key: String,
    pub name: String,
    pub permissions: Given<Vec<String>>,
}

impl RoleEntry {
    pub fn changes(&self, known: &KnownRole) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.name != known.name {
            changes.push((What::Renamed, known.name.clone()));
        }
        if self.permissions != Given::Kept {
            let after = self.permissions.over(None).unwrap_or_default();
            let added = after.iter().filter(|permission| !known.permissions.contains(permission));
            changes.extend(added.map(|permission| (What::PermissionGiven, permission.clone())));
            let lost = known.permissions.iter().filter(|permission| !after.contains(permission));
            changes.extend(lost.map(|permission| (What::PermissionRemoved, permission.clone())));
        }
        changes
    }
}

impl RoleEntry {
    /// Takes out of the row what makes a change that nobody allowed.
    fn keep(&mut self, (what, about): &Change) {
        if *what == What::PermissionRemoved {
            let mut permissions = self.permissions.over(None).unwrap_or_default();
            permissions.push(about.clone());
            self.permissions = Given::Set(permissions);
        }
    }
}

pub async fn write(writer: &mut DirectoryWriter<'_>, roles: &[RoleEntry]) -> ServiceResult<()> {
    let keys: Vec<&str> = roles.iter().map(|role| role.key.as_str()).collect();
    let known = table::known_roles(writer.tx, writer.environment_id, &keys).await?;
    let mut faster = Vec::new();
    for role in roles {
        let before = known.get(&role.key);
        writer.require_new("key", &role.key, before.is_some())?;
        let compare = |row: &RoleEntry| before.map(|known| row.changes(known)).unwrap_or_default();
        let Allowed { row: role, changes, left_out } = writer.allowed(role, compare, RoleEntry::keep);
        if before.is_some() && changes.is_empty() && left_out.is_empty() {
            continue;
        }
        let id = before.map_or_else(|| writer.state.new_id(), |known| known.id);
        let row = RoleUpsert { id, environment_id: writer.environment_id, key: &role.key, name: &role.name };
        if !table::upsert_role(writer.tx, &row).await? {
            writer.require_new("key", &role.key, true)?;
            faster.push(role.into_owned());
            continue;
        }
        if role.permissions != Given::Kept {
            let permissions = role.permissions.over(None).unwrap_or_default();
            table::replace_permissions(writer.tx, id, &permissions).await?;
        }
        let who = format!("The role {}", role.name);
        if before.is_none()
            && let Some(event) = writer.made(&who, action::ROLE_CREATED)
        {
            writer.record(event).await?;
        }
        for event in
            changes.iter().filter_map(|change| writer.event(change, &who, action::ROLE_CHANGED)).collect::<Vec<_>>()
        {
            writer.record(event).await?;
        }
        for change in &left_out {
            let event = writer.leave_out(change, &who);
            writer.record(event).await?;
        }
    }
    // What somebody else made a moment ago is known by now.
    if faster.is_empty() { Ok(()) } else { Box::pin(write(writer, &faster)).await }
}
