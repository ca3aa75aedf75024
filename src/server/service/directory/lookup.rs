//! Whom and what a link of another system means, which knows users by e-mail and accounts by their names.

use uuid::Uuid;

use crate::server::db::{account, user};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text::{self, search_key, storable};
use crate::server::service::caller::Caller;
use crate::server::service::registry::accounts;

/// The user with exactly this e-mail, as it is compared everywhere.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such user, [`ServiceError::Forbidden`] for those who see nothing of
/// the environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn user_by_email(caller: &Caller, typed: &str) -> ServiceResult<Uuid> {
    caller.require_view()?;
    let Ok(email) = text::email(typed) else { return Err(ServiceError::NotFound) };
    let mut conn = caller.state.db.read().await?;
    let found = user::by_email(&mut conn, caller.environment.id, &email).await?;
    Ok(found.ok_or(ServiceError::NotFound)?.id)
}

/// The external id of an account that is named by it, or by its whole name where no other has the same. None where it cannot be
/// told: whom a link means is never guessed.
///
/// # Errors
/// [`ServiceError::Forbidden`] for those who see nothing of the environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn account_named(caller: &Caller, said: &str) -> ServiceResult<Option<String>> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let known = account::by_external_id(&mut conn, caller.environment.id, &storable(said)).await?;
    drop(conn);
    if let Some(known) = known {
        return Ok(Some(known.external_id));
    }
    let found = accounts::search(caller, said).await?;
    let wanted = search_key(said);
    let mut same = found.accounts.into_iter().filter(|account| search_key(&account.name) == wanted);
    let one = same.next();
    Ok(if same.next().is_some() || found.more { None } else { one.map(|account| account.external_id) })
}
