//! Answers of the database in memory, each as good as a new one: it is given only while nothing was committed since it was
//! read, by whichever process (see [`Db::epoch`]).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use super::db::{Db, DbError, Epoch};

/// Values by key, each with the epoch before it was read.
pub struct EpochMap<K, V> {
    entries: Mutex<HashMap<K, (Epoch, V)>>,
    most: usize,
}

impl<K: Eq + Hash, V: Clone> EpochMap<K, V> {
    /// With room for `most` values. Beyond, all are forgotten and read again when they are needed.
    pub fn new(most: usize) -> Self {
        Self { entries: Mutex::default(), most }
    }

    /// The value of `key`; `read` is asked only where none is kept that is still current.
    ///
    /// # Errors
    /// Those of `read`, and of asking the database whether anything was committed. No error is kept.
    pub async fn get<E: From<DbError>>(
        &self,
        db: &Db,
        key: K,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let epoch = db.epoch().await?;
        let known = self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((_, value)) = known.filter(|(then, _)| *then == epoch) {
            return Ok(value);
        }
        let value = read.await?;
        self.keep(key, epoch, value.clone());
        Ok(value)
    }

    fn keep(&self, key: K, epoch: Epoch, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two that were read at the same time the newer one stays.
        if entries.get(&key).is_some_and(|(known, _)| *known > epoch) {
            return;
        }
        if entries.len() >= self.most && !entries.contains_key(&key) {
            entries.clear();
        }
        entries.insert(key, (epoch, value));
    }
}
