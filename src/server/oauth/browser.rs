//! Which of a browser's sessions a request means: the one decision that keeps several users in several tabs apart.
//!
//! It is never guessed. A hint that names somebody decides; without one, whoever the application last was by this browser,
//! while that session runs and no other tab could ask the same way; else the only session there is. What remains is asked,
//! or answered with the standard's error (OpenID Connect Core sections 3.1.2.1 and 3.1.2.6).

mod page;

use chrono::TimeDelta;
use uuid::Uuid;

use super::cookies;
use super::provider::Provider;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::service::session::browser::{self, HeldSession};

/// How long after its hand-off an impersonation is what a new tab of its application means, if nothing says more.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// A browser and the sessions that it holds, running ones first, newest first.
pub struct Browser {
    id: Option<Uuid>,
    held: Vec<HeldSession>,
}

/// Whom a request names.
pub enum Whom {
    /// Nobody, or somebody who is nobody here: a suggestion that says nothing.
    Anyone,
    /// A session that this browser holds for the application.
    Session(Uuid),
    /// An impersonation that is over, in another browser or in another application. What it was is said only where this
    /// browser holds it.
    Elsewhere(Option<Box<Session>>),
    User(Uuid),
}

/// What decides, besides what the browser holds.
pub struct Asked {
    pub whom: Whom,
    /// Whether it may be the first thing that a new tab asks: then an impersonation that was just handed off is meant.
    pub opening: bool,
    /// Whom the person named on the page to which this very request led: by choosing, or by signing in.
    pub answer: Option<Uuid>,
}

impl Asked {
    /// What a new tab asks that names nobody.
    pub fn anyone() -> Self {
        Self { whom: Whom::Anyone, opening: true, answer: None }
    }

    /// What a tab asks that names nobody, and that has been somebody for a while.
    pub fn anyone_known() -> Self {
        Self { opening: false, ..Self::anyone() }
    }
}

/// The session that a request means.
pub enum Choice {
    Session(Box<Session>),
    /// Each of these could be meant, and nothing decides.
    Several(Vec<Session>),
    /// Who is meant is over or not here: nobody takes that place unasked, though these could go on.
    Over {
        session: Option<Box<Session>>,
        others: Vec<Session>,
    },
    /// Nobody is signed in who could be meant.
    Nobody,
}

/// A session that an application was by this browser.
enum Claim {
    Runs(Box<Session>),
    Ended(Box<Session>),
}

impl Browser {
    pub async fn of(provider: &Provider) -> ServiceResult<Self> {
        let cookie = cookies::browser(provider);
        let known = browser::held(&provider.state, provider.environment.id, cookie.as_deref()).await?;
        Ok(known.map_or(Self { id: None, held: Vec::new() }, |(id, held)| Self { id: Some(id), held }))
    }

    /// `None` for one that never held anything here.
    pub fn id(&self) -> Option<Uuid> {
        self.id
    }

    /// Whether the browser holds this session, and it has not ended yet.
    pub fn holds(&self, session_id: Uuid) -> bool {
        self.held.iter().any(|held| held.session_id == session_id && held.ended_at.is_none())
    }

    /// Whether the browser was given this session, for all applications or for this one, and knows of it yet.
    pub fn was_given(&self, session_id: Uuid, application: &Application) -> bool {
        self.held.iter().any(|held| held.session_id == session_id && is_usable(held, application))
    }

    /// The user's own session, whether it may go on or not.
    pub fn own(&self) -> Option<Uuid> {
        self.held
            .iter()
            .find(|held| held.application_id.is_none() && held.ended_at.is_none())
            .map(|held| held.session_id)
    }

    /// A session that the browser held and that may not go on.
    pub async fn ended(&self, provider: &Provider, id: Uuid) -> ServiceResult<Option<Session>> {
        if !self.held.iter().any(|held| held.session_id == id) {
            return Ok(None);
        }
        let looked = browser::look(&provider.state, provider.environment.id, id).await?;
        Ok(looked.filter(|(_, runs)| !runs).map(|(standing, _)| standing))
    }

