//! The token endpoint as the SDKs call it: JSON or a form, mostly without a client id, and with an old bearer token in
//! the header, which means nothing. A public client is found by its code or refresh token, which are bound to it; the
//! code is bound to the browser by PKCE. A client with a secret must show it here as anywhere.

use std::sync::Arc;

use axum::http::header;
use axum::response::Response;

use super::call::Call;
use super::error::{SdkError, SdkResult};
use super::{answer, cookies};
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::oauth::provider::Provider;
use crate::server::oauth::{client_auth, problem};
use crate::server::service::registry::sdk;
use crate::server::service::tokens::{self, Granted, Redemption, Refreshing};

pub async fn token(call: Call) -> SdkResult<Response> {
    match call.input.get("grant_type") {
        Some("authorization_code") => {
            let application = client(&call).await?;
            let granted = noted(&call, &application, redeem(&call, &application).await)?;
            let tokens = answer::sign(&call.provider, &application, granted).await?;
            let mut response = tokens.hosted();
            cookies::keep(&call.provider, &mut response, &application, &tokens.session, tokens.family_id).await?;
            Ok(response)
        }
        Some("refresh_token") => {
            let application = client(&call).await?;
            let granted = noted(&call, &application, refresh(&call, &application).await)?;
            Ok(answer::sign(&call.provider, &application, granted).await?.hosted())
        }
        Some(other) => {
            let application = client(&call).await.ok();
            let refused = SdkError::request("grant_type must be authorization_code or refresh_token");
            let said = format!("{}, not {other:?}", refused.message());
            problem::note(&call.provider, application.as_deref(), ProblemKind::TokenRequest, &said);
            Err(refused)
        }
        None => Err(SdkError::request("grant_type is missing")),
    }
}

/// A refusal is the application's mistake, and counted as such.
fn noted(call: &Call, application: &Application, granted: SdkResult<Granted>) -> SdkResult<Granted> {
    granted.inspect_err(|refused| {
        if refused.is_mistake() {
            let about = refused.about();
            problem::note_about(&call.provider, Some(application), ProblemKind::Grant, refused.message(), about);
        }
    })
}

async fn redeem(call: &Call, application: &Application) -> SdkResult<Granted> {
    let input = &call.input;
    let presented = Redemption {
        code: input.get("code").unwrap_or_default(),
        redirect_uri: input.get("redirect_uri"),
        code_verifier: input.get("code_verifier"),
    };
    let Provider { state, environment, origin, .. } = &call.provider;
    Ok(tokens::redeem_sdk_code(state, environment.id, application, &presented, origin).await?)
}

async fn refresh(call: &Call, application: &Application) -> SdkResult<Granted> {
    let input = &call.input;
    let presented = Refreshing {
        refresh_token: input.get("refresh_token").unwrap_or_default(),
        scope: None,
        tenant_id: input.get("tenantId"),
    };
    let Provider { state, environment, origin, .. } = &call.provider;
    Ok(tokens::refresh(state, environment.id, application, &presented, origin).await?)
}

/// The client, proven as it must be.
async fn client(call: &Call) -> SdkResult<Arc<Application>> {
    let application = if proves_itself(call) {
        client_auth::client(&without_bearer(&call.provider), &call.input).await?
    } else {
        let owner = owner(call).await?;
        if !owner.is_public() {
            return Err(SdkError::client("this application has a secret and must send it"));
        }
        owner
    };
    call.require_page_of(&application).await?;
    Ok(application)
}

fn is_basic(provider: &Provider) -> bool {
    let value = provider.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(' ').next().unwrap_or_default().eq_ignore_ascii_case("basic")
}

fn proves_itself(call: &Call) -> bool {
    is_basic(&call.provider) || ["client_id", "client_assertion"].iter().any(|name| call.input.get(name).is_some())
}

fn without_bearer(provider: &Provider) -> Provider {
    let mut provider = provider.clone();
    if !is_basic(&provider) {
        provider.headers.remove(header::AUTHORIZATION);
    }
    provider
}

async fn owner(call: &Call) -> SdkResult<Arc<Application>> {
    let (state, environment_id) = (&call.provider.state, call.provider.environment.id);
    let owner = match (call.input.get("code"), call.input.get("refresh_token")) {
        (Some(code), _) => sdk::owner_of_code(state, environment_id, code).await?,
        (None, Some(token)) => sdk::owner_of_refresh_token(state, environment_id, token).await?,
        (None, None) => return Err(SdkError::over("there is neither a code nor a refresh token")),
    };
    owner.ok_or_else(|| {
        let sentence = "the code or refresh token is unknown";
        problem::note(&call.provider, None, ProblemKind::Grant, sentence);
        SdkError::over(sentence)
    })
}
