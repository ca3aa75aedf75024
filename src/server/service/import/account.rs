//! accounts.csv: customer organisations, and which applications each has.

use super::problem::quoted;
use super::read::Entity;
use super::row::{Column, Row, optional, required};
use super::{Kind, Reference, Rows};
use crate::server::service::directory::account::Account;
use crate::server::service::directory::given::Given;

const COLUMNS: &[Column] = &[
    required("external_id", "northwind", "the key: 1 to 100 letters, digits, dots, _ and -"),
    required("name", "Northwind Traders", "1 to 200 characters"),
    optional("applications", "northwind-console*", "client ids; the star marks the account's default application")
        .listed(';'),
    optional("created_at", "2024-03-02", "of a new account"),
];

impl Entity for Account {
    const COLUMNS: &'static [Column] = COLUMNS;
    const KEY: &'static str = "external_id";
    const BATCH: usize = 100;

    fn parse(row: &mut Row<'_>) -> Self {
        Self {
            line: row.line,
            version: None,
            external_id: row.key("external_id"),
            name: row.name("name").unwrap_or_default(),
            applications: applications(row),
            created_at: row.time("created_at"),
        }
    }

    fn key(&self) -> &str {
        &self.external_id
    }

    fn rows(batch: Vec<Self>) -> Rows {
        Rows::Accounts(batch)
    }
}

/// `northwind-console*;reports`: separated by semicolons, the default one with a star.
fn applications(row: &mut Row<'_>) -> Given<Vec<(String, bool)>> {
    const COLUMN: &str = "applications";
    let cell = match row.text(COLUMN) {
        Given::Kept => return Given::Kept,
        Given::Cleared => return Given::Cleared,
        Given::Set(cell) => cell,
    };
    let mut applications: Vec<(String, bool)> = Vec::new();
    for part in cell.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (client_id, is_default) = part.strip_suffix('*').map_or((part, false), |part| (part.trim(), true));
        if applications.iter().any(|(known, _)| known == client_id) {
            row.problem(COLUMN, format!("{} is there twice", quoted(client_id)));
        }
        if is_default && applications.iter().any(|(_, is_default)| *is_default) {
            row.problem(COLUMN, "has more than one default (*)");
        }
        applications.push((client_id.to_owned(), is_default));
    }
    Given::Set(applications)
}

/// What an account refers to.
pub fn references(account: &Account) -> impl Iterator<Item = Reference<'_>> {
    account.client_ids().map(|client_id| Reference {
        line: account.line,
        column: "applications",
        kind: Kind::Applications,
        key: client_id,
    })
}
