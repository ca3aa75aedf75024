//! Signing keys: the list, and their rotation.

use leptos::prelude::*;

use crate::model::error::ApiError;
use crate::model::key::KeysPage;

#[server(prefix = "/rpc", endpoint = "keys/list")]
pub async fn list_keys(environment: String) -> Result<KeysPage, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::directory::signing_key::list(&caller).await)
}

/// Rotates the keys of one algorithm, or of all where none is named.
#[server(prefix = "/rpc", endpoint = "keys/rotate")]
pub async fn rotate_keys(environment: String, #[server(default)] algorithm: String) -> Result<(), ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    let rotated = service::directory::signing_key::rotate(&caller, &algorithm).await;
    caller::answer(&caller.origin, rotated.map(|_| ()))
}
