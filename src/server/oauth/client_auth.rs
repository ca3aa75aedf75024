//! Who a client is, and its one proof (RFC 6749 section 2.3, OpenID Connect Core section 9): a secret in the Authorization
//! header or in the form, an assertion signed with its private key, or for a public client the client id alone, which
//! PKCE then binds to its code.

use std::sync::Arc;

use super::basic;
use super::error::{OAuthError, OAuthResult};
use super::parameters::Parameters;
use super::problem::note;
use super::provider::Provider;
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::service::registry::relying_party;
use crate::server::service::tokens::client::{self, Assertion};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Endpoints at which clients prove themselves: an assertion may name any of them as its audience.
const ENDPOINTS: [&str; 4] = ["/token", "/introspect", "/revoke", "/events"];

/// The client of a request to the token or revocation endpoint.
pub async fn client(provider: &Provider, form: &Parameters) -> OAuthResult<Arc<Application>> {
    let Credentials { client_id, proof } = credentials(provider, form).inspect_err(|error| {
        let kind = match error {
            OAuthError::ClientRefused(_) => ProblemKind::ClientAssertion,
            _ => ProblemKind::TokenRequest,
        };
        note(provider, None, kind, error.description());
    })?;
    let refused = || OAuthError::InvalidClient { basic: matches!(proof, Proof::Basic(_)) };
    if client_id.contains('\0') {
        return Err(refused());
    }
    let found = relying_party::application(&provider.state, provider.environment.id, &client_id).await?;
    let Some(application) = found else {
        note(provider, None, ProblemKind::ClientId, &client_id);
        return Err(refused());
    };
    let proven = match &proof {
        Proof::None => application.is_public(),
        Proof::Basic(secret) => match secret {
            Some(secret) => relying_party::has_secret(&provider.state, &application, secret),
            None => application.is_public(),
        },
        Proof::Post(secret) => relying_party::has_secret(&provider.state, &application, secret),
        Proof::Assertion(assertion) => {
            let issuer = provider.issuer();
            let mut audiences: Vec<String> = ENDPOINTS.iter().map(|path| format!("{issuer}{path}")).collect();
            audiences.push(issuer);
            let accepted = client::accept(&provider.state, &application, assertion, &audiences).await?;
            if let Err(reason) = accepted {
                note(provider, Some(&application), ProblemKind::ClientAssertion, reason);
                return Err(OAuthError::ClientRefused(reason));
            }
            true
        }
    };
    if proven {
        return Ok(application);
    }
    let how = match &proof {
        Proof::Basic(Some(_)) => "sent in the Authorization header",
        Proof::Post(_) => "sent in the form",
        _ => "none was sent",
    };
    note(provider, Some(&application), ProblemKind::ClientSecret, how);
    Err(refused())
}

/// The client of a request that only a client with a proof of its own may make.
pub async fn confidential_client(provider: &Provider, form: &Parameters) -> OAuthResult<Arc<Application>> {
    let application = client(provider, form).await?;
    if application.is_public() {
        note(provider, Some(&application), ProblemKind::ClientSecret, "only a client with a proof of its own may ask");
        return Err(OAuthError::InvalidClient { basic: false });
    }
    Ok(application)
}

struct Credentials<'a> {
    client_id: String,
    proof: Proof<'a>,
}

enum Proof<'a> {
    None,
    /// A public client may send its id in the header, without a secret.
    Basic(Option<String>),
    Post(&'a str),
    Assertion(Assertion<'a>),
}

/// What the request offers. One way to prove oneself is enough, and two are refused.
fn credentials<'a>(provider: &Provider, form: &'a Parameters) -> OAuthResult<Credentials<'a>> {
    let invalid = |text: &str| Err(OAuthError::InvalidRequest(text.to_owned()));
    let basic = basic::from_header(&provider.headers)?;
    let secret = form.get("client_secret");
    let assertion = from_assertion(form)?;
    if usize::from(basic.is_some()) + usize::from(secret.is_some()) + usize::from(assertion.is_some()) > 1 {
        return invalid("use one way of client authentication, not two");
    }
    let named = form.get("client_id");
    if let Some((client_id, secret)) = basic {
        if named.is_some_and(|named| named != client_id) {
            return invalid("client_id is not the one in the Authorization header");
        }
        return Ok(Credentials { client_id, proof: Proof::Basic(secret) });
    }
    if let Some(assertion) = assertion {
        let client_id = assertion.client_id().ok_or(OAuthError::ClientRefused("the client assertion has no sub"))?;
        if named.is_some_and(|named| named != client_id) {
            return invalid("client_id is not the one in the client assertion");
        }
        return Ok(Credentials { client_id: client_id.to_owned(), proof: Proof::Assertion(assertion) });
    }
    let client_id = named.ok_or(OAuthError::InvalidClient { basic: false })?.to_owned();
    Ok(Credentials { client_id, proof: secret.map_or(Proof::None, Proof::Post) })
}

/// RFC 7521 section 4.2: the assertion and its type come together.
fn from_assertion(form: &Parameters) -> OAuthResult<Option<Assertion<'_>>> {
    match (form.get("client_assertion"), form.get("client_assertion_type")) {
        (None, None) => Ok(None),
        (Some(text), Some(JWT_BEARER)) => {
            let assertion = Assertion::read(text).ok_or(OAuthError::ClientRefused("the client assertion is no JWT"))?;
            Ok(Some(assertion))
        }
        (Some(_), Some(_)) => Err(OAuthError::ClientRefused("this client_assertion_type is not supported")),
        (Some(_), None) => Err(OAuthError::InvalidRequest("client_assertion_type is missing".to_owned())),
        (None, Some(_)) => Err(OAuthError::InvalidRequest("client_assertion is missing".to_owned())),
    }
}
