//! Claims about the user of an access token (OpenID Connect Core section 5.3), as they are now.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::access;
use super::claims::{Act, Profile};
use super::error::{OAuthError, OAuthResult};
use super::parameters::{Parameters, ProtocolForm};
use super::provider::Provider;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserInfo<'a> {
    sub: Uuid,
    sid: Uuid,
    tenant_id: &'a str,
    tenant_ids: &'a [String],
    roles: &'a [String],
    permissions: &'a [String],
    #[serde(flatten)]
    profile: Profile<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Act>,
}

pub async fn get(provider: Provider) -> OAuthResult<Response> {
    answer(&provider, None).await
}

pub async fn post(provider: Provider, ProtocolForm(form): ProtocolForm) -> OAuthResult<Response> {
    answer(&provider, Some(&form)).await
}

async fn answer(provider: &Provider, form: Option<&Parameters>) -> OAuthResult<Response> {
    let (access, subject) = access::bearer(provider, form).await?;
    if !access.scope().split(' ').any(|word| word == "openid") {
        return Err(OAuthError::InsufficientScope);
    }
    let info = UserInfo {
        sub: subject.session.user_id,
        sid: subject.session.id,
        tenant_id: &subject.tenant_id,
        tenant_ids: &subject.tenant_ids,
        roles: &subject.roles,
        permissions: &subject.permissions,
        profile: Profile::of(&subject.session, access.scope()),
        act: Act::of(provider, &subject.session),
    };
    Ok(Json(info).into_response())
}
