//! Answers of the database in memory, each as good as a new one: it is given only while nothing was committed since it was
//! read, by whichever process (see [`Db::epoch`]), and while the passing of time alone does not change it.

use std::hash::Hash;

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;

use crate::server::db::{Db, DbError, Epoch};

pub use crate::server::db::{forget_request, in_request};

/// Values by key. Where there are too many, those go that are asked for least: whoever makes up keys drives out the others'
/// made up ones, and not what is in use.
pub struct EpochMap<K, V>(Cache<K, Kept<V>>);

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
    /// With room for about `most` values.
    pub fn new(most: usize) -> Self {
        Self(Cache::new(most))
    }

    /// The value of `key`; `read` is asked only where none is kept that is still current.
    ///
    /// # Errors
    /// Those of `read`, and of asking the database whether anything was committed. No error is kept.
    pub async fn get<E: From<DbError>, F: Future<Output = Result<V, E>>>(
        &self,
        db: &Db,
        key: K,
        read: impl FnOnce() -> F,
    ) -> Result<V, E> {
        self.get_at(DateTime::<Utc>::MIN_UTC, db, key, || async { Ok((read().await?, None)) }).await
    }

    /// [`Self::get`] of what changes as time passes: `read` gives the value of `now`, and from when on it is another one.
    ///
    /// # Errors
    /// Those of [`Self::get`].
    pub async fn get_at<E: From<DbError>, F: Future<Output = Result<(V, Option<DateTime<Utc>>), E>>>(
        &self,
        now: DateTime<Utc>,
        db: &Db,
        key: K,
        read: impl FnOnce() -> F,
    ) -> Result<V, E> {
        let epoch = db.epoch().await?;
        if let Some(value) = self.current(&key, epoch, now) {
            return Ok(value);
        }
        // On the heap: what is kept already is answered by a future that is small to move.
        let (value, until) = Box::pin(read()).await?;
        self.keep(key, Kept { epoch, from: now, until, value: value.clone() });
        Ok(value)
    }

    /// [`Self::get`] of what may not be there, which is then asked for again: strangers can make up as many keys as they like.
    ///
    /// # Errors
    /// Those of [`Self::get`].
    pub async fn get_found<E: From<DbError>, F: Future<Output = Result<Option<V>, E>>>(
        &self,
        db: &Db,
        key: K,
        read: impl FnOnce() -> F,
    ) -> Result<Option<V>, E> {
        let now = DateTime::<Utc>::MIN_UTC;
        let epoch = db.epoch().await?;
        if let Some(value) = self.current(&key, epoch, now) {
            return Ok(Some(value));
        }
        let found = Box::pin(read()).await?;
        if let Some(value) = &found {
            self.keep(key, Kept { epoch, from: now, until: None, value: value.clone() });
        }
        Ok(found)
    }

    /// Keeps what was read after `epoch` was looked at, for whoever asks for it next.
    pub fn put(&self, epoch: Epoch, key: K, value: V) {
        self.keep(key, Kept { epoch, from: DateTime::<Utc>::MIN_UTC, until: None, value });
    }

    fn current(&self, key: &K, epoch: Epoch, now: DateTime<Utc>) -> Option<V> {
        let kept = self.0.get(key).filter(|kept| kept.epoch == epoch && kept.is_of(now))?;
        Some(kept.value)
    }

    /// Of two that were read at the same time the newer one stays. Where that is missed, the older one is not current and is
    /// read again.
    fn keep(&self, key: K, kept: Kept<V>) {
        if self.0.peek(&key).is_none_or(|known| known.epoch <= kept.epoch) {
            self.0.insert(key, kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::{EpochMap, Kept};

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

    fn kept(epoch: u64, value: u32) -> Kept<u32> {
        Kept { epoch, from: DateTime::UNIX_EPOCH, until: None, value }
    }

    #[test]
    fn a_crowd_of_keys_drives_out_others_like_it_and_not_what_is_in_use() {
        let map = EpochMap::new(256);
        for key in 0..10_000 {
            map.keep(key, kept(1, key));
            // In use all the time.
            assert_eq!(map.current(&0, 1, DateTime::UNIX_EPOCH), Some(0), "at {key}");
        }
        assert!((128..=256).contains(&map.0.len()), "{}", map.0.len());
    }

    #[test]
    fn of_two_that_were_read_at_once_the_newer_one_stays_and_is_of_its_own_epoch_alone() {
        let map = EpochMap::new(256);
        map.keep("a", kept(2, 20));
        map.keep("a", kept(1, 10));
        let current = |epoch| map.current(&"a", epoch, DateTime::UNIX_EPOCH);
        assert_eq!([current(1), current(2), current(3)], [None, Some(20), None]);
    }
}
