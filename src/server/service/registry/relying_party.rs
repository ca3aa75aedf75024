//! Applications as the provider meets them: which there are, how they prove themselves, where they may be sent.

use std::sync::Arc;

use anyhow::anyhow;
use uuid::Uuid;

use crate::model::application::RedirectKind;
use crate::model::key::SigningAlgorithm;
use crate::server::crypto::keyring::{EnvironmentKeys, SigningKey, jwa};
use crate::server::crypto::secret::SecretKind;
use crate::server::db::application as table;
use crate::server::db::environment;
use crate::server::domain::application::Application;
use crate::server::domain::environment::Environment;
use crate::server::error::ServiceResult;
use crate::server::platform::text::{canonical_host, storable};
use crate::server::state::AppState;

pub use crate::server::platform::url::origin_of;

/// Whether `secret` is this client's, in constant time.
pub fn has_secret(state: &AppState, application: &Application, secret: &str) -> bool {
    let presented = SecretKind::ClientSecret.hash_of(secret);
    presented.is_some_and(|presented| application.has_secret_hash(&presented, state.now()))
}

pub async fn environment(state: &AppState, slug: &str) -> ServiceResult<Option<Arc<Environment>>> {
    let known = state.configuration.now(&state.db).await?;
    if let Some(row) = known.environments.get(slug) {
        return Ok(Some(row));
    }
    let mut conn = state.db.read().await?;
    let found = environment::open_by_slug(&mut conn, &storable(slug)).await?;
    Ok(found.map(|row| known.environments.keep(slug.to_owned(), Arc::new(row))))
}

/// The environment that has this host name of its own.
pub async fn environment_at(state: &AppState, host: &str) -> ServiceResult<Option<Arc<Environment>>> {
    let known = state.configuration.now(&state.db).await?;
    if let Some(hosts) = known.hosts.get(&()) {
        return Ok(hosts.get(host).cloned());
    }
    let mut conn = state.db.read().await?;
    let rows = environment::open(&mut conn).await?;
    // All at once: a name that nobody has costs no query.
    let hosts = rows.into_iter().filter_map(|row| Some((row.host.clone()?, Arc::new(row)))).collect();
    Ok(known.hosts.keep((), Arc::new(hosts)).get(host).cloned())
}

pub async fn application(
    state: &AppState,
    environment_id: Uuid,
    client_id: &str,
) -> ServiceResult<Option<Arc<Application>>> {
    let known = state.configuration.now(&state.db).await?;
    let key = (environment_id, client_id.to_owned());
    if let Some(row) = known.applications.get(&key) {
        return Ok(Some(row));
    }
    let mut conn = state.db.read().await?;
    let found = table::by_client_id(&mut conn, environment_id, client_id).await?;
    Ok(found.map(|row| known.applications.keep(key, Arc::new(row))))
}

/// Whether the application may be sent to `uri` after signing in: letter by letter (RFC 9700, section 4.1.3), but for the two
/// spellings of an international host.
pub async fn is_login_redirect(state: &AppState, application_id: Uuid, uri: &str) -> ServiceResult<bool> {
    is_redirect(state, application_id, RedirectKind::Login, uri).await
}

/// Whether the application may be sent to `uri` after signing out, likewise.
pub async fn is_logout_redirect(state: &AppState, application_id: Uuid, uri: &str) -> ServiceResult<bool> {
    is_redirect(state, application_id, RedirectKind::Logout, uri).await
}

async fn is_redirect(state: &AppState, application_id: Uuid, kind: RedirectKind, uri: &str) -> ServiceResult<bool> {
    let known = state.configuration.now(&state.db).await?;
    let registered = match known.redirect_uris.get(&application_id) {
        Some(registered) => registered,
        None => {
            let mut conn = state.db.read().await?;
            let uris = table::redirect_uris(&mut conn, application_id).await?;
            known.redirect_uris.keep(application_id, Arc::new(uris.into_iter().collect()))
        }
    };
    if registered.contains(&(kind, uri.to_owned())) {
        return Ok(true);
    }
    // An international host is one host in two spellings, of which browsers and libraries send either.
    let Some(asked) = canonical_host(uri) else { return Ok(false) };
    Ok(registered.iter().any(|(known, uri)| *known == kind && canonical_host(uri).as_ref() == Some(&asked)))
}

/// Whether `origin` is that of a page of this one application: of its app URL, login URL or a redirect URI.
pub async fn is_origin_of(state: &AppState, application: &Application, origin: &str) -> ServiceResult<bool> {
    let mut conn = state.db.read().await?;
    let mut urls = table::login_redirect_uris(&mut conn, application.id).await?;
    urls.extend([application.app_url.clone(), application.login_url.clone()]);
    Ok(urls.iter().filter_map(|url| origin_of(url)).any(|known| known == origin))
}

/// Whether `origin` is that of a registered redirect URI, app URL or login URL of the environment.
pub async fn is_registered_origin(state: &AppState, environment_id: Uuid, origin: &str) -> ServiceResult<bool> {
    let known = state.configuration.now(&state.db).await?;
    let registered = match known.origins.get(&environment_id) {
        Some(registered) => registered,
        None => {
            let mut conn = state.db.read().await?;
            let urls = table::registered_urls(&mut conn, environment_id).await?;
            let origins = urls.iter().filter_map(|url| origin_of(url)).collect();
            known.origins.keep(environment_id, Arc::new(origins))
        }
    };
    Ok(registered.contains(origin))
}

/// The environment's signing keys, active ones first.
pub async fn keys(state: &AppState, environment_id: Uuid) -> ServiceResult<EnvironmentKeys> {
    let known = state.configuration.now(&state.db).await?;
    if let Some(keys) = known.keys.get(&environment_id) {
        return Ok(keys);
    }
    let mut conn = state.db.read().await?;
    let keys = state.keyring.of(&mut conn, environment_id).await?;
    Ok(known.keys.keep(environment_id, keys))
}

/// The environment's active key of this algorithm.
///
/// # Errors
/// Where there is none: every environment is made with one.
pub async fn active_key(
    state: &AppState,
    environment_id: Uuid,
    algorithm: SigningAlgorithm,
) -> ServiceResult<Arc<SigningKey>> {
    let keys = keys(state, environment_id).await?;
    let active = keys.iter().find(|key| key.is_active() && key.algorithm == jwa(algorithm)).cloned();
    Ok(active.ok_or_else(|| anyhow!("the environment {environment_id} has no active {} key", algorithm.as_str()))?)
}
