//! Environments: making one with its first signing keys.

use crate::model::environment::is_slug;
use crate::server::db::Tx;
use crate::server::db::environment::{self, EnvironmentRow};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::state::AppState;
use crate::server::text;

/// Makes an environment, impersonation off, with an active and a next signing key of each algorithm.
///
/// # Errors
/// [`ServiceError::Invalid`] where the slug or the name cannot be used or the slug is taken.
pub async fn create(
    state: &AppState,
    tx: &mut Tx,
    slug: &str,
    name: &str,
    position: i64,
) -> ServiceResult<EnvironmentRow> {
    if !is_slug(slug) {
        return Err(ServiceError::invalid(
            "slug",
            format!("{slug:?} cannot name an environment: use 1 to 40 lower-case letters, digits and hyphens"),
        ));
    }
    let name =
        text::name(name).map_err(|error| ServiceError::invalid("name", format!("the environment's name {error}")))?;
    if environment::by_slug(tx, slug).await?.is_some() {
        return Err(ServiceError::invalid("slug", format!("there is an environment {slug} already")));
    }
    let row = EnvironmentRow { id: state.new_id(), slug: slug.to_owned(), name };
    environment::insert(tx, &row, position, state.now()).await?;
    state.keyring.create_first(tx, state.clock.as_ref(), state.random.as_ref(), row.id).await?;
    Ok(row)
}
