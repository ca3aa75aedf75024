//! roles.csv: what a membership may be, and which permissions that adds up to.

use super::Rows;
use super::read::Entity;
use super::row::{Column, Row, optional, required};
use crate::server::service::directory::role::RoleEntry;

const COLUMNS: &[Column] = &[
    required("key", "admin", "the key: 1 to 100 letters, digits, dots, _ and -"),
    required("name", "Administrator", "1 to 200 characters"),
    optional("permissions", "account.audit.read orders.read", "separated by spaces").listed(' '),
];

impl Entity for RoleEntry {
    const COLUMNS: &'static [Column] = COLUMNS;
    const KEY: &'static str = "key";
    const BATCH: usize = 100;

    fn parse(row: &mut Row<'_>) -> Self {
        Self {
            line: row.line,
            version: None,
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
