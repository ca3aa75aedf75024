//! Who calls a use case, from where.

use uuid::Uuid;

use crate::model::operator::{Role, Roles};
use crate::server::crypto::device::{self, Device, Devices};
use crate::server::domain::actor::{Actor, Operator};
use crate::server::domain::environment::Environment;
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::client_address::Place;
use crate::server::platform::rate_limit::{Attempt, Realm};
use crate::server::state::AppState;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: String,
    /// Where it is not known who is behind a proxy: what the proxy's headers claim, if they claim anything.
    pub behind_proxy: Option<Vec<Place>>,
    pub devices: Devices,
}

impl Origin {
    /// An attempt to sign in from here.
    pub fn attempt<'a>(&self, realm: Realm, account: &'a str, device: Option<&'a str>) -> Attempt<'a> {
        Attempt { realm, account, places: self.places(), is_own: self.behind_proxy.is_none(), device }
    }

    /// What limits count by: see [`ClientAddress::places`](crate::server::platform::client_address::ClientAddress::places).
    pub fn places(&self) -> Vec<Place> {
        let own = || self.ip_address.as_deref().and_then(|address| address.parse().ok()).map(Place::Own);
        self.behind_proxy.clone().unwrap_or_else(|| own().into_iter().collect())
    }

    /// The browser, as far as it is known from earlier sign-ins as `account`. `environment` is that of `realm`.
    pub fn device<'a>(
        &'a self,
        state: &'a AppState,
        realm: Realm,
        environment: Option<&str>,
        account: &'a str,
    ) -> Device<'a> {
        let cookie = self.devices.get(&device::cookie_name(state.is_https(), environment));
        Device { keyring: &state.keyring, realm, account, cookie, now: state.now() }
    }
}

/// Somebody at work on what belongs to no environment: operators, portal sessions, and environments themselves.
#[derive(Clone)]
pub struct ServerCaller {
    pub state: AppState,
    pub actor: Actor,
    pub origin: Origin,
}

impl ServerCaller {
    /// Whoever administers the server, at its command line.
    pub fn system(state: &AppState) -> Self {
        Self { state: state.clone(), actor: Actor::System, origin: Origin::default() }
    }

    /// What only whoever administers the server may do.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for all others.
    pub fn require_system(&self) -> ServiceResult<()> {
        if self.actor.is_system() { Ok(()) } else { Err(ServiceError::Forbidden) }
    }

    /// The operator, for what only somebody with a portal session can do.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for all others.
    pub fn operator(&self) -> ServiceResult<&Operator> {
        self.actor.operator().ok_or(ServiceError::Forbidden)
    }
}

/// Somebody at work in one environment: who acts, where, with which rights, and from where.
#[derive(Clone)]
pub struct Caller {
    pub state: AppState,
    pub actor: Actor,
    pub environment: Environment,
    /// What the roles of an operator let it do. Who administers the server may do all of it.
    pub roles: Roles,
    pub origin: Origin,
}

impl Caller {
    /// Whoever administers the server, at its command line: it has the database in its hands anyway, and all that it does by a
    /// use case is written down.
    pub fn system(state: &AppState, environment: Environment) -> Self {
        let roles = Role::ALL.into_iter().collect();
        Self { state: state.clone(), actor: Actor::System, environment, roles, origin: Origin::default() }
    }

    /// The user of a session, at work for themselves: without any right in the portal.
    pub fn user_of(state: &AppState, environment: &Environment, session: &Session, origin: &Origin) -> Self {
        Self {
            state: state.clone(),
            actor: Actor::user_of(session),
            environment: environment.clone(),
            roles: Roles::default(),
            origin: origin.clone(),
        }
    }

    /// The same, at work on what belongs to no environment.
    pub fn at_server(&self) -> ServerCaller {
        ServerCaller { state: self.state.clone(), actor: self.actor.clone(), origin: self.origin.clone() }
    }

    /// Seeing what the environment holds.
    pub fn require_view(&self) -> ServiceResult<()> {
        self.require(Roles::can_view)
    }

    /// # Errors
    /// [`ServiceError::Forbidden`] for those whose roles do not allow it.
    pub fn require(&self, may: fn(Roles) -> bool) -> ServiceResult<()> {
        if may(self.roles) { Ok(()) } else { Err(ServiceError::Forbidden) }
    }

    /// The operator, for what only somebody with a portal session can do.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for all others.
    pub fn operator(&self) -> ServiceResult<&Operator> {
        self.actor.operator().ok_or(ServiceError::Forbidden)
    }

    /// What only whoever administers the server may do.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for all others.
    pub fn require_system(&self) -> ServiceResult<()> {
        if self.actor.is_system() { Ok(()) } else { Err(ServiceError::Forbidden) }
    }

    pub fn is(&self, operator_id: Option<Uuid>) -> bool {
        operator_id.is_some() && self.actor.operator().map(|operator| operator.id) == operator_id
    }
}
