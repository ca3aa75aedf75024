//! What clients read first: OpenID Connect Discovery and the public keys.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::token::GRANT_TYPES;
use crate::model::key::SigningAlgorithm;
use crate::server::oauth::claims::{CLAIMS, SCOPES};
use crate::server::oauth::error::OAuthResult;
use crate::server::oauth::provider::Provider;
use crate::server::service::registry::relying_party;

const CONFIDENTIAL_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
const AUTHENTICATION_METHODS: [&str; 4] = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];

pub async fn document(provider: Provider) -> Response {
    cached(Json(metadata(&provider.issuer())).into_response())
}

fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": GRANT_TYPES,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": SigningAlgorithm::ALL,
        "token_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": SigningAlgorithm::ALL,
        "introspection_endpoint_auth_methods_supported": CONFIDENTIAL_METHODS,
        "introspection_endpoint_auth_signing_alg_values_supported": SigningAlgorithm::ALL,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": SigningAlgorithm::ALL,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": CLAIMS,
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

/// All keys of the environment, active ones first, RS256 before ES256: also those that are not in use yet or any more.
pub async fn keys(provider: Provider) -> OAuthResult<Response> {
    let keys = relying_party::keys(&provider.state, provider.environment.id).await?;
    let keys: Vec<_> = keys.iter().map(|key| &key.public_jwk).collect();
    Ok(cached(Json(json!({ "keys": keys })).into_response()))
}

/// Public and rarely changed: clients may keep it for as long as an access token lives.
fn cached(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
