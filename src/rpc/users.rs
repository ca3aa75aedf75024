//! Users: the list and one user's page.

use leptos::prelude::*;
use uuid::Uuid;

use crate::model::error::ApiError;
use crate::model::user::{UserDetail, UserQuery, UsersPage};

#[server(prefix = "/rpc", endpoint = "users/list")]
pub async fn list_users(environment: String, query: UserQuery) -> Result<UsersPage, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::directory::user::list(&caller, &query).await)
}

#[server(prefix = "/rpc", endpoint = "users/get")]
pub async fn get_user(environment: String, user_id: Uuid) -> Result<UserDetail, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::directory::user::get(&caller, user_id).await)
}
