//! roles.csv: what a membership may be, and which permissions that adds up to.

use super::sheet::{Column, Problems, Sheet, optional, required};
use super::{Counts, Writer};
use crate::server::db::import::{self as table, Keyed, RoleRow};

pub const COLUMNS: &[Column] = &[required("key"), required("name"), optional("permissions")];

pub struct Role {
    key: String,
    name: String,
    permissions: Vec<String>,
}

pub fn parse(sheet: &Sheet, problems: &mut Problems) -> Vec<Role> {
    sheet.parse("key", problems, |row| {
        let mut permissions: Vec<String> = row.cell("permissions").split_whitespace().map(ToOwned::to_owned).collect();
        permissions.sort();
        permissions.dedup();
        Role { key: row.key("key"), name: row.name("name"), permissions }
    })
}

impl Role {
    pub fn key(&self) -> &str {
        &self.key
    }
}

pub async fn write(writer: &mut Writer<'_>, sheet: &Sheet, roles: &[Role]) -> anyhow::Result<Counts> {
    let keys: Vec<&str> = roles.iter().map(Role::key).collect();
    let known = table::ids(writer.tx, Keyed::Roles, writer.environment_id, &keys).await?;
    for role in roles {
        let id = known.get(&role.key).copied().unwrap_or_else(|| writer.state.new_id());
        let row = RoleRow { id, environment_id: writer.environment_id, key: &role.key, name: &role.name };
        table::upsert_role(writer.tx, &row).await?;
        if sheet.has("permissions") {
            table::replace_permissions(writer.tx, id, &role.permissions).await?;
        }
        writer.advance(1);
    }
    Ok(Counts::of(roles.len(), known.len()))
}
