//! accounts.csv: customer organisations, and which applications each has.

use chrono::{DateTime, Utc};

use super::sheet::{Column, Problems, Row, Sheet, optional, required};
use super::{Counts, Kind, Reference, Writer};
use crate::server::db::import::{self as table, AccountUpsert, Keyed};

pub const COLUMNS: &[Column] =
    &[required("external_id"), required("name"), optional("applications"), optional("created_at")];

pub struct Account {
    line: u64,
    external_id: String,
    name: String,
    /// Client id, and whether it is the account's default.
    applications: Vec<(String, bool)>,
    created_at: Option<DateTime<Utc>>,
}

pub fn parse(sheet: &Sheet, problems: &mut Problems) -> Vec<Account> {
    sheet.parse("external_id", problems, |row| Account {
        line: row.line,
        external_id: row.key("external_id"),
        name: row.name("name"),
        applications: applications(row),
        created_at: row.time("created_at"),
    })
}

/// `northwind-console*;reports`: separated by semicolons, the default one with a star.
fn applications(row: &mut Row<'_>) -> Vec<(String, bool)> {
    const COLUMN: &str = "applications";
    let mut applications: Vec<(String, bool)> = Vec::new();
    let cell = row.cell(COLUMN).to_owned();
    for part in cell.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (client_id, is_default) = part.strip_suffix('*').map_or((part, false), |part| (part.trim(), true));
        if applications.iter().any(|(known, _)| known == client_id) {
            row.problem(COLUMN, format!("{client_id:?} is there twice"));
        }
        if is_default && applications.iter().any(|(_, is_default)| *is_default) {
            row.problem(COLUMN, "has more than one default (*)");
        }
        applications.push((client_id.to_owned(), is_default));
    }
    applications
}

impl Account {
    pub fn key(&self) -> &str {
        &self.external_id
    }

    pub fn references(&self) -> impl Iterator<Item = Reference<'_>> {
        self.applications.iter().map(|(client_id, _)| Reference {
            line: self.line,
            column: "applications",
            kind: Kind::Applications,
            key: client_id,
        })
    }
}

pub async fn write(writer: &mut Writer<'_>, sheet: &Sheet, accounts: &[Account]) -> anyhow::Result<Counts> {
    let keys: Vec<&str> = accounts.iter().map(Account::key).collect();
    let known = table::ids(writer.tx, Keyed::Accounts, writer.environment_id, &keys).await?;
    let applications = writer.referenced(Kind::Applications, accounts.iter().flat_map(Account::references)).await?;
    for account in accounts {
        let id = known.get(&account.external_id).copied().unwrap_or_else(|| writer.state.new_id());
        let row = AccountUpsert {
            id,
            environment_id: writer.environment_id,
            external_id: &account.external_id,
            name: &account.name,
            created_at: account.created_at.unwrap_or(writer.now),
        };
        table::upsert_account(writer.tx, &row).await?;
        if sheet.has("applications") {
            let assigned: Vec<_> = account
                .applications
                .iter()
                .filter_map(|(client_id, is_default)| Some((*applications.get(client_id)?, *is_default)))
                .collect();
            table::replace_assignments(writer.tx, id, &assigned).await?;
        }
        writer.advance(1);
    }
    Ok(Counts::of(accounts.len(), known.len()))
}
