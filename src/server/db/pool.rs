//! The connections to the database.

use super::{Db, Store};

/// Connections to a database, on SQLite those for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    pub used: usize,
    pub idle: usize,
    pub most: usize,
}

impl Db {
    /// The connections that there are now.
    pub fn pool(&self) -> Pool {
        match &self.store {
            Store::Sqlite(sqlite) => sqlite.pool(),
            Store::Postgres(pool) => {
                let (idle, open) = (pool.num_idle(), pool.size() as usize);
                Pool { used: open.saturating_sub(idle), idle, most: pool.options().get_max_connections() as usize }
            }
        }
    }
}
