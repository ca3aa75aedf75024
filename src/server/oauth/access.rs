//! Access tokens as they are presented: signature, type, issuer and time (RFC 9068 section 4), and then the session,
//! which has the last word.

use std::sync::Arc;

use axum::http::header;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use super::claims::{APPLICATION_TOKEN, USER_TOKEN, family_of};
use super::error::{OAuthError, OAuthResult};
use super::parameters::Parameters;
use super::problem::note;
use super::provider::Provider;
use crate::model::problem::ProblemKind;
pub use crate::server::cache::verified::VerifiedToken;
use crate::server::domain::application::Application;
use crate::server::domain::subject::Subject;
use crate::server::error::ServiceResult;
use crate::server::service::directory::signing_key;
use crate::server::service::registry::relying_party;
use crate::server::service::session;
use crate::server::service::tokens::{self, SessionToken, client};

/// The token, if it is a JWT of this environment. Verifies signature and issuer with the environment's own keys, each for its own
/// algorithm only: what the token says about its algorithm is compared, never believed. Times are not looked at.
pub async fn verify(provider: &Provider, token: &str) -> ServiceResult<Option<Arc<VerifiedToken>>> {
    let (state, environment_id) = (&provider.state, provider.environment.id);
    let keys = relying_party::keys(state, environment_id).await?;
    let known = state.verified.get(environment_id, token);
    // The issuer changes with the environment's host name: what was verified before that is another's.
    let is_current = |known: &VerifiedToken| known.text("iss") == Some(provider.issuer().as_str());
    if let Some(known) = known.filter(|known| keys.iter().any(|key| key.kid == known.kid) && is_current(known)) {
        return Ok(Some(known));
    }
    let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
    let known = keys.iter().find(|key| Some(&key.kid) == header.kid.as_ref() && key.algorithm == header.alg);
    let Some(key) = known else { return Ok(None) };
    let verified = signed_by(provider, token, &key.kid, key.algorithm, &key.decoding);
    let verified = verified.map(Arc::new);
    if let Some(verified) = &verified {
        state.verified.keep(token, verified.clone());
    }
    Ok(verified)
}

/// [`verify`] with keys that are published no more: such a token opens nothing, and may still say who is meant.
pub async fn verify_past(provider: &Provider, token: &str) -> ServiceResult<Option<VerifiedToken>> {
    let header = jsonwebtoken::decode_header(token).ok();
    let Some((kid, named)) = header.and_then(|header| Some((header.kid?, header.alg))) else { return Ok(None) };
    let past = signing_key::past(&provider.state, provider.environment.id, &kid).await?;
    let past = past.filter(|(algorithm, _)| *algorithm == named);
    Ok(past.and_then(|(algorithm, key)| signed_by(provider, token, &kid, algorithm, &key)))
}

fn signed_by(
    provider: &Provider,
    token: &str,
    kid: &str,
    algorithm: Algorithm,
    key: &DecodingKey,
) -> Option<VerifiedToken> {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_issuer(&[provider.issuer()]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let data = jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation).ok()?;
    let typ = data.header.typ.unwrap_or_default();
    Some(VerifiedToken { environment_id: provider.environment.id, kid: kid.to_owned(), typ, claims: data.claims })
}

/// An access token that is valid now, and its client.
pub struct Access {
    pub token: Arc<VerifiedToken>,
    pub of: Of,
    pub application: Arc<Application>,
}

impl Access {
    pub fn scope(&self) -> &str {
        self.token.text("scope").unwrap_or_default()
    }

    pub fn has_scope(&self, word: &str) -> bool {
        self.scope().split(' ').any(|granted| granted == word)
    }
}

/// Whose an access token is, and so what has the last word about it.
pub enum Of {
    /// A session of a user: it is good while the session and its family are.
    Session(SessionToken),
    /// The application's own: it is good until it is revoked.
    Application { jti: String },
}

