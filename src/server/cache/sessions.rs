//! Sessions in memory, for the endpoints that applications ask at each of their own requests: introspection and userinfo.
//!
//! Nothing is answered from here without asking the database first whether anything was committed since the rows were
//! read (see [`Db::epoch`]): revocation is felt at the next call, on this server and on every other.

use std::sync::Arc;

use uuid::Uuid;

use super::epoch_map::EpochMap;
use crate::server::db::{Db, credential, session};
use crate::server::domain::session::Session;
use crate::server::domain::subject::Subject;
use crate::server::error::{ServiceError, ServiceResult};

/// Sessions at most.
const MOST: usize = 4096;
/// Views of their users at most: a session is seen by one application, or by a few.
const MOST_VIEWS: usize = 2 * MOST;

pub struct SessionCache {
    sessions: EpochMap<Uuid, Arc<CachedSession>>,
    /// By session and application: its view of the user, if it has one.
    subjects: EpochMap<(Uuid, Uuid), Option<Arc<Subject>>>,
}

pub struct CachedSession {
    pub standing: Session,
    revoked_families: Vec<Uuid>,
}

impl CachedSession {
    pub fn is_revoked(&self, family_id: Option<Uuid>) -> bool {
        family_id.is_some_and(|family_id| self.revoked_families.contains(&family_id))
    }
}

impl Default for SessionCache {
    fn default() -> Self {
        Self { sessions: EpochMap::new(MOST), subjects: EpochMap::new(MOST_VIEWS) }
    }
}

impl SessionCache {
    /// The session, whether it may go on or not.
    pub async fn session(&self, db: &Db, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Arc<CachedSession>>> {
        let seen = self.sessions.get_found(db, id, || read(db, environment_id, id)).await?;
        Ok(seen.filter(|seen| seen.standing.environment_id == environment_id))
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
        if self.session(db, environment_id, id).await?.is_none() {
            return Ok(None);
        }
        let subject = || async {
            // Once more: a session from before the view's epoch would be kept as long as the view.
            let Some(seen) = self.session(db, environment_id, id).await? else { return Ok(None) };
            let subject = read(seen.standing.clone()).await?;
            Ok::<_, ServiceError>(Some(subject.map(Arc::new)))
        };
        Ok(self.subjects.get_found(db, (id, application_id), subject).await?.flatten())
    }
}

async fn read(db: &Db, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Arc<CachedSession>>> {
    let mut conn = db.read().await?;
    let Some(standing) = session::standing(&mut conn, environment_id, id).await? else { return Ok(None) };
    let revoked_families = credential::revoked_families(&mut conn, id).await?;
    Ok(Some(Arc::new(CachedSession { standing, revoked_families })))
}
