//! What the compatibility layer asks beyond the standards: whose a code, an address or a cookie is, for its clients do
//! not say who they are. Finding the application proves nothing; every secret is checked where it is used.

mod cookie;

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::relying_party::origin_of;
use crate::server::cache::registry::ApplicationsByOrigin;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::application as table;
use crate::server::db::{Conn, credential, session};
use crate::server::domain::application::Application;
use crate::server::error::ServiceResult;
use crate::server::platform::text::canonical_host;
use crate::server::state::AppState;

pub use cookie::{Kept, give, kept, replace, was_given};

/// The applications that run at `origin`: a registered redirect URI, the app URL or an embedded one's login URL is there.
pub async fn applications_at(
    state: &AppState,
    environment_id: Uuid,
    origin: &str,
) -> ServiceResult<Vec<Arc<Application>>> {
    let known = state.configuration.now(&state.db).await?;
    let pages = match known.pages.get(&environment_id) {
        Some(pages) => pages,
        None => {
            let mut conn = state.db.read().await?;
            known.pages.keep(environment_id, Arc::new(pages(&mut conn, environment_id).await?))
        }
    };
    Ok(pages.get(origin).cloned().unwrap_or_default())
}

async fn pages(conn: &mut Conn, environment_id: Uuid) -> ServiceResult<ApplicationsByOrigin> {
    let mut applications = HashMap::new();
    let mut pages = ApplicationsByOrigin::new();
    for (id, url) in table::urls(conn, environment_id).await? {
        let Some(origin) = origin_of(&url) else { continue };
        let application = match applications.get(&id) {
            Some(known) => Arc::clone(known),
            None => {
                let Some(row) = table::by_id(conn, environment_id, id).await? else { continue };
                Arc::clone(applications.entry(id).or_insert(Arc::new(row)))
            }
        };
        let here = pages.entry(origin).or_default();
        if here.iter().all(|known| known.id != id) {
            here.push(application);
        }
    }
    Ok(pages)
}

/// An application of the environment by its key.
pub async fn application(state: &AppState, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Arc<Application>>> {
    let mut conn = state.db.read().await?;
    in_environment(&mut conn, environment_id, id).await
}

/// The application to which an authorization code was issued.
pub async fn owner_of_code(
    state: &AppState,
    environment_id: Uuid,
    code: &str,
) -> ServiceResult<Option<Arc<Application>>> {
    let Some(hash) = SecretKind::AuthorizationCode.hash_of(code) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    match credential::authorization_code(&mut conn, &hash).await? {
        Some(row) => in_environment(&mut conn, environment_id, row.application_id).await,
        None => Ok(None),
    }
}

/// The application to which a refresh token was issued.
pub async fn owner_of_refresh_token(
    state: &AppState,
    environment_id: Uuid,
    token: &str,
) -> ServiceResult<Option<Arc<Application>>> {
    let Some(hash) = SecretKind::RefreshToken.hash_of(token) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    match credential::refresh_token(&mut conn, &hash).await? {
        Some(row) => in_environment(&mut conn, environment_id, row.application_id).await,
        None => Ok(None),
    }
}

/// The application for which a hand-off code was made, and the user who is impersonated.
pub async fn owner_of_hand_off(
    state: &AppState,
    environment_id: Uuid,
    code: &str,
) -> ServiceResult<Option<(Arc<Application>, Uuid)>> {
    let Some(hash) = SecretKind::HandOffCode.hash_of(code) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    let Some(row) = credential::hand_off(&mut conn, &hash).await? else { return Ok(None) };
    let Some(session) = session::standing(&mut conn, environment_id, row.session_id).await? else { return Ok(None) };
    let application = in_environment(&mut conn, environment_id, row.application_id).await?;
    Ok(application.map(|application| (application, session.user_id)))
}

/// The application that registered this address for after signing out, where it is one: letter by letter, but for an
/// international host, which has two spellings.
pub async fn owner_of_logout_uri(
    state: &AppState,
    environment_id: Uuid,
    uri: &str,
) -> ServiceResult<Option<Arc<Application>>> {
    let mut conn = state.db.read().await?;
    if let Some(asked) = canonical_host(uri) {
        let known = table::logout_uris(&mut conn, environment_id).await?;
        let mut owners: Vec<Uuid> = known
            .into_iter()
            .filter(|(_, uri)| canonical_host(uri).as_ref() == Some(&asked))
            .map(|(id, _)| id)
            .collect();
        owners.sort();
        owners.dedup();
        return match owners.as_slice() {
            [only] => in_environment(&mut conn, environment_id, *only).await,
            _ => Ok(None),
        };
    }
    let mut found = table::by_logout_uri(&mut conn, environment_id, uri).await?;
    Ok(if found.len() == 1 { found.pop().map(Arc::new) } else { None })
}

async fn in_environment(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Arc<Application>>> {
    Ok(table::by_id(conn, environment_id, id).await?.map(Arc::new))
}