/// The access token, if it is one of this environment and its time is not over. Says nothing about its session.
pub async fn unexpired(provider: &Provider, token: &str) -> ServiceResult<Option<Access>> {
    let Some(verified) = verify(provider, token).await? else { return Ok(None) };
    let is_access_token = ["at+jwt", "application/at+jwt"].iter().any(|typ| verified.typ.eq_ignore_ascii_case(typ));
    let expires = verified.claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    let (Some(of), Some(client_id)) = (of(&verified), verified.text("client_id")) else { return Ok(None) };
    if !is_access_token {
        return Ok(None);
    }
    if provider.state.now().timestamp() >= expires {
        if let Of::Session(token) = of {
            // Its session may be over too: then asking writes the end down.
            session::live(&provider.state, provider.environment.id, token.session_id).await?;
        }
        return Ok(None);
    }
    if verified.text("aud") != Some(client_id) {
        return Ok(None);
    }
    let application = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    Ok(application.map(|application| Access { token: verified, of, application }))
}

fn of(verified: &VerifiedToken) -> Option<Of> {
    let jti = verified.text("jti")?;
    match verified.text("type")? {
        USER_TOKEN => {
            let (session_id, family_id) = (verified.sid()?, family_of(jti));
            let tenant_id = Some(verified.text("tenantId")?.to_owned());
            Some(Of::Session(SessionToken { session_id, family_id, tenant_id }))
        }
        APPLICATION_TOKEN => Some(Of::Application { jti: jti.to_owned() }),
        _ => None,
    }
}

/// The subject of the bearer token that a request carries.
///
/// # Errors
/// An application's own token has no subject: it is good, but not for this.
pub async fn bearer(provider: &Provider, form: Option<&Parameters>) -> OAuthResult<(Access, Arc<Subject>)> {
    holder(provider, &presented(provider, form)?).await
}

/// The subject of this token, however it came.
///
/// # Errors
/// Those of [`bearer`].
pub async fn holder(provider: &Provider, token: &str) -> OAuthResult<(Access, Arc<Subject>)> {
    const INVALID: OAuthError = OAuthError::InvalidToken("the access token is unknown, expired or revoked");
    let Some(access) = unexpired(provider, token).await? else {
        note_other_token(provider, token).await?;
        return Err(INVALID);
    };
    let environment_id = provider.environment.id;
    let token = match &access.of {
        Of::Session(token) => token,
        Of::Application { jti } if client::is_revoked(&provider.state, environment_id, jti).await? => {
            return Err(INVALID);
        }
        Of::Application { .. } => return Err(OAuthError::InsufficientScope),
    };
    let subject = tokens::subject(&provider.state, environment_id, &access.application, token).await?;
    Ok((access, subject.ok_or(INVALID)?))
}

/// That a token has expired is no mistake. That it is no access token is one.
async fn note_other_token(provider: &Provider, token: &str) -> OAuthResult<()> {
    let Some(verified) = verify(provider, token).await?.filter(|verified| verified.typ.eq_ignore_ascii_case("JWT"))
    else {
        return Ok(());
    };
    let client_id = verified.text("aud").unwrap_or_default();
    let application = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let sentence = "an id token was sent where an access token belongs";
    note(provider, application.as_deref(), ProblemKind::TokenRequest, sentence);
    Ok(())
}

/// An access token comes as `Bearer`, and as nothing else.
fn note_other_scheme(provider: &Provider, value: &str) {
    let scheme = value.split_once(' ').map(|(scheme, _)| scheme);
    let scheme = scheme.filter(|scheme| scheme.len() <= 10 && scheme.bytes().all(|c| c.is_ascii_alphabetic()));
    let sentence = format!("Authorization must be Bearer with an access token, not {:?}", scheme.unwrap_or("…"));
    note(provider, None, ProblemKind::TokenRequest, &sentence);
}

/// The token in the Authorization header or in the form, not in both and never in the query (RFC 6750 section 2).
fn presented(provider: &Provider, form: Option<&Parameters>) -> OAuthResult<String> {
    let in_header = match provider.headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => {
            let value = value.to_str().unwrap_or_default();
            let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let Some((_, token)) = token else {
                note_other_scheme(provider, value);
                return Err(OAuthError::NoToken);
            };
            Some(token.trim().to_owned())
        }
    };
    let in_form = form.and_then(|form| form.get("access_token")).map(ToOwned::to_owned);
    match (in_header, in_form) {
        (Some(_), Some(_)) => Err(OAuthError::InvalidRequest("send the access token once, not twice".to_owned())),
        (Some(token), None) | (None, Some(token)) => Ok(token),
        (None, None) => Err(OAuthError::NoToken),
    }
}
