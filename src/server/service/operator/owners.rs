//! There is always an Owner who may sign in, of everything and of each environment.

use crate::server::db::operator::manage::{self as table, ManagedOperator};
use crate::server::db::{Tx, environment};
use crate::server::domain::grants::Place;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::authority::Authority;

/// What somebody owns who is about to lose it.
pub struct Owned {
    places: Vec<Place>,
    name: String,
}

impl Owned {
    /// Read before the change. Who may not sign in is nobody's Owner.
    pub async fn by(tx: &mut Tx, row: &ManagedOperator) -> ServiceResult<Self> {
        let places = match row.disabled_at {
            None => table::grants(tx, row.id).await?.owned(),
            Some(_) => Vec::new(),
        };
        Ok(Self { places, name: row.name.clone() })
    }

    /// Whether, after the change, each of these places has an Owner still. Whoever administers the server may leave none: they
    /// can make one, too.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for no field in particular. The transaction is not to be committed then.
    pub async fn require_another(self, authority: &Authority, tx: &mut Tx) -> ServiceResult<()> {
        if authority.is_system() {
            return Ok(());
        }
        for place in self.places {
            if !table::has_owner(tx, place).await? {
                let what = match place {
                    None => "all environments".to_owned(),
                    Some(id) => environment::by_id(tx, id).await?.map(|row| row.name).unwrap_or_default(),
                };
                let message = format!("{} is the last Owner of {what}: make somebody else one first.", self.name);
                return Err(ServiceError::invalid("", message));
            }
        }
        Ok(())
    }
}
