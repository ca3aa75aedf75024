//! What the SDKs on servers ask: a token for the application itself, and with it the key that verifies its users' tokens.

use std::sync::Arc;

use anyhow::anyhow;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::PublicKeyComponents;
use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use serde_json::json;

use super::call::Call;
use super::error::{SdkError, SdkResult};
use crate::server::crypto::keyring::SigningKey;
use crate::server::oauth::access::{self, Of};
use crate::server::oauth::claims;
use crate::server::oauth::provider::Provider;
use crate::server::service::registry::relying_party;
use crate::server::service::tokens::client;

/// `POST /auth/vendor`: the client id and secret of a confidential application, for the token that it also gets by the grant
/// `client_credentials`.
pub async fn authenticate(call: Call) -> SdkResult<Response> {
    let refused = || SdkError::client("clientId is unknown or secret is not its secret");
    let provider = &call.provider;
    let (Some(client_id), Some(secret)) = (call.input.get("clientId"), call.input.get("secret")) else {
        return Err(SdkError::request("send clientId and secret"));
    };
    let found = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let is_proven = |application: &_| relying_party::has_secret(&provider.state, application, secret);
    let application = found.filter(|application| is_proven(application)).ok_or_else(refused)?;
    let signed = claims::sign_for_application(provider, &application).await?;
    Ok(Json(json!({ "token": signed.access_token, "expiresIn": signed.expires_in })).into_response())
}

/// `GET configurations/v1`: the public half of the key that signs now. SDKs keep it for as long as they run.
pub async fn configuration(call: Call) -> SdkResult<Response> {
    let provider = &call.provider;
    let access = access::unexpired(provider, call.header("x-access-token")).await?;
    let good = match access.map(|access| access.of) {
        Some(Of::Application { jti }) => !client::is_revoked(&provider.state, provider.environment.id, &jti).await?,
        Some(Of::Session(_)) | None => false,
    };
    if !good {
        return Err(SdkError::over("send the token of /auth/vendor in x-access-token"));
    }
    let public_key = pem(&active_rs256(provider).await?.public_jwk)?;
    Ok(Json(json!({ "publicKey": public_key })).into_response())
}

/// `GET /vendors/base-url`.
pub async fn base_url(provider: Provider) -> Response {
    Json(json!({ "baseURL": provider.issuer() })).into_response()
}

/// The key is the same whichever algorithm an application chose: these SDKs read RS256 only.
async fn active_rs256(provider: &Provider) -> SdkResult<Arc<SigningKey>> {
    let keys = relying_party::keys(&provider.state, provider.environment.id).await?;
    let key = keys.iter().find(|key| key.is_active() && key.algorithm == Algorithm::RS256).cloned();
    Ok(key.ok_or_else(|| anyhow!("{} has no active RS256 key", provider.environment.slug))?)
}

/// SubjectPublicKeyInfo of an RSA key, as PEM (RFC 7468 section 13).
fn pem(jwk: &Jwk) -> anyhow::Result<String> {
    let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else { return Err(anyhow!("the key is not an RSA key")) };
    let components = PublicKeyComponents { n: URL_SAFE_NO_PAD.decode(&rsa.n)?, e: URL_SAFE_NO_PAD.decode(&rsa.e)? };
    let der: PublicKeyX509Der<'_> = components.as_der().map_err(|_| anyhow!("the RSA key has no X.509 form"))?;
    let text = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Ok(format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")))
}
