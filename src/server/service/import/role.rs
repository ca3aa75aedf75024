//! roles.csv: what a membership may be, and which permissions that adds up to.

use serde::{Deserialize, Serialize};

use super::change::{Change, What};
use super::read::Entity;
use super::row::{Column, Given, Row, optional, required};
use super::writer::Allowed;
use super::{Rows, Writer};
use crate::server::db::import::{self as table, KnownRole, RoleRow};
use crate::server::service::audit::Event;

const COLUMNS: &[Column] = &[
    required("key", "admin", "the key: 1 to 100 letters, digits, dots, _ and -"),
    required("name", "Administrator", "1 to 200 characters"),
    optional("permissions", "account.audit.read orders.read", "separated by spaces").listed(' '),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    line: u64,
    key: String,
    name: String,
    permissions: Given<Vec<String>>,
}

impl Entity for Role {
    const COLUMNS: &'static [Column] = COLUMNS;
    const KEY: &'static str = "key";
    const BATCH: usize = 100;

    fn parse(row: &mut Row<'_>) -> Self {
        Self {
            line: row.line,
            key: row.key("key"),
            name: row.name("name").unwrap_or_default(),
            permissions: row.words("permissions"),
        }
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn rows(batch: Vec<Self>) -> Rows {
        Rows::Roles(batch)
    }
}

impl Role {
    pub fn line(&self) -> u64 {
        self.line
    }

    pub fn changes(&self, known: &KnownRole) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.name != known.name {
            changes.push((What::Renamed, String::new()));
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

impl Role {
    /// Takes out of the row what makes a change that nobody allowed.
    fn keep(&mut self, (what, about): &Change) {
        if *what == What::PermissionRemoved {
            let mut permissions = self.permissions.over(None).unwrap_or_default();
            permissions.push(about.clone());
            self.permissions = Given::Set(permissions);
        }
    }
}

pub async fn write(writer: &mut Writer<'_>, roles: &[Role]) -> anyhow::Result<()> {
    let keys: Vec<&str> = roles.iter().map(Entity::key).collect();
    let known = table::known_roles(writer.tx, writer.environment_id, &keys).await?;
    for role in roles {
        let before = known.get(&role.key);
        let compare = |row: &Role| before.map(|known| row.changes(known)).unwrap_or_default();
        let Allowed { row: role, changes, left_out } = writer.allowed(role, compare, Role::keep);
        if before.is_some() && changes.is_empty() && left_out.is_empty() {
            continue;
        }
        let id = before.map_or_else(|| writer.state.new_id(), |known| known.id);
        let row = RoleRow { id, environment_id: writer.environment_id, key: &role.key, name: &role.name };
        table::upsert_role(writer.tx, &row).await?;
        if role.permissions != Given::Kept {
            let permissions = role.permissions.over(None).unwrap_or_default();
            table::replace_permissions(writer.tx, id, &permissions).await?;
        }
        for (what, about) in &changes {
            let Some((action, severity)) = what.facts().event else { continue };
            let sentence = format!("{} by an import", what.sentence(&format!("The role {}", role.name), about));
            let event = Event::new(writer.environment_id, action, severity, sentence);
            writer.record(event).await?;
        }
        for change in &left_out {
            let event = writer.leave_out(change, &format!("The role {}", role.name));
            writer.record(event).await?;
        }
    }
    Ok(())
}
