//! Environments, applications and keys in memory: read far more often than written, and never older than the database.
//!
//! What is kept belongs to one version of the configuration, which the database counts by triggers. Before each use the
//! database is asked whether anything was committed since (see [`Db::epoch`]), and only then for the version; another
//! server's change is seen at the next request.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::RwLock;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use uuid::Uuid;

use crate::model::application::RedirectKind;
use crate::server::crypto::keyring::EnvironmentKeys;
use crate::server::db::{Db, DbResult, Epoch, configuration};
use crate::server::domain::application::Application;
use crate::server::domain::environment::Environment;

/// Rows of one kind at most, or about as many. Beyond, those go that are asked for least.
const MOST: usize = 10_000;

#[derive(Default)]
pub struct Configuration(RwLock<Option<Current>>);

#[derive(Clone)]
struct Current {
    epoch: Epoch,
    version: i64,
    known: Arc<ConfigurationSnapshot>,
}

/// Applications by origin.
pub type ApplicationsByOrigin = HashMap<String, Vec<Arc<Application>>>;

/// What is known of one version of the configuration, read as it was needed.
#[derive(Default)]
pub struct ConfigurationSnapshot {
    pub environments: RowCache<String, Arc<Environment>>,
    /// All environments with host names of their own, by these.
    pub hosts: RowCache<(), Arc<HashMap<String, Arc<Environment>>>>,
    /// By environment and client id.
    pub applications: RowCache<(Uuid, String), Arc<Application>>,
    /// By application, each with its kind.
    pub redirect_uris: RowCache<Uuid, Arc<HashSet<(RedirectKind, String)>>>,
    /// Of all applications of an environment.
    pub origins: RowCache<Uuid, Arc<HashSet<String>>>,
    /// The applications that run at each origin of an environment.
    pub pages: RowCache<Uuid, Arc<ApplicationsByOrigin>>,
    pub keys: RowCache<Uuid, EnvironmentKeys>,
}

impl Configuration {
    /// What is known now. It holds nothing that was changed before this call.
    pub async fn now(&self, db: &Db) -> DbResult<Arc<ConfigurationSnapshot>> {
        let epoch = db.epoch().await?;
        let current = self.0.read().clone();
        if let Some(current) = current.as_ref().filter(|current| current.epoch == epoch) {
            return Ok(current.known.clone());
        }
        let mut conn = db.read().await?;
        // Read after the epoch: it may be newer than that, never older.
        let version = configuration::version(&mut conn).await?;
        let known = match current {
            Some(current) if current.version == version => current.known,
            _ => Arc::default(),
        };
        let next = Current { epoch, version, known: known.clone() };
        *self.0.write() = Some(next);
        Ok(known)
    }
}

/// Rows by key, of those that were found. What is not there is asked for again: strangers cannot fill the memory.
pub struct RowCache<K, V>(Cache<K, V>);

impl<K: Eq + Hash, V: Clone> Default for RowCache<K, V> {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl<K: Eq + Hash, V: Clone> RowCache<K, V> {
    pub fn get<Q: Equivalent<K> + Hash + ?Sized>(&self, key: &Q) -> Option<V> {
        self.0.get(key)
    }

    /// Keeps what was read, and gives it back.
    pub fn keep(&self, key: K, row: V) -> V {
        self.0.insert(key, row.clone());
        row
    }
}