    /// Whom a `login_hint` names: a session or a user by id, in any spelling of one, or a user by e-mail. Anything else is
    /// a suggestion that says nothing.
    pub async fn hinted(&self, provider: &Provider, application: &Application, hint: &str) -> ServiceResult<Whom> {
        let hint = hint.trim();
        if let Ok(id) = Uuid::try_parse(hint)
            && let Some(whom) = self.session_named(provider, application, id).await?
        {
            return Ok(whom);
        }
        let user = browser::user_named(&provider.state, provider.environment.id, hint).await?;
        Ok(user.map_or(Whom::Anyone, Whom::User))
    }

    /// Whom a session's id names, if it is one. A user's own session stands for its user, who may have signed in anew since;
    /// an impersonation stands for itself alone.
    pub async fn session_named(
        &self,
        provider: &Provider,
        application: &Application,
        id: Uuid,
    ) -> ServiceResult<Option<Whom>> {
        let looked = browser::look(&provider.state, provider.environment.id, id).await?;
        let Some((standing, runs)) = looked else { return Ok(None) };
        let held = self.held.iter().find(|held| held.session_id == id);
        Ok(Some(if runs && held.is_some_and(|held| is_usable(held, application)) {
            Whom::Session(id)
        } else if standing.is_impersonation() {
            Whom::Elsewhere(held.is_some().then(|| Box::new(standing)))
        } else {
            Whom::User(standing.user_id)
        }))
    }

    /// The session for an application's sign-in. An impersonation serves its own application only.
    pub async fn for_application(
        &self,
        provider: &Provider,
        application: &Application,
        asked: Asked,
    ) -> ServiceResult<Choice> {
        if let Some(session_id) = asked.answer.filter(|_| self.id.is_some()) {
            return self.answered(provider, application, session_id).await;
        }
        match asked.whom {
            Whom::Session(id) => match self.first_running(provider, &[id]).await? {
                Some(session) => Ok(Choice::Session(session)),
                None => self.over(provider, application, None).await,
            },
            Whom::Elsewhere(session) => self.over(provider, application, session).await,
            Whom::User(user_id) => self.decide(provider, application, Some(user_id), asked.opening).await,
            Whom::Anyone => self.decide(provider, application, None, asked.opening).await,
        }
    }

    /// Whom the person named for this very request, and nobody else. Whoever signed in again since is the same person.
    async fn answered(
        &self,
        provider: &Provider,
        application: &Application,
        session_id: Uuid,
    ) -> ServiceResult<Choice> {
        if !self.was_given(session_id, application) {
            return self.over(provider, application, None).await;
        }
        let looked = browser::look(&provider.state, provider.environment.id, session_id).await?;
        let Some((standing, runs)) = looked else { return self.over(provider, application, None).await };
        if runs {
            return Ok(Choice::Session(Box::new(standing)));
        }
        let own = self.first_running(provider, self.own().as_slice()).await?;
        match own.filter(|own| !standing.is_impersonation() && own.user_id == standing.user_id) {
            Some(own) => Ok(Choice::Session(own)),
            None => self.over(provider, application, Some(Box::new(standing))).await,
        }
    }

    /// What the browser itself says, of anybody or of one user.
    async fn decide(
        &self,
        provider: &Provider,
        application: &Application,
        user_id: Option<Uuid>,
        opening: bool,
    ) -> ServiceResult<Choice> {
        let could_be = |held: &HeldSession| is_usable(held, application) && user_id.is_none_or(|id| id == held.user_id);
        let mut claims = self.claims(provider, application, user_id).await?;
        let fresh = self.running(provider, |held| self.is_fresh(provider, application, held) && could_be(held)).await?;
        if let [only] = fresh.as_slice()
            && (opening || claims.is_empty())
        {
            return Ok(Choice::Session(Box::new(only.clone())));
        }
        if claims.is_empty() {
            let mut running = self.running(provider, could_be).await?;
            return Ok(match (running.len(), running.pop()) {
                (1, Some(only)) => Choice::Session(Box::new(only)),
                (_, None) => Choice::Nobody,
                (_, Some(last)) => {
                    running.push(last);
                    Choice::Several(running)
                }
            });
        }
        // What was opened for the application and never used may have a tab that asks just now, however long that took.
        for session in self.running(provider, |held| is_unused_in(held, application) && could_be(held)).await? {
            let is_claimed = |claim: &Claim| matches!(claim, Claim::Runs(claimed) if claimed.id == session.id);
            if !claims.iter().any(is_claimed) {
                claims.push(Claim::Runs(Box::new(session)));
            }
        }
        // Whoever ended while others ran here may have a tab that asks just like theirs.
        if let Some(at) = claims.iter().position(|claim| matches!(claim, Claim::Ended(_)))
            && let Claim::Ended(session) = claims.swap_remove(at)
        {
            return self.over(provider, application, Some(session)).await;
        }
        match (claims.len(), claims.pop()) {
            (1, Some(Claim::Runs(only))) => Ok(Choice::Session(only)),
            _ => Ok(Choice::Several(self.running(provider, could_be).await?)),
        }
    }

