//! Who calls a use case, from where.

use uuid::Uuid;

use crate::model::operator::Roles;
use crate::server::db::environment::EnvironmentRow;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::state::AppState;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: String,
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
    pub client: Client,
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
