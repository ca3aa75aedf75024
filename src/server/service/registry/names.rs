//! The names of accounts and applications as they stand beside others: where an environment has several of one name, with the
//! external id or the client id.

use std::collections::HashMap;

use uuid::Uuid;

use crate::server::db::names::{NamedTable, of_equal_names};
use crate::server::db::{Conn, DbResult};
use crate::server::domain::session::Session;
use crate::server::platform::text::isolated;

/// What tells those apart that share their names, by id.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<Uuid, String>);

impl Names {
    /// Of these accounts and these applications.
    pub async fn of(
        conn: &mut Conn,
        accounts: impl IntoIterator<Item = Uuid>,
        applications: impl IntoIterator<Item = Uuid>,
    ) -> DbResult<Self> {
        let mut keys = of_equal_names(conn, NamedTable::Accounts, &once_each(accounts)).await?;
        keys.extend(of_equal_names(conn, NamedTable::Applications, &once_each(applications)).await?);
        Ok(Self(keys))
    }

    /// Of these accounts alone.
    pub async fn of_accounts(conn: &mut Conn, accounts: impl IntoIterator<Item = Uuid>) -> DbResult<Self> {
        Self::of(conn, accounts, []).await
    }

    /// Of where these sessions are.
    pub async fn of_sessions(conn: &mut Conn, sessions: &[Session]) -> DbResult<Self> {
        let accounts = sessions.iter().filter_map(|session| session.account_id);
        Self::of(conn, accounts, sessions.iter().filter_map(|session| session.application_id)).await
    }

    pub fn told_apart(&self, id: Option<Uuid>, name: String) -> String {
        told_apart(name, id.and_then(|id| self.0.get(&id)).map(String::as_str))
    }

    /// The same for a sentence that is kept: names are isolated in it when it is shown.
    pub fn written(&self, id: Option<Uuid>, name: &str) -> String {
        let key = id.and_then(|id| self.0.get(&id));
        written(name, key.is_some(), key.map_or("", String::as_str))
    }

    /// The account in which the session is.
    pub fn account_of(&self, session: &Session) -> Option<String> {
        session.account_name.clone().map(|name| self.told_apart(session.account_id, name))
    }

    /// The application in which the session is.
    pub fn application_of(&self, session: &Session) -> Option<String> {
        session.application_name.clone().map(|name| self.told_apart(session.application_id, name))
    }
}

/// A name, with its `key` where others share it.
pub fn told_apart(name: String, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("{} ({key})", isolated(&name)),
        None => name,
    }
}

/// A name in a sentence that is kept, with its `key` where others share it.
pub fn written(name: &str, is_shared: bool, key: &str) -> String {
    if is_shared { format!("{name} ({key})") } else { name.to_owned() }
}

fn once_each(ids: impl IntoIterator<Item = Uuid>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = ids.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
