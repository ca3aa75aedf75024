//! Sessions in memory, for the endpoints that applications ask at each of their own requests: introspection and userinfo.
//!
//! Nothing is answered from here without asking the database first whether anything was committed since the rows were
//! read (see [`Db::epoch`]): revocation is felt at the next call, on this server and on every other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use crate::server::db::{Db, Epoch, credential, session};
use crate::server::domain::session::Session;
use crate::server::domain::subject::Subject;
use crate::server::error::ServiceResult;

/// Sessions at most; beyond, all are forgotten and read again when they are needed.
const MOST: usize = 4096;

#[derive(Default)]
pub struct SessionCache(Mutex<HashMap<Uuid, Entry>>);

/// A session as it was when the database was at `epoch`, or newer.
#[derive(Clone)]
struct Entry {
    epoch: Epoch,
    session: Arc<Seen>,
    /// By application: its view of the user, if it has one.
    subjects: Vec<(Uuid, Option<Arc<Subject>>)>,
}

pub struct Seen {
    pub standing: Session,
    revoked_families: Vec<Uuid>,
}

impl Seen {
    pub fn is_revoked(&self, family_id: Option<Uuid>) -> bool {
        family_id.is_some_and(|family_id| self.revoked_families.contains(&family_id))
    }
}

impl SessionCache {
    /// The session, whether it may go on or not.
    pub async fn session(&self, db: &Db, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Arc<Seen>>> {
        Ok(self.entry(db, environment_id, id).await?.map(|entry| entry.session))
    }

    /// The session's user as an application sees it; `None` where the user has no business there. `read` is asked only where
    /// that is not known.
    pub async fn subject(
        &self,
        db: &Db,
        environment_id: Uuid,
        id: Uuid,
        application_id: Uuid,
        read: impl AsyncFnOnce(Session) -> ServiceResult<Option<Subject>>,
    ) -> ServiceResult<Option<Arc<Subject>>> {
        let Some(mut entry) = self.entry(db, environment_id, id).await? else { return Ok(None) };
        if let Some((_, subject)) = entry.subjects.iter().find(|(known, _)| *known == application_id) {
            return Ok(subject.clone());
        }
        let subject = read(entry.session.standing.clone()).await?.map(Arc::new);
        entry.subjects.push((application_id, subject.clone()));
        self.keep(id, entry);
        Ok(subject)
    }

    async fn entry(&self, db: &Db, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Entry>> {
        let epoch = db.epoch().await?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(entry) = known.filter(|entry| entry.epoch == epoch) {
            return Ok(Some(entry).filter(|entry| entry.session.standing.environment_id == environment_id));
        }
        let mut conn = db.read().await?;
        let Some(standing) = session::standing(&mut conn, environment_id, id).await? else { return Ok(None) };
        let revoked_families = credential::revoked_families(&mut conn, id).await?;
        drop(conn);
        let session = Arc::new(Seen { standing, revoked_families });
        let entry = Entry { epoch, session, subjects: Vec::new() };
        self.keep(id, entry.clone());
        Ok(Some(entry))
    }

    fn keep(&self, id: Uuid, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two that were read at the same time the newer one stays.
        if entries.get(&id).is_some_and(|known| known.epoch > entry.epoch) {
            return;
        }
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert(id, entry);
    }
}
