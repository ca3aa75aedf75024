//! Accounts: finding one among thousands.

use leptos::prelude::*;

use crate::model::account::FoundAccounts;
use crate::model::error::ApiError;

/// The first accounts that have what was typed in their name or id.
#[server(prefix = "/rpc", endpoint = "accounts/search")]
pub async fn search_accounts(environment: String, #[server(default)] typed: String) -> Result<FoundAccounts, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::registry::accounts::search(&caller, &typed).await)
}
