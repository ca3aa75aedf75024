//! Accounts: customer organisations, and which applications each has.

mod edit;
mod read;
pub mod sizes;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::{Change, What};
use super::given::Given;
use super::writer::{Allowed, DirectoryWriter};
use crate::model::audit::action;
use crate::server::db::application;
use crate::server::db::import::{self as table, AccountUpsert, Assignment, Keyed, KnownAccount};
use crate::server::error::ServiceResult;

pub use edit::{assign, create, delete, rename, withdraw};
pub use read::{get, list, log, removal, sessions};

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

/// One account on the way into the database.
struct Going<'a> {
    before: Option<&'a KnownAccount>,
    id: Uuid,
    allowed: Allowed<'a, Account>,
}

impl Going<'_> {
    fn row<'r>(&'r self, writer: &DirectoryWriter<'_>) -> AccountUpsert<'r> {
        AccountUpsert {
            id: self.id,
            environment_id: writer.environment_id,
            external_id: &self.allowed.row.external_id,
            name: &self.allowed.row.name,
            created_at: self.allowed.row.created_at.unwrap_or(writer.now),
        }
    }

    /// The applications that are named, where the row says something about them. A new account of which nothing is said has
    /// those that every new one gets.
    fn assignments(&self, writer: &DirectoryWriter<'_>, of_new: &[(Uuid, bool)]) -> Option<Vec<Assignment>> {
        let listed = match &self.allowed.row.applications {
            Given::Kept if self.before.is_none() => {
                let assignment = |(application_id, is_default): &(Uuid, bool)| Assignment {
                    account_id: self.id,
                    application_id: *application_id,
                    is_default: *is_default,
                };
                return Some(of_new.iter().map(assignment).collect());
            }
            Given::Kept => return None,
            Given::Cleared => &[][..],
            Given::Set(list) => list.as_slice(),
        };
        let assignment = |(client_id, is_default): &(String, bool)| {
            let application_id = writer.id(Keyed::Applications, client_id)?;
            Some(Assignment { account_id: self.id, application_id, is_default: *is_default })
        };
        Some(listed.iter().filter_map(assignment).collect())
    }
}

pub async fn write(writer: &mut DirectoryWriter<'_>, accounts: &[Account]) -> ServiceResult<()> {
    let keys: Vec<&str> = accounts.iter().map(|account| account.external_id.as_str()).collect();
    let known = table::known_accounts(writer.tx, writer.environment_id, &keys).await?;
    let mut going: Vec<Going<'_>> = Vec::with_capacity(accounts.len());
    for account in accounts {
        let before = known.get(&account.external_id);
        writer.require_new("external_id", &account.external_id, before.is_some())?;
        let compare = |row: &Account| before.map(|known| row.changes(known)).unwrap_or_default();
        let allowed = writer.allowed(account, compare, |row, change| row.keep(change, before));
        if before.is_none() || !allowed.changes.is_empty() || !allowed.left_out.is_empty() {
            let id = before.map_or_else(|| writer.state.new_id(), |known| known.id);
            going.push(Going { before, id, allowed });
        }
    }
    let named = going.iter().flat_map(|one| one.allowed.row.client_ids());
    writer.learn(Keyed::Applications, named).await?;
    let faster = write_rows(writer, &mut going).await?;
    let mut assignments = Vec::new();
    let of_new = match going.iter().any(|one| one.before.is_none() && one.allowed.row.applications == Given::Kept) {
        true => application::of_new_accounts(writer.tx, writer.environment_id).await?,
        false => Vec::new(),
    };
    for one in &going {
        let Some(more) = one.assignments(writer, &of_new) else { continue };
        if one.before.is_some() {
            table::remove_assignments(writer.tx, one.id).await?;
        }
        assignments.extend(more);
    }
    table::add_assignments(writer.tx, &assignments).await?;
    for one in &going {
        report(writer, one).await?;
    }
    // What somebody else made a moment ago is known by now.
    if faster.is_empty() { Ok(()) } else { Box::pin(write(writer, &faster)).await }
}

/// Makes those that are new and writes the others. Takes out, and gives, those whose key another has by now.
async fn write_rows(writer: &mut DirectoryWriter<'_>, going: &mut Vec<Going<'_>>) -> ServiceResult<Vec<Account>> {
    let mut theirs: HashSet<Uuid> = HashSet::new();
    let new = going.iter().filter(|one| one.before.is_none());
    let made: Vec<AccountUpsert<'_>> = new.map(|one| one.row(writer)).collect();
    if table::insert_accounts(writer.tx, &made).await? < made.len() as u64 {
        let keys: Vec<&str> = made.iter().map(|row| row.external_id).collect();
        let stored = table::known_accounts(writer.tx, writer.environment_id, &keys).await?;
        let is_own = |row: &&AccountUpsert<'_>| stored.get(row.external_id).is_some_and(|stored| stored.id == row.id);
        theirs.extend(made.iter().filter(|row| !is_own(row)).map(|row| row.id));
    }
    for one in going.iter().filter(|one| one.before.is_some()) {
        if !table::upsert_account(writer.tx, &one.row(writer)).await? {
            theirs.insert(one.id);
        }
    }
    let faster: Vec<Going<'_>> = going.extract_if(.., |one| theirs.contains(&one.id)).collect();
    for one in &faster {
        writer.require_new("external_id", &one.allowed.row.external_id, true)?;
    }
    Ok(faster.into_iter().map(|one| one.allowed.row.into_owned()).collect())
}

async fn report(writer: &mut DirectoryWriter<'_>, one: &Going<'_>) -> ServiceResult<()> {
    let Allowed { row: account, changes, left_out } = &one.allowed;
    let made = writer.made(&account.name, action::ACCOUNT_CREATED).filter(|_| one.before.is_none());
    let changed = changes.iter().filter_map(|change| writer.event(change, &account.name, action::ACCOUNT_CHANGED));
    for event in made.into_iter().chain(changed).collect::<Vec<_>>() {
        writer.record(event.in_account(one.id, &account.name, false)).await?;
    }
    for change in left_out {
        let event = writer.leave_out(change, &account.name).in_account(one.id, &account.name, false);
        writer.record(event).await?;
    }
    Ok(())
}
