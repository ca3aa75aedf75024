//! accounts.csv: customer organisations, and which applications each has.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::{Change, What};
use super::problem::quoted;
use super::read::Entity;
use super::row::{Column, Given, Row, optional, required};
use super::writer::Allowed;
use super::{Kind, Reference, Rows, Writer};
use crate::server::db::import::{self as table, AccountUpsert, KnownAccount};
use crate::server::service::audit::Event;

const COLUMNS: &[Column] = &[
    required("external_id", "northwind", "the key: 1 to 100 letters, digits, dots, _ and -"),
    required("name", "Northwind Traders", "1 to 200 characters"),
    optional("applications", "northwind-console*", "client ids; the star marks the account's default application")
        .listed(';'),
    optional("created_at", "2024-03-02", "of a new account"),
];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    line: u64,
    external_id: String,
    name: String,
    /// Client id, and whether it is the account's default.
    applications: Given<Vec<(String, bool)>>,
    created_at: Option<DateTime<Utc>>,
}

impl Entity for Account {
    const COLUMNS: &'static [Column] = COLUMNS;
    const KEY: &'static str = "external_id";
    const BATCH: usize = 100;

    fn parse(row: &mut Row<'_>) -> Self {
        Self {
            line: row.line,
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

impl Account {
    pub fn line(&self) -> u64 {
        self.line
    }

    pub fn references(&self) -> impl Iterator<Item = Reference<'_>> {
        self.applications.set().map(Vec::as_slice).unwrap_or_default().iter().map(|(client_id, _)| Reference {
            line: self.line,
            column: "applications",
            kind: Kind::Applications,
            key: client_id,
        })
    }

    pub fn changes(&self, known: &KnownAccount) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.name != known.name {
            changes.push((What::Renamed, String::new()));
        }
        let listed = match &self.applications {
            Given::Kept => return changes,
            Given::Cleared => &[][..],
            Given::Set(list) => list,
        };
        for (client_id, _) in
            listed.iter().filter(|(client_id, _)| !known.applications.iter().any(|(k, _)| k == client_id))
        {
            changes.push((What::ApplicationAssigned, client_id.clone()));
        }
        for (client_id, _) in
            known.applications.iter().filter(|(client_id, _)| !listed.iter().any(|(l, _)| l == client_id))
        {
            changes.push((What::ApplicationWithdrawn, client_id.clone()));
        }
        let default = |list: &[(String, bool)]| list.iter().find(|(_, is)| *is).map(|(client_id, _)| client_id.clone());
        if default(listed) != default(&known.applications) {
            changes.push((What::DefaultApplication, String::new()));
        }
        changes
    }
}

impl Account {
    /// Takes out of the row what makes a change that nobody allowed.
    fn keep(&mut self, (what, about): &Change, known: Option<&KnownAccount>) {
        if *what != What::ApplicationWithdrawn {
            return;
        }
        let held = known.and_then(|known| known.applications.iter().find(|(client_id, _)| client_id == about));
        let mut listed = self.applications.over(None).unwrap_or_default();
        let is_default = held.is_some_and(|(_, is_default)| *is_default) && !listed.iter().any(|(_, is)| *is);
        listed.push((about.clone(), is_default));
        self.applications = Given::Set(listed);
    }
}

pub async fn write(writer: &mut Writer<'_>, accounts: &[Account]) -> anyhow::Result<()> {
    let keys: Vec<&str> = accounts.iter().map(Entity::key).collect();
    let known = table::known_accounts(writer.tx, writer.environment_id, &keys).await?;
    let allowed = |account| {
        let before = known.get(Account::key(account));
        let compare = |row: &Account| before.map(|known| row.changes(known)).unwrap_or_default();
        (before, writer.allowed(account, compare, |row, change| row.keep(change, before)))
    };
    let allowed: Vec<(Option<&KnownAccount>, Allowed<'_, Account>)> = accounts.iter().map(allowed).collect();
    let references: Vec<_> = allowed.iter().flat_map(|(_, allowed)| allowed.row.references()).collect();
    writer.learn(Kind::Applications, &references).await?;
    for (before, Allowed { row: account, changes, left_out }) in &allowed {
        if before.is_some() && changes.is_empty() && left_out.is_empty() {
            continue;
        }
        let id = before.map_or_else(|| writer.state.new_id(), |known| known.id);
        let row = AccountUpsert {
            id,
            environment_id: writer.environment_id,
            external_id: &account.external_id,
            name: &account.name,
            created_at: account.created_at.unwrap_or(writer.now),
        };
        table::upsert_account(writer.tx, &row).await?;
        let listed = match &account.applications {
            Given::Kept => None,
            Given::Cleared => Some(&[][..]),
            Given::Set(list) => Some(list.as_slice()),
        };
        if let Some(listed) = listed {
            let id_of = |(client_id, is_default): &(String, bool)| {
                Some((writer.id(Kind::Applications, client_id)?, *is_default))
            };
            let assigned: Vec<_> = listed.iter().filter_map(id_of).collect();
            table::replace_assignments(writer.tx, id, &assigned).await?;
        }
        for (what, about) in changes {
            let Some((action, severity)) = what.facts().event else { continue };
            let sentence = format!("{} by an import", what.sentence(&account.name, about));
            let event =
                Event::new(writer.environment_id, action, severity, sentence).in_account(id, &account.name, false);
            writer.record(event).await?;
        }
        for change in left_out {
            let event = writer.leave_out(change, &account.name).in_account(id, &account.name, false);
            writer.record(event).await?;
        }
    }
    Ok(())
}
