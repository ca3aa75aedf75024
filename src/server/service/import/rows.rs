//! A batch of rows of one kind: what can be done with it whatever the kind.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::references;
use super::read::{self, Entity, Item, Reading};
use super::{Kind, Reference, Source};
use crate::server::db::{Conn, import as table};
use crate::server::error::ServiceResult;
use crate::server::service::directory::account::{self, Account};
use crate::server::service::directory::application::{self, ApplicationEntry};
use crate::server::service::directory::change::Change;
use crate::server::service::directory::role::{self, RoleEntry};
use crate::server::service::directory::user::{self, User};
use crate::server::service::directory::writer::DirectoryWriter;

#[derive(Debug, Serialize, Deserialize)]
pub enum Rows {
    Roles(Vec<RoleEntry>),
    Applications(Vec<ApplicationEntry>),
    Accounts(Vec<Account>),
    Users(Vec<User>),
}

/// One row beside what is known.
pub struct Compared {
    pub line: u64,
    pub key: String,
    /// A new user whose address nobody calls verified.
    pub invited: bool,
    /// Nothing where it is new.
    pub changes: Option<Vec<Change>>,
    /// Column and sentence, where it cannot be.
    pub fault: Option<(&'static str, String)>,
}

/// Reads a file of whichever kind.
pub fn read(source: &Source, reading: &Reading, latest: DateTime<Utc>, emit: &mut dyn FnMut(Item) -> bool) {
    let (name, content) = (source.name.as_str(), source.content.clone());
    match source.kind {
        Kind::Roles => read::read::<RoleEntry>(name, content, reading, latest, emit),
        Kind::Applications => read::read::<ApplicationEntry>(name, content, reading, latest, emit),
        Kind::Accounts => read::read::<Account>(name, content, reading, latest, emit),
        Kind::Users => read::read::<User>(name, content, reading, latest, emit),
    }
}

impl Rows {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Roles(_) => Kind::Roles,
            Self::Applications(_) => Kind::Applications,
            Self::Accounts(_) => Kind::Accounts,
            Self::Users(_) => Kind::Users,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Roles(rows) => rows.len(),
            Self::Applications(rows) => rows.len(),
            Self::Accounts(rows) => rows.len(),
            Self::Users(rows) => rows.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn keys(&self) -> Vec<&str> {
        match self {
            Self::Roles(rows) => rows.iter().map(Entity::key).collect(),
            Self::Applications(rows) => rows.iter().map(Entity::key).collect(),
            Self::Accounts(rows) => rows.iter().map(Entity::key).collect(),
            Self::Users(rows) => rows.iter().map(Entity::key).collect(),
        }
    }

    /// How many users are said to be enrolled for a second factor.
    pub fn enrolled(&self) -> usize {
        match self {
            Self::Users(rows) => rows.iter().filter(|row| row.is_enrolled()).count(),
            Self::Roles(_) | Self::Applications(_) | Self::Accounts(_) => 0,
        }
    }

    /// What the rows refer to, each with the position of its row.
    pub fn references(&self) -> Vec<(usize, Reference<'_>)> {
        match self {
            Self::Roles(_) | Self::Applications(_) => Vec::new(),
            Self::Accounts(rows) => {
                rows.iter().enumerate().flat_map(|(at, row)| references(row).map(move |to| (at, to))).collect()
            }
            Self::Users(rows) => {
                rows.iter().enumerate().flat_map(|(at, row)| row.references().map(move |to| (at, to))).collect()
            }
        }
    }

    /// Keeps the rows at those positions only.
    pub fn retain(&mut self, keep: &mut dyn FnMut(usize) -> bool) {
        let mut at = 0;
        let mut next = || {
            at += 1;
            keep(at - 1)
        };
        match self {
            Self::Roles(rows) => rows.retain(|_| next()),
            Self::Applications(rows) => rows.retain(|_| next()),
            Self::Accounts(rows) => rows.retain(|_| next()),
            Self::Users(rows) => rows.retain(|_| next()),
        }
    }

    /// Leaves out, by position, rows on lines that refer to what is not there. Of a user whom several rows are about the
    /// others stay.
    pub fn leave_out(&mut self, missing: &HashMap<usize, HashSet<u64>>) {
        let none = HashSet::new();
        if let Self::Users(rows) = self {
            let mut at = 0;
            rows.retain_mut(|row| {
                at += 1;
                row.leave_out(missing.get(&(at - 1)).unwrap_or(&none))
            });
        } else {
            self.retain(&mut |at| !missing.contains_key(&at));
        }
    }

    pub async fn compare(&self, conn: &mut Conn, environment_id: Uuid) -> Result<Vec<Compared>, super::ImportError> {
        let keys = self.keys();
        let compared =
            |line, key: &str, changes| Compared { line, key: key.to_owned(), invited: false, changes, fault: None };
        Ok(match self {
            Self::Roles(rows) => {
                let known = table::known_roles(conn, environment_id, &keys).await?;
                let changes = |row: &RoleEntry| known.get(row.key()).map(|known| row.changes(known));
                rows.iter().map(|row| compared(row.line, row.key(), changes(row))).collect()
            }
            Self::Applications(rows) => {
                let known = table::known_applications(conn, environment_id, &keys).await?;
                let changes = |row: &ApplicationEntry| known.get(row.key()).map(|known| row.changes(known));
                rows.iter().map(|row| compared(row.line, row.key(), changes(row))).collect()
            }
            Self::Accounts(rows) => {
                let known = table::known_accounts(conn, environment_id, &keys).await?;
                let changes = |row: &Account| known.get(row.key()).map(|known| row.changes(known));
                rows.iter().map(|row| compared(row.line, row.key(), changes(row))).collect()
            }
            Self::Users(rows) => {
                let known = table::known_users(conn, environment_id, &keys, false).await?;
                let one = |row: &User| {
                    let known = known.get(row.key());
                    let changes = known.map(|known| row.changes(known));
                    let invited = known.is_none() && !row.is_verified();
                    Compared { invited, fault: row.fault(known), ..compared(row.line, row.key(), changes) }
                };
                rows.iter().map(one).collect()
            }
        })
    }

    pub async fn write(&self, writer: &mut DirectoryWriter<'_>) -> ServiceResult<()> {
        match self {
            Self::Roles(rows) => role::write(writer, rows).await,
            Self::Applications(rows) => application::write(writer, rows).await,
            Self::Accounts(rows) => account::write(writer, rows).await,
            Self::Users(rows) => user::write(writer, rows).await.map(|_| ()),
        }
    }
}
