//! Which of a browser's sessions a request means: the one decision that keeps several users in several tabs apart.

use chrono::TimeDelta;
use uuid::Uuid;

use super::cookies;
use super::provider::Provider;
use crate::server::db::session::StandingRow;
use crate::server::error::ServiceResult;
use crate::server::service::relying_party::Application;
use crate::server::service::session;
use crate::server::service::sign_in::{self, Held};

/// How long after its hand-off an impersonation is what its application's next sign-in means, if nothing says more.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// The sessions that the browser holds, newest first.
pub struct Browser(Vec<Held>);

/// The session that a request for an application means.
pub enum Choice {
    Session(Box<StandingRow>),
    /// A session was named, and it is over or not in this browser: nobody else's place is taken.
    Gone,
    /// Nobody is signed in.
    Nobody,
}

impl Browser {
    pub async fn of(provider: &Provider) -> ServiceResult<Self> {
        let cookies = cookies::values(provider);
        Ok(Self(sign_in::held(&provider.state, provider.environment.id, &cookies).await?))
    }

    pub fn holds(&self, session_id: Uuid) -> bool {
        self.0.iter().any(|held| held.session_id == session_id)
    }

    /// The user's own session, whether it may go on or not.
    pub fn own(&self) -> Option<Uuid> {
        self.0.iter().find(|held| held.application_id.is_none()).map(|held| held.session_id)
    }

    /// The session for an application's sign-in. A named one or none; else an impersonation that was handed off just
    /// now; else the user's own session; else the newest impersonation. An impersonation serves its application only.
    pub async fn for_application(
        &self,
        provider: &Provider,
        application: &Application,
        named: Option<Uuid>,
    ) -> ServiceResult<Choice> {
        let bound = |held: &Held| held.application_id == Some(application.id);
        if let Some(named) = named {
            let usable = |held: &Held| held.application_id.is_none() || bound(held);
            let found = self.first_live(provider, self.ids(|held| held.session_id == named && usable(held))).await?;
            return Ok(found.map_or(Choice::Gone, Choice::Session));
        }
        let mut order = self.fresh(provider, application);
        order.extend(self.ids(|held| held.application_id.is_none()));
        order.extend(self.ids(bound));
        Ok(self.first_live(provider, order).await?.map_or(Choice::Nobody, Choice::Session))
    }

    /// The impersonation that was handed off to this application just now and not used yet, if there is one.
    pub async fn just_handed_off(
        &self,
        provider: &Provider,
        application: &Application,
    ) -> ServiceResult<Option<Box<StandingRow>>> {
        self.first_live(provider, self.fresh(provider, application)).await
    }

    fn fresh(&self, provider: &Provider, application: &Application) -> Vec<Uuid> {
        let now = provider.state.now();
        self.ids(|held| held.application_id == Some(application.id) && !held.used && now - held.since <= FRESH)
    }

    /// The session for a hosted page: the named one or none; else the user's own; else the newest impersonation.
    pub async fn for_page(&self, provider: &Provider, named: Option<Uuid>) -> ServiceResult<Option<Box<StandingRow>>> {
        let order = match named {
            Some(named) => self.ids(|held| held.session_id == named),
            None => {
                let mut order = self.ids(|held| held.application_id.is_none());
                order.extend(self.ids(|held| held.application_id.is_some()));
                order
            }
        };
        self.first_live(provider, order).await
    }

    fn ids(&self, matches: impl Fn(&Held) -> bool) -> Vec<Uuid> {
        self.0.iter().filter(|held| matches(held)).map(|held| held.session_id).collect()
    }

    /// The first that may go on. One that may not is ended by being asked.
    async fn first_live(&self, provider: &Provider, order: Vec<Uuid>) -> ServiceResult<Option<Box<StandingRow>>> {
        for session_id in order {
            if let Some(standing) = session::live(&provider.state, provider.environment.id, session_id).await? {
                return Ok(Some(Box::new(standing)));
            }
        }
        Ok(None)
    }
}
