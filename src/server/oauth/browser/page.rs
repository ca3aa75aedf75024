//! What a browser holds, for pages: the lists that they show, and whose a page of the provider's own is.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Browser, Choice, is_usable};
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::oauth::provider::Provider;
use crate::server::service::session::browser::{self, HeldSession};

impl Browser {
    /// The session for a page of the provider's own: the named one or none; else the only one that this browser holds, of
    /// those that run and the impersonations that ended here since one of these began.
    pub async fn for_page(&self, provider: &Provider, named: Option<Uuid>) -> ServiceResult<Choice> {
        if let Some(id) = named.filter(|id| self.holds(*id))
            && let Some(session) = self.first_running(provider, &[id]).await?
        {
            return Ok(Choice::Session(session));
        }
        let running = self.running_all(provider).await?;
        if running.is_empty() {
            return Ok(Choice::Nobody);
        }
        let over = match named {
            Some(id) => Some(id),
            None => self.ended_lately(provider, &running),
        };
        if let Some(id) = over {
            let session = self.ended(provider, id).await?.map(Box::new);
            return Ok(Choice::Over { session, others: running });
        }
        Ok(match running.as_slice() {
            [only] => Choice::Session(Box::new(only.clone())),
            _ => Choice::Several(running),
        })
    }

    /// An impersonation whose tab may be open yet: it ended while one of these ran.
    fn ended_lately(&self, provider: &Provider, running: &[Session]) -> Option<Uuid> {
        let ended = self.held.iter().filter(|held| {
            // One whose end is not written down when the browser was read has just been ended, by being asked.
            let ended_at = held.ended_at.unwrap_or_else(|| provider.state.now());
            held.application_id.is_some()
                && running.iter().all(|session| session.id != held.session_id)
                && running.iter().any(|session| session.created_at <= ended_at)
        });
        ended.map(|held| held.session_id).next()
    }

    /// The sessions that the browser holds for an application and that may go on, newest first.
    pub async fn running_for(&self, provider: &Provider, application: &Application) -> ServiceResult<Vec<Session>> {
        self.running(provider, |held| is_usable(held, application)).await
    }

    /// All of them.
    pub async fn running_all(&self, provider: &Provider) -> ServiceResult<Vec<Session>> {
        self.running(provider, |_| true).await
    }

    pub(super) async fn running(
        &self,
        provider: &Provider,
        matches: impl Fn(&HeldSession) -> bool,
    ) -> ServiceResult<Vec<Session>> {
        let matching = self.held.iter().filter(|held| held.ended_at.is_none() && matches(held));
        let ids: Vec<Uuid> = matching.map(|held| held.session_id).collect();
        let (Some(browser_id), 2..) = (self.id, ids.len()) else {
            return Ok(self.first_running(provider, &ids).await?.map(|only| *only).into_iter().collect());
        };
        let running = browser::running(&provider.state, browser_id).await?;
        let mut running: HashMap<Uuid, Session> = running.into_iter().map(|session| (session.id, session)).collect();
        Ok(ids.iter().filter_map(|id| running.remove(id)).collect())
    }
}
