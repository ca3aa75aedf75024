//! An id token that comes back as a hint about who is meant: verified, but allowed to be old.

use uuid::Uuid;

use super::access::verify;
use super::provider::Provider;
use crate::server::error::ServiceResult;

pub struct IdHint {
    pub session_id: Uuid,
    pub user_id: Uuid,
    pub client_id: String,
}

/// The hint, if it is an id token of this provider.
pub async fn id_token(provider: &Provider, token: &str) -> ServiceResult<Option<IdHint>> {
    let Some(verified) = verify(provider, token).await? else { return Ok(None) };
    if !verified.typ.eq_ignore_ascii_case("JWT") {
        return Ok(None);
    }
    let user_id = verified.text("sub").and_then(|text| Uuid::try_parse(text).ok());
    let client_id = verified.text("aud").map(ToOwned::to_owned);
    let (Some(session_id), Some(user_id), Some(client_id)) = (verified.sid(), user_id, client_id) else {
        return Ok(None);
    };
    Ok(Some(IdHint { session_id, user_id, client_id }))
}
