//! Answers of the database in memory, each as good as a new one: it is given only while nothing was committed since it was
//! read, by whichever process (see [`Db::epoch`]), and while the passing of time alone does not change it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::server::db::{Db, DbError, Epoch};

pub use crate::server::db::{forget_request, in_request};

/// Values by key.
pub struct EpochMap<K, V> {
    entries: Mutex<HashMap<K, Kept<V>>>,
    most: usize,
}

#[derive(Clone)]
struct Kept<V> {
    /// Before the value was read.
    epoch: Epoch,
    /// When it was read, and when it ends being true without a commit.
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    value: V,
}

impl<V> Kept<V> {
    /// Clocks may be set back.
    fn is_of(&self, now: DateTime<Utc>) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }
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
        self.get_at(DateTime::<Utc>::MIN_UTC, db, key, async { Ok((read.await?, None)) }).await
    }

    /// [`Self::get`] of what changes as time passes: `read` gives the value of `now`, and from when on it is another one.
    ///
    /// # Errors
    /// Those of [`Self::get`].
    pub async fn get_at<E: From<DbError>>(
        &self,
        now: DateTime<Utc>,
        db: &Db,
        key: K,
        read: impl Future<Output = Result<(V, Option<DateTime<Utc>>), E>>,
    ) -> Result<V, E> {
        let epoch = db.epoch().await?;
        let known = self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(kept) = known.filter(|kept| kept.epoch == epoch && kept.is_of(now)) {
            return Ok(kept.value);
        }
        let (value, until) = read.await?;
        self.keep(key, Kept { epoch, from: now, until, value: value.clone() });
        Ok(value)
    }

    fn keep(&self, key: K, kept: Kept<V>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two that were read at the same time the newer one stays.
        if entries.get(&key).is_some_and(|known| known.epoch > kept.epoch) {
            return;
        }
        if entries.len() >= self.most && !entries.contains_key(&key) {
            entries.clear();
        }
        entries.insert(key, kept);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::Kept;

    #[test]
    fn what_is_kept_is_true_from_when_it_was_read_until_it_changes_by_itself() {
        let read = DateTime::UNIX_EPOCH;
        let kept = |until| Kept { epoch: 1, from: read, until, value: () };
        let minute = TimeDelta::minutes(1);
        assert!(kept(Some(read + minute)).is_of(read));
        assert!(!kept(Some(read + minute)).is_of(read + minute));
        assert!(kept(None).is_of(read + minute));
        // A clock that was set back: what had ended by then may not have ended now.
        assert!(!kept(None).is_of(read - minute));
    }
}
