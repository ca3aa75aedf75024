//! Hints about who is meant: an id in a login hint, and an id token that comes back, verified, but allowed to be old.

use std::sync::Arc;

use uuid::Uuid;

use super::access::{verify, verify_past};
use super::provider::Provider;
use crate::server::error::ServiceResult;

/// The id of a session or a user that a login hint has the form of, in any spelling of one: no name that anybody typed.
pub fn id_in(login_hint: &str) -> Option<Uuid> {
    Uuid::try_parse(login_hint.trim()).ok()
}

pub struct IdHint {
    pub session_id: Uuid,
    pub user_id: Uuid,
    pub client_id: String,
    /// Whether the key that signed it is published no more: it still says who is meant, and nothing happens by it unasked.
    pub past: bool,
}

/// The hint, if it is an id token of this provider. Applications keep one for as long as their session lives, and the key
/// that signed it may have been removed long ago.
pub async fn id_token(provider: &Provider, token: &str) -> ServiceResult<Option<IdHint>> {
    let (verified, past) = match verify(provider, token).await? {
        Some(verified) => (Some(verified), false),
        None => (verify_past(provider, token).await?.map(Arc::new), true),
    };
    let Some(verified) = verified else { return Ok(None) };
    if !verified.typ.eq_ignore_ascii_case("JWT") {
        return Ok(None);
    }
    let user_id = verified.text("sub").and_then(|text| Uuid::try_parse(text).ok());
    let client_id = verified.text("aud").map(ToOwned::to_owned);
    let (Some(session_id), Some(user_id), Some(client_id)) = (verified.sid(), user_id, client_id) else {
        return Ok(None);
    };
    Ok(Some(IdHint { session_id, user_id, client_id, past }))
}
