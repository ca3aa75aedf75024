//! What tokens say. The shape of an access token is RFC 9068's, that of an id token OpenID Connect Core's; both name
//! the operator of an impersonation under `act` (RFC 8693 section 4.1), by id and issuer and nothing else.

pub mod lists;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use self::lists::{Fitting, Lists};
use super::provider::Provider;
use crate::server::crypto::keyring::Signer;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::domain::subject::Subject;
use crate::server::error::ServiceResult;
use crate::server::platform::sha256::sha256;
use crate::server::service::registry::relying_party;
use crate::server::service::tokens::Granted;

/// How long an access token lives, unless its session ends earlier.
const ACCESS_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// The scope of tokens by which an SDK's page lists and ends the user's sessions and moves between accounts. Nobody can ask for
/// it: only the SDKs' own endpoints give it, so that a token that an ordinary client shows to an API opens none of this.
pub const SELF_SERVICE: &str = "self_service";

/// What an access token is of, under `type`: a user's session or the application itself.
pub const USER_TOKEN: &str = "userToken";
pub const APPLICATION_TOKEN: &str = "applicationToken";

pub const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
pub const CLAIMS: [&str; 21] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "jti",
    "sid",
    "nonce",
    "at_hash",
    "auth_time",
    "amr",
    "act",
    "name",
    "email",
    "email_verified",
    "tenantId",
    "tenantIds",
    "tenantName",
    "roles",
    "permissions",
    "type",
];

/// The operator of an impersonation. Reason and ticket never travel.
#[derive(Serialize)]
pub struct Act {
    pub sub: Uuid,
    /// Operators are the portal's, not the environment's.
    pub iss: String,
}

impl Act {
    pub fn of(provider: &Provider, session: &Session) -> Option<Self> {
        session.operator_id.map(|sub| Self { sub, iss: provider.state.origin() })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccessToken<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    #[serde(rename = "client_id")]
    client_id: &'a str,
    scope: &'a str,
    sid: Uuid,
    /// The client id once more, in the word of libraries that look for it under this name.
    application_id: &'a str,
    tenant_id: &'a str,
    #[serde(flatten)]
    lists: Lists<'a>,
    email: &'a str,
    #[serde(rename = "email_verified")]
    email_verified: bool,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: &'a Option<Act>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    sdk: Option<SdkClaims<'a>>,
}

/// What the Frontegg SDKs read besides, from the one token that is access token and id token to them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SdkClaims<'a> {
    metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// RFC 9068 section 2.2, for a token that an application got for itself: about no user, in no session.
#[derive(Serialize)]
struct ApplicationToken<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct IdToken<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: &'a str,
    exp: i64,
    iat: i64,
    sid: Uuid,
    at_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    /// When and how the user signed in: nothing in an impersonation, for the user did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<[&'static str; 1]>,
    #[serde(rename = "tenantId")]
    tenant_id: &'a str,
    #[serde(flatten)]
    profile: ProfileClaims<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: &'a Option<Act>,
}

/// The claims that a scope opens (OpenID Connect Core section 5.4).
#[derive(Serialize)]
pub struct ProfileClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

impl<'a> ProfileClaims<'a> {
    pub fn of(session: &'a Session, scope: &str) -> Self {
        let has = |word: &str| scope.split(' ').any(|granted| granted == word);
        Self {
            name: has("profile").then_some(session.user_name.as_str()),
            email: has("email").then_some(session.user_email.as_str()),
            email_verified: has("email").then_some(session.email_verified),
        }
    }
}

/// An access token's `jti`: its family, where it has one, and its own id.
pub fn family_of(jti: &str) -> Option<Uuid> {
    let (family, _) = jti.split_once('.')?;
    Uuid::try_parse(family).ok()
}

/// Signed tokens.
pub struct Signed {
    pub access_token: String,
    pub id_token: Option<String>,
    /// Seconds from now.
    pub expires_in: i64,
}

/// Signs what was granted with the environment's active key of the application's algorithm, off the async threads.
pub async fn sign(
    provider: &Provider,
    application: &Application,
    granted: Granted,
) -> ServiceResult<(Signed, Granted)> {
    sign_as(provider, application, granted, false).await
}

/// [`sign`], with one token in place of two: an access token with what the Frontegg SDKs expect of an id token.
pub async fn sign_for_sdk(
    provider: &Provider,
    application: &Application,
    granted: Granted,
) -> ServiceResult<(Signed, Granted)> {
    sign_as(provider, application, granted, true).await
}

