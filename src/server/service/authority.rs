//! What somebody may do about operators and environments themselves, which belong to no environment: by what was granted to
//! them, read in the transaction that goes by it.

use uuid::Uuid;

use super::caller::ServerCaller;
use crate::server::db::operator::{self, manage as table};
use crate::server::db::{Conn, Tx};
use crate::server::domain::grants::{Grants, Place};
use crate::server::error::{ServiceError, ServiceResult};

/// Whoever asks, as they are now.
pub struct Authority {
    /// `None` for whoever administers the server, who may do everything.
    of: Option<(Uuid, Grants)>,
}

impl Authority {
    /// Reads what the caller may. Nobody else changes operators or roles from now on until the transaction ends.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for who is neither an operator nor administers the server,
    /// [`ServiceError::Unauthenticated`] for an operator whose portal session is over by now.
    pub async fn of(caller: &ServerCaller, tx: &mut Tx) -> ServiceResult<Self> {
        table::lock(tx).await?;
        if caller.actor.is_system() {
            return Ok(Self { of: None });
        }
        let who = caller.operator()?;
        if !operator::hold_session(tx, who.session_id, caller.state.now()).await? {
            return Err(ServiceError::Unauthenticated);
        }
        Ok(Self { of: Some((who.id, table::grants(tx, who.id).await?)) })
    }

    /// The same for who only looks, as of now.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`] for who is neither an operator nor administers the server.
    pub async fn seen(caller: &ServerCaller, conn: &mut Conn) -> ServiceResult<Self> {
        if caller.actor.is_system() {
            return Ok(Self { of: None });
        }
        let id = caller.operator()?.id;
        Ok(Self { of: Some((id, table::grants(conn, id).await?)) })
    }

    /// Whether this is one's own row.
    pub fn is_own(&self, operator_id: Uuid) -> bool {
        self.of.as_ref().is_some_and(|(own, _)| *own == operator_id)
    }

    pub fn is_system(&self) -> bool {
        self.of.is_none()
    }

    pub fn may_manage(&self) -> bool {
        self.of.as_ref().is_none_or(|(_, grants)| grants.may_manage())
    }

    pub fn may_grant(&self, place: Place) -> bool {
        self.of.as_ref().is_none_or(|(_, grants)| grants.may_grant(place))
    }

    /// # Errors
    /// [`ServiceError::Forbidden`] for all but Owners of all environments and whoever administers the server.
    pub fn require_manage(&self) -> ServiceResult<()> {
        if self.may_manage() { Ok(()) } else { Err(ServiceError::Forbidden) }
    }

    /// # Errors
    /// [`ServiceError::Forbidden`] for all but Owners of the place and whoever administers the server.
    pub fn require_grant(&self, place: Place) -> ServiceResult<()> {
        if self.may_grant(place) { Ok(()) } else { Err(ServiceError::Forbidden) }
    }
}
