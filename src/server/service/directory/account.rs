//! Accounts: customer organisations, and which applications each has.

mod edit;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::{Change, What};
use super::given::Given;
use super::writer::{Allowed, DirectoryWriter};
use crate::model::audit::action;
use crate::server::db::import::{self as table, AccountUpsert, Keyed, KnownAccount};
use crate::server::error::ServiceResult;

pub use edit::{assign, create, delete, rename, withdraw};

/// What an account is to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Account {
    /// The line of a file that says so.
    #[serde(default)]
    pub line: u64,
    /// The version that was seen; without one, whatever there is now is changed.
    #[serde(default)]
    pub version: Option<i64>,
    pub external_id: String,
    pub name: String,
    /// Client id, and whether it is the account's default.
    pub applications: Given<Vec<(String, bool)>>,
    pub created_at: Option<DateTime<Utc>>,
}

impl Account {
    /// The applications that are named.
    pub fn client_ids(&self) -> impl Iterator<Item = &str> {
        self.applications.set().map(Vec::as_slice).unwrap_or_default().iter().map(|(client_id, _)| client_id.as_str())
    }

    pub fn changes(&self, known: &KnownAccount) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.name != known.name {
            changes.push((What::Renamed, known.name.clone()));
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

pub async fn write(writer: &mut DirectoryWriter<'_>, accounts: &[Account]) -> ServiceResult<()> {
    let keys: Vec<&str> = accounts.iter().map(|account| account.external_id.as_str()).collect();
    let known = table::known_accounts(writer.tx, writer.environment_id, &keys).await?;
    let mut allowed: Vec<(Option<&KnownAccount>, Allowed<'_, Account>)> = Vec::with_capacity(accounts.len());
    for account in accounts {
        let before = known.get(&account.external_id);
        writer.require_new("external_id", &account.external_id, before.is_some())?;
        let compare = |row: &Account| before.map(|known| row.changes(known)).unwrap_or_default();
        allowed.push((before, writer.allowed(account, compare, |row, change| row.keep(change, before))));
    }
    let named = allowed.iter().flat_map(|(_, allowed)| allowed.row.client_ids());
    writer.learn(Keyed::Applications, named).await?;
    let mut faster = Vec::new();
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
        if !table::upsert_account(writer.tx, &row).await? {
            writer.require_new("external_id", &account.external_id, true)?;
            faster.push(account.clone().into_owned());
            continue;
        }
        let listed = match &account.applications {
            Given::Kept => None,
            Given::Cleared => Some(&[][..]),
            Given::Set(list) => Some(list.as_slice()),
        };
        if let Some(listed) = listed {
            let id_of = |(client_id, is_default): &(String, bool)| {
                Some((writer.id(Keyed::Applications, client_id)?, *is_default))
            };
            let assigned: Vec<_> = listed.iter().filter_map(id_of).collect();
            if before.is_some() {
                table::remove_assignments(writer.tx, id).await?;
            }
            table::add_assignments(writer.tx, id, &assigned).await?;
        }
        let made = writer.made(&account.name, action::ACCOUNT_CREATED).filter(|_| before.is_none());
        if let Some(event) = made {
            writer.record(event.in_account(id, &account.name, false)).await?;
        }
        for event in changes
            .iter()
            .filter_map(|change| writer.event(change, &account.name, action::ACCOUNT_CHANGED))
            .collect::<Vec<_>>()
        {
            writer.record(event.in_account(id, &account.name, false)).await?;
        }
        for change in left_out {
            let event = writer.leave_out(change, &account.name).in_account(id, &account.name, false);
            writer.record(event).await?;
        }
    }
    // What somebody else made a moment ago is known by now.
    if faster.is_empty() { Ok(()) } else { Box::pin(write(writer, &faster)).await }
}