    /// Who the application was here, each once, the last first. A user who signed in again is the same person: the new
    /// session stands for the one that ended.
    async fn claims(
        &self,
        provider: &Provider,
        application: &Application,
        user_id: Option<Uuid>,
    ) -> ServiceResult<Vec<Claim>> {
        let Some(browser_id) = self.id else { return Ok(Vec::new()) };
        let own = self.first_running(provider, self.own().as_slice()).await?;
        let (mut claims, mut seen) = (Vec::new(), Vec::new());
        for (mut standing, mut runs) in browser::uses(&provider.state, browser_id, application.id).await? {
            if let Some(own) = own.as_ref().filter(|own| own.user_id == standing.user_id)
                && !runs
                && !standing.is_impersonation()
            {
                (standing, runs) = (own.as_ref().clone(), true);
            }
            if user_id.is_some_and(|id| id != standing.user_id) || seen.contains(&standing.id) {
                continue;
            }
            seen.push(standing.id);
            claims.push(if runs { Claim::Runs(Box::new(standing)) } else { Claim::Ended(Box::new(standing)) });
        }
        Ok(claims)
    }

    /// Nobody takes the place of `session` unasked. Where nobody could, a user is simply asked to sign in again.
    async fn over(
        &self,
        provider: &Provider,
        application: &Application,
        session: Option<Box<Session>>,
    ) -> ServiceResult<Choice> {
        let others = self.running_for(provider, application).await?;
        let was_own = session.as_ref().is_some_and(|session| !session.is_impersonation());
        Ok(if was_own && others.is_empty() { Choice::Nobody } else { Choice::Over { session, others } })
    }

    /// The impersonation that was handed off to this application just now and not used yet, if it is the only one.
    pub async fn just_handed_off(
        &self,
        provider: &Provider,
        application: &Application,
    ) -> ServiceResult<Option<Box<Session>>> {
        let mut running = self.running(provider, |held| self.is_fresh(provider, application, held)).await?;
        Ok(if running.len() == 1 { running.pop().map(Box::new) } else { None })
    }

    /// Whether the session was opened here and no application got anything by it since.
    pub fn is_unused(&self, session_id: Uuid) -> bool {
        self.held.iter().any(|held| held.session_id == session_id && held.opened_at.is_some())
    }

    fn is_fresh(&self, provider: &Provider, application: &Application, held: &HeldSession) -> bool {
        let opened_at = held.opened_at.filter(|_| is_unused_in(held, application));
        opened_at.is_some_and(|opened_at| provider.state.now() - opened_at <= FRESH)
    }

    /// The first that may go on. One that may not is ended by being asked.
    async fn first_running(&self, provider: &Provider, order: &[Uuid]) -> ServiceResult<Option<Box<Session>>> {
        for session_id in order {
            let looked = browser::look(&provider.state, provider.environment.id, *session_id).await?;
            if let Some((standing, true)) = looked {
                return Ok(Some(Box::new(standing)));
            }
        }
        Ok(None)
    }
}

/// Whether it is an impersonation that was opened for the application, and the application got nothing by it since.
fn is_unused_in(held: &HeldSession, application: &Application) -> bool {
    held.application_id == Some(application.id) && held.opened_at.is_some()
}

fn is_usable(held: &HeldSession, application: &Application) -> bool {
    held.application_id.is_none_or(|id| id == application.id)
}