async fn sign_as(
    provider: &Provider,
    application: &Application,
    granted: Granted,
    for_sdk: bool,
) -> ServiceResult<(Signed, Granted)> {
    let key =
        relying_party::active_key(&provider.state, provider.environment.id, application.signing_algorithm).await?;
    let issuer = provider.issuer();
    let act = Act::of(provider, &granted.subject.session);
    let now = provider.state.now();
    let own_id = provider.state.new_id();
    let client_id = application.client_id.clone();
    let work = move |signer: Signer<'_>| {
        let signed = sign_now(&signer, &issuer, &client_id, &act, &granted, now, own_id, for_sdk)?;
        Ok((signed, granted))
    };
    Ok(key.signing(work).await?)
}

/// The access token of an application that speaks for itself, off the async threads.
pub async fn sign_for_application(provider: &Provider, application: &Application) -> ServiceResult<Signed> {
    let key =
        relying_party::active_key(&provider.state, provider.environment.id, application.signing_algorithm).await?;
    let issuer = provider.issuer();
    let iat = provider.state.now().timestamp();
    let jti = provider.state.new_id().simple().to_string();
    let client_id = application.client_id.clone();
    let expires_in = ACCESS_LIFETIME.num_seconds();
    let work = move |signer: Signer<'_>| {
        let claims = ApplicationToken {
            iss: &issuer,
            sub: &client_id,
            aud: &client_id,
            exp: iat + expires_in,
            iat,
            jti,
            client_id: &client_id,
            kind: APPLICATION_TOKEN,
        };
        signer.sign("at+jwt", &claims)
    };
    let access_token = key.signing(work).await?;
    Ok(Signed { access_token, id_token: None, expires_in })
}

#[expect(clippy::too_many_arguments, reason = "everything that a token says, gathered once")]
fn sign_now(
    signer: &Signer<'_>,
    issuer: &str,
    client_id: &str,
    act: &Option<Act>,
    granted: &Granted,
    now: DateTime<Utc>,
    own_id: Uuid,
    for_sdk: bool,
) -> anyhow::Result<Signed> {
    let Subject { session, tenant_id, tenant_ids, roles, permissions, .. } = &granted.subject;
    let iat = now.timestamp();
    // Whole seconds, rounded down: never past the session's end.
    let exp = (now + ACCESS_LIFETIME).min(session.expires_at).timestamp();
    let scope = if for_sdk { with_self_service(&granted.scope) } else { granted.scope.clone() };
    let mut access = AccessToken {
        iss: issuer,
        sub: session.user_id,
        aud: client_id,
        exp,
        iat,
        jti: match granted.family_id {
            Some(family) => format!("{}.{}", family.simple(), own_id.simple()),
            None => own_id.simple().to_string(),
        },
        client_id,
        scope: &scope,
        sid: session.id,
        application_id: client_id,
        tenant_id,
        lists: Lists::default(),
        email: &session.user_email,
        email_verified: session.email_verified,
        name: &session.user_name,
        kind: USER_TOKEN,
        act,
        sdk: for_sdk.then(|| SdkClaims { metadata: Map::new(), nonce: granted.nonce.as_deref() }),
    };
    let others = serde_json::to_vec(&access)?.len();
    let fitting = Fitting::of(tenant_id, tenant_ids, roles, permissions, others);
    access.lists = fitting.lists();
    let access_token = signer.sign("at+jwt", &access)?;
    let openid = !for_sdk && granted.scope.split(' ').any(|word| word == "openid");
    let own = !session.is_impersonation();
    let id = IdToken {
        iss: issuer,
        sub: session.user_id,
        aud: client_id,
        exp,
        iat,
        sid: session.id,
        at_hash: half_hash(&access_token),
        nonce: granted.nonce.as_deref(),
        auth_time: own.then(|| session.created_at.timestamp()),
        amr: own.then_some(["pwd"]),
        tenant_id,
        profile: ProfileClaims::of(session, &granted.scope),
        act,
    };
    let id_token = if openid { Some(signer.sign("JWT", &id)?) } else { None };
    Ok(Signed { access_token, id_token, expires_in: exp - iat })
}

/// An SDK's own token opens the user's own sessions and the choice of account. Who asked for less than to know the user gets
/// a token that opens less, too.
fn with_self_service(scope: &str) -> String {
    let has = |word: &str| scope.split(' ').any(|granted| granted == word);
    if has("profile") && has("email") { format!("{scope} {SELF_SERVICE}") } else { scope.to_owned() }
}

/// `at_hash`: the left half of the hash that the signature uses, which is SHA-256 in both algorithms (Core 3.1.3.6).
fn half_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&sha256(access_token.as_bytes())[..16])
}
