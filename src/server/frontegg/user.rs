//! The signed-in user, as the SDKs ask after every token: who it is, which accounts it has, and moving between them.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::Call;
use super::error::{SdkError, SdkResult};
use super::own;
use crate::server::domain::subject::Subject;
use crate::server::oauth::access::Access;
use crate::server::oauth::claims::Act;
use crate::server::service::session::self_service::{self, OwnAccount};
use crate::server::service::tokens::profile;

/// `users/v2/me` and `v3/me`. What stands here is laid over the token's claims in the SDK's `user`.
pub async fn me(call: Call) -> SdkResult<Response> {
    let provider = &call.provider;
    let (access, subject) = own::about(&call).await?;
    let session = &subject.session;
    let user = provider.user_of(session);
    let profile = profile::of(&user, &subject).await?;
    let accounts = profile::accounts(&user, &subject, access.application.id).await?;
    let roles = profile.roles.iter();
    let roles: Vec<Value> =
        roles.map(|(key, name)| json!({ "id": key, "key": key, "name": name, "permissions": [] })).collect();
    let permissions = subject.permissions.iter();
    let permissions: Vec<Value> = permissions.map(|key| json!({ "id": key, "key": key, "name": key })).collect();
    let tenants: Vec<Value> = accounts.iter().map(|account| tenant(session.user_id, account)).collect();
    let mut body = json!({
        "id": session.user_id,
        "sub": session.user_id,
        "sid": session.id,
        "roles": roles,
        "permissions": permissions,
        "tenantId": subject.tenant_id,
        "tenantIds": subject.tenant_ids,
        "tenants": tenants,
        "mfaEnrolled": false,
        "metadata": "{}",
        "createdAt": profile.created_at,
        "lastLogin": profile.last_login_at,
    });
    // What the scope does not open is not there at all: a null would be laid over the claim.
    if access.has_scope("email") {
        body["email"] = json!(session.user_email);
        body["verified"] = json!(session.email_verified);
    }
    if access.has_scope("profile") {
        body["name"] = json!(session.user_name);
        body["profilePictureUrl"] = json!(profile.picture_url);
    }
    if let Some(act) = Act::of(provider, session) {
        body["act"] = json!(act);
    }
    Ok(Json(body).into_response())
}

/// An account as a tenant. Times and owners of accounts are nobody's business here; the SDKs only need the members.
fn tenant(user_id: Uuid, account: &OwnAccount) -> Value {
    json!({ "id": account.external_id, "tenantId": account.external_id, "name": account.name, "userId": user_id })
}

async fn accounts(call: &Call) -> SdkResult<(Access, Arc<Subject>, Vec<OwnAccount>)> {
    let (access, subject) = own::about(call).await?;
    let user = call.provider.user_of(&subject.session);
    let accounts = profile::accounts(&user, &subject, access.application.id).await?;
    Ok((access, subject, accounts))
}

/// `users/v3/me/tenants`, and `v1`, which says the same of the tab's own session.
pub async fn tenants(call: Call) -> SdkResult<Response> {
    let (_, subject, accounts) = accounts(&call).await?;
    let user_id = subject.session.user_id;
    let active = accounts.iter().find(|account| account.current).map(|account| tenant(user_id, account));
    let tenants: Vec<Value> = accounts.iter().map(|account| tenant(user_id, account)).collect();
    Ok(Json(json!({ "tenants": tenants, "activeTenant": active })).into_response())
}

/// `users/v2/me/tenants`: only the list.
pub async fn tenants_v2(call: Call) -> SdkResult<Response> {
    let (_, subject, accounts) = accounts(&call).await?;
    let user_id = subject.session.user_id;
    let tenants: Vec<Value> = accounts.iter().map(|account| tenant(user_id, account)).collect();
    Ok(Json(tenants).into_response())
}

/// `users/v1/me/authorization`.
pub async fn authorization(call: Call) -> SdkResult<Response> {
    let (_, subject) = own::about(&call).await?;
    let permissions: Vec<Value> = subject.permissions.iter().map(|key| json!({ "key": key })).collect();
    let roles: Vec<Value> = subject.roles.iter().map(|key| json!({ "key": key })).collect();
    Ok(Json(json!({ "roles": roles, "permissions": permissions })).into_response())
}

/// `PUT users/v1/tenant`: moves the session to another account. The tokens that come next are of that account.
pub async fn switch(call: Call) -> SdkResult<Response> {
    let wanted = call.input.get("tenantId").ok_or_else(|| SdkError::request("tenantId is missing"))?;
    own::self_service(&call).await?;
    let (_, subject, accounts) = accounts(&call).await?;
    let Some(account) = accounts.iter().find(|account| account.external_id == wanted) else {
        return Err(SdkError::missing("tenantId is no account that this session can switch to"));
    };
    if !account.current {
        self_service::switch(&call.provider.user_of(&subject.session), &subject.session, wanted).await?;
    }
    Ok(Json(tenant(subject.session.user_id, account)).into_response())
}
