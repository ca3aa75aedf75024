//! Who calls a use case, from where.

use uuid::Uuid;

use crate::model::operator::Roles;
use crate::server::crypto::device::{self, Device, Devices};
use crate::server::db::environment::EnvironmentRow;
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

    /// What limits count by: see [`client_address::Origin::places`](crate::server::platform::client_address::Origin::places).
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

/// A signed-in operator.
#[derive(Clone, Debug)]
pub struct Operator {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    /// The portal session.
    pub session_id: Uuid,
}

/// A signed-in operator at work in one environment, in which it has at least one role.
#[derive(Clone)]
pub struct Caller {
    pub state: AppState,
    pub origin: Origin,
    pub operator: Operator,
    pub environment: EnvironmentRow,
    pub roles: Roles,
}

impl Caller {
    /// Seeing what the environment holds.
    pub fn require_view(&self) -> ServiceResult<()> {
        if self.roles.can_view() { Ok(()) } else { Err(ServiceError::Forbidden) }
    }
}
