//! What the bearer token of a call opens of its user's own. Whoever is shown a token may ask about its user what the token's
//! scope says; the user's sessions and the choice of account are for the page that the user is at.

use std::sync::Arc;

use axum::http::Method;

use super::call::Call;
use super::error::{SdkError, SdkResult};
use crate::server::domain::subject::Subject;
use crate::server::error::ServiceResult;
use crate::server::oauth::access::{self, Access, Of};
use crate::server::oauth::claims::SELF_SERVICE;
use crate::server::oauth::provider::Provider;

/// Whom the token is about, for what its scope opens, from a page of its application or from a server.
pub async fn about(call: &Call) -> SdkResult<(Access, Arc<Subject>)> {
    let (access, subject) = access::bearer(&call.provider, None).await?;
    call.require_page_of(&access.application).await?;
    if !access.has_scope("openid") {
        return Err(SdkError::forbidden("The token does not have the scope openid."));
    }
    Ok((access, subject))
}

/// Whom the token is about, for what only the user's own page may do: by a token that an SDK got, and where something
/// changes, from where a browser says a page.
pub async fn self_service(call: &Call) -> SdkResult<(Access, Arc<Subject>)> {
    let (access, subject) = about(call).await?;
    if !access.has_scope(SELF_SERVICE) {
        return Err(SdkError::forbidden(
            "This token opens nothing of the user's own: only one that an SDK got with the scopes profile and email does.",
        ));
    }
    if call.method != Method::GET && call.header("origin").is_empty() {
        return Err(SdkError::forbidden("Only a page of the application may do this."));
    }
    Ok((access, subject))
}

/// Whether the token alone may end its session, whoever sends it: one of an SDK that was not revoked. That the session is over
/// already is no obstacle: signing out of it changes nothing.
pub async fn may_end(provider: &Provider, access: &Access) -> ServiceResult<bool> {
    let Of::Session(token) = &access.of else { return Ok(false) };
    let state = &provider.state;
    let seen = state.sessions.session(&state.db, provider.environment.id, token.session_id).await?;
    let is_good = seen.is_some_and(|seen| !seen.is_revoked(token.family_id));
    Ok(is_good && access.has_scope(SELF_SERVICE))
}
