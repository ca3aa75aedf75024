//! Changing one application, by somebody who may: Owner and Admin, as hand-off codes and tokens go where it says.

use std::collections::HashSet;
use std::fmt;

use super::{ApplicationEntry, write};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::validate::{Checks, value};
use crate::server::db::Tx;
use crate::server::db::application as table;
use crate::server::db::import::{self, Keyed};
use crate::server::db::session::Within;
use crate::server::db::version::Versioned;
use crate::server::domain::application::Application;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::directory::edit::{about, end_within};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::validate;
use crate::server::service::directory::version::{Written, require_seen, written};
use crate::server::service::directory::writer::{DirectoryWriter, taken};

/// An application as it was made or changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Saved {
    pub written: Written,
    /// Its new secret, where it was to have one: nobody can read it again.
    pub secret: Option<String>,
}

/// Without the secret.
impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saved").field("written", &self.written).finish_non_exhaustive()
    }
}

/// Makes an application.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owner and Admin, [`ServiceError::Invalid`] for what is wrong with the fields and for a
/// client id that an application has already.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create(caller: &Caller, new: ApplicationEntry) -> ServiceResult<Saved> {
    caller.require(Roles::can_administer)?;
    let mut new = checked(new)?;
    let secret = new.make_secret(caller.state.random.as_ref()).map(|(_, secret)| secret);
    let mut tx = caller.state.db.write().await?;
    if !import::ids(&mut tx, Keyed::Applications, caller.environment.id, &[&new.client_id]).await?.is_empty() {
        return Err(taken("client_id", &new.client_id));
    }
    let client_id = new.client_id.clone();
    write(&mut DirectoryWriter::of_maker(caller, &mut tx), &[new]).await?;
    let row = known(caller, &mut tx, &client_id).await?;
    let written = written(&mut tx, Versioned::Application, row.id).await?;
    tx.commit().await?;
    Ok(Saved { written, secret })
}

/// Changes the application with this client id.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin, [`ServiceError::Invalid`] for what is wrong
/// with the fields, [`ServiceError::Conflict`] where the application is another version than the one that was seen.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn update(caller: &Caller, change: ApplicationEntry) -> ServiceResult<Saved> {
    caller.require(Roles::can_administer)?;
    let mut change = checked(change)?;
    let secret = change.make_secret(caller.state.random.as_ref()).map(|(_, secret)| secret);
    let mut tx = caller.state.db.write().await?;
    let row = known(caller, &mut tx, &change.client_id).await?;
    require_seen(&mut tx, Versioned::Application, row.id, change.version).await?;
    write(&mut DirectoryWriter::of_caller(caller, &mut tx), &[change]).await?;
    let written = written(&mut tx, Versioned::Application, row.id).await?;
    tx.commit().await?;
    Ok(Saved { written, secret })
}

/// The application as it is, with its version, to be changed and given to [`update`]: what is not set anew stays.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn to_change(caller: &Caller, client_id: &str) -> ServiceResult<ApplicationEntry> {
    caller.require(Roles::can_administer)?;
    let mut tx = caller.state.db.write().await?;
    let row = known(caller, &mut tx, client_id).await?;
    let (version, client_id, name, app_url) = (Some(row.version), row.client_id, row.name, row.app_url);
    Ok(ApplicationEntry { version, client_id, name, app_url, ..ApplicationEntry::default() })
}

/// Removes an application with its tokens: impersonations in it end.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn delete(caller: &Caller, client_id: &str) -> ServiceResult<()> {
    caller.require(Roles::can_administer)?;
    let mut tx = caller.state.db.write().await?;
    let row = known(caller, &mut tx, client_id).await?;
    let mut writer = DirectoryWriter::of_caller(caller, &mut tx);
    end_within(&mut writer, Within::Application(row.id)).await?;
    let severity = action::severity(action::APPLICATION_DELETED);
    let event = writer.event_of(action::APPLICATION_DELETED, severity, &format!("{} was deleted", row.name));
    writer.record(event.in_application(row.id, &row.name)).await?;
    table::delete(&mut tx, caller.environment.id, row.id).await?;
    tx.commit().await?;
    Ok(())
}

async fn known(caller: &Caller, tx: &mut Tx, client_id: &str) -> ServiceResult<Application> {
    import::hold(tx, Keyed::Applications, caller.environment.id, client_id).await?;
    table::by_client_id(tx, caller.environment.id, client_id).await?.ok_or(ServiceError::NotFound)
}

/// The application with its name as it is stored.
fn checked(mut new: ApplicationEntry) -> ServiceResult<ApplicationEntry> {
    for given in [&mut new.redirect_uris, &mut new.post_logout_redirect_uris] {
        if let Given::Set(uris) = given {
            let mut seen = HashSet::new();
            uris.retain(|uri| seen.insert(uri.clone()));
        }
    }
    let mut checks = Checks::default();
    checks.check(value::key(&new.client_id).map_err(about("client_id", &new.client_id)));
    new.name = checks.check(validate::name(&new.name).map_err(about("name", &new.name)));
    checks.check(validate::web_url(&new.app_url).map_err(about("app_url", &new.app_url)));
    let addresses = [("login_url", &new.login_url), ("initiate_login_url", &new.initiate_login_url)];
    for (field, given) in addresses {
        if let Given::Set(url) = given {
            checks.check(validate::web_url(url).map_err(about(field, url)));
        }
    }
    if let Given::Set(uri) = &new.backchannel_logout_uri {
        checks.check(validate::backchannel_logout_uri(uri).map_err(about("backchannel_logout_uri", uri)));
    }
    let redirects =
        [("redirect_uris", &new.redirect_uris), ("post_logout_redirect_uris", &new.post_logout_redirect_uris)];
    for (field, given) in redirects {
        for uri in given.set().map(Vec::as_slice).unwrap_or_default() {
            checks.check(validate::redirect_uri(uri).map_err(about(field, uri)));
        }
    }
    if let Given::Set(keys) = &new.jwks {
        checks.check(validate::jwks(keys).map_err(about("jwks", "The key set")));
    }
    if let Some(method) = &new.login_method {
        checks.check(value::word(method, &value::LOGIN_METHODS).map_err(about("login_method", method)));
    }
    if let Some(algorithm) = &new.signing_algorithm {
        checks.check(value::word(algorithm, &value::ALGORITHMS).map_err(about("signing_algorithm", algorithm)));
    }
    checks.passed()?;
    Ok(new)
}
