//! What an environment is called, its colour, and where it stands among the others.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::audit::action;
use crate::model::environment::Colour;
use crate::server::db::Tx;
use crate::server::db::environment::{self as table, EnvironmentRecord};
use crate::server::db::version::Versioned;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text;
use crate::server::service::audit::{self, Event};
use crate::server::service::authority::Authority;
use crate::server::service::caller::ServerCaller;
use crate::server::service::directory::version::{Written, require_seen, written};

/// An environment, as those see it who administer environments.
#[derive(Clone, Debug)]
pub struct EnvironmentItem {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub host: Option<String>,
    pub colour: Option<Colour>,
    pub archived_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub version: i64,
}

/// All environments in their order, archived ones too. There are few of them.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &ServerCaller) -> ServiceResult<Vec<EnvironmentItem>> {
    let mut conn = caller.state.db.read().await?;
    Authority::seen(caller, &mut conn).await?.require_manage()?;
    Ok(table::records(&mut conn).await?.into_iter().map(item).collect())
}

fn item(row: EnvironmentRecord) -> EnvironmentItem {
    EnvironmentItem {
        id: row.id,
        slug: row.slug,
        name: row.name,
        host: row.host,
        colour: row.colour.as_deref().and_then(Colour::parse),
        archived_at: row.archived_at,
        created_at: row.created_at,
        version: row.version,
    }
}

/// What an environment looks like from now on.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub name: &'a str,
    /// `None` for the colour of its place.
    pub colour: Option<Colour>,
}

/// Gives an environment a name and a colour.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments, [`ServiceError::NotFound`], [`ServiceError::Invalid`] for
/// the `name`, [`ServiceError::Conflict`] where the environment is another version than the one that was `seen`.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change(caller: &ServerCaller, id: Uuid, look: Look<'_>, seen: Option<i64>) -> ServiceResult<Written> {
    let mut tx = caller.state.db.write().await?;
    let all = held(caller, &mut tx).await?;
    let row = all.into_iter().find(|row| row.id == id).map(item).ok_or(ServiceError::NotFound)?;
    require_seen(&mut tx, Versioned::Environment, id, seen).await?;
    let name = text::name(look.name).map_err(|error| ServiceError::invalid("name", format!("This {error}.")))?;
    let mut said = Vec::new();
    if name != row.name {
        said.push(format!("{} is called {name} from now on", row.name));
    }
    if look.colour != row.colour {
        said.push(format!("the colour of {name} is {}", look.colour.map_or("that of its place", Colour::label)));
    }
    if !said.is_empty() {
        table::set_look(&mut tx, id, &name, look.colour).await?;
        record(caller, &mut tx, id, action::ENVIRONMENT_CHANGED, &said.join("; ")).await?;
    }
    let written = written(&mut tx, Versioned::Environment, id).await?;
    tx.commit().await?;
    Ok(written)
}

/// Moves an environment one place up in the list, or down. At the end of the list nothing happens.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments, [`ServiceError::NotFound`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn move_by(caller: &ServerCaller, id: Uuid, up: bool) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    let mut all = held(caller, &mut tx).await?;
    let at = all.iter().position(|row| row.id == id).ok_or(ServiceError::NotFound)?;
    let Some(to) = (if up { at.checked_sub(1) } else { Some(at + 1).filter(|to| *to < all.len()) }) else {
        return Ok(());
    };
    let sentence =
        format!("{} stands {} {} from now on", all[at].name, if up { "before" } else { "behind" }, all[to].name);
    all.swap(at, to);
    for (position, row) in all.iter().enumerate() {
        let position = i64::try_from(position).map_err(anyhow::Error::from)?;
        table::set_position(&mut tx, row.id, position).await?;
    }
    record(caller, &mut tx, id, action::ENVIRONMENT_CHANGED, &sentence).await?;
    tx.commit().await?;
    Ok(())
}

/// All environments, for who may change them: whoever else does waits until the transaction ends.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments.
pub(super) async fn held(caller: &ServerCaller, tx: &mut Tx) -> ServiceResult<Vec<EnvironmentRecord>> {
    Authority::of(caller, tx).await?.require_manage()?;
    Ok(table::held(tx).await?)
}

/// Writes what happened to an environment into its trail.
pub(super) async fn record(
    caller: &ServerCaller,
    tx: &mut Tx,
    id: Uuid,
    name: &str,
    sentence: &str,
) -> ServiceResult<()> {
    let event = Event::of(id, name, sentence).by(&caller.actor).from(&caller.origin);
    audit::record(&caller.state, tx, event).await
}
