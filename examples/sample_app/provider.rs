//! The provider, through the `openidconnect` crate: sign-in, refresh, introspection, revocation, sign-out.
//!
//! Every id token's signature, issuer, audience, time and nonce are verified, and the access token by the id token's
//! `at_hash`. Only then are their claims read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalProviderMetadata, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IntrospectionUrl, IssuerUrl, LoginHint, Nonce, NonceVerifier,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl, RefreshToken, Scope,
    TokenIntrospectionResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::RwLock;
use url::Url;

use crate::http::Http;
use crate::logout::{self, LogoutToken};

/// Keys and endpoints are read again after this long.
const METADATA_LIFETIME: Duration = Duration::from_secs(300);
/// For a key that is not known they are read again earlier, but not with each token that anybody makes up.
const KEYS_LIFETIME: Duration = Duration::from_secs(10);
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Endpoints of other standards than OpenID Connect Discovery.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Endpoints {
    introspection_endpoint: Url,
    revocation_endpoint: Url,
    end_session_endpoint: Url,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}
impl AdditionalProviderMetadata for Endpoints {}

type Metadata = ProviderMetadata<
    Endpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

struct Discovered {
    client: Client,
    endpoints: Endpoints,
    token_endpoint: Url,
    userinfo_endpoint: Option<Url>,
    keys: JwkSet,
    at: Instant,
}

pub struct Provider {
    pub issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: ClientSecret,
    redirect_uri: RedirectUrl,
    http: Http,
    discovered: RwLock<Option<Arc<Discovered>>>,
}

/// A sign-in that has begun: where to send the browser, and what to remember until it comes back.
pub struct Begun {
    pub url: Url,
    pub state: String,
    pub nonce: Nonce,
    pub verifier: PkceCodeVerifier,
}

/// Verified tokens.
#[derive(Clone)]
pub struct Tokens {
    pub access_token: AccessToken,
    pub refresh_token: Option<RefreshToken>,
    pub id_token: String,
    pub id_claims: Map<String, Value>,
    pub access_claims: Map<String, Value>,
    /// What the provider says besides, names above all. Empty where it says nothing.
    pub info: Map<String, Value>,
    pub expires_at: Instant,
}

/// What the provider says of a session now.
pub enum Standing {
    Active { expires_at_unix: Option<i64> },
    Ended,
}

/// A refusal of the provider's, as opposed to a provider that cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Provider {
    pub fn new(issuer: &str, client_id: &str, client_secret: &str, redirect_uri: &str) -> anyhow::Result<Self> {
        Ok(Self {
            issuer: IssuerUrl::new(issuer.to_owned()).context("the issuer is no URL")?,
            client_id: ClientId::new(client_id.to_owned()),
            client_secret: ClientSecret::new(client_secret.to_owned()),
            redirect_uri: RedirectUrl::new(redirect_uri.to_owned())?,
            http: Http::new()?,
            discovered: RwLock::default(),
        })
    }

    /// The provider's endpoints and keys: read at the first use, and again when they are old.
    async fn discover(&self) -> anyhow::Result<Arc<Discovered>> {
        if let Some(known) =
            self.discovered.read().await.as_ref().filter(|known| known.at.elapsed() < METADATA_LIFETIME)
        {
            return Ok(known.clone());
        }
        let metadata = Metadata::discover_async(self.issuer.clone(), &self.http)
            .await
            .map_err(|error| anyhow!(error).context(format!("{} does not answer", self.issuer.as_str())))?;
        let endpoints = metadata.additional_metadata().clone();
        let token_endpoint = metadata.token_endpoint().context("the provider has no token endpoint")?.url().clone();
        let userinfo_endpoint = metadata.userinfo_endpoint().map(|endpoint| endpoint.url().clone());
        let keys = serde_json::from_value(serde_json::to_value(metadata.jwks())?)?;
        let client =
            CoreClient::from_provider_metadata(metadata, self.client_id.clone(), Some(self.client_secret.clone()))
                .set_redirect_uri(self.redirect_uri.clone())
                .set_introspection_url(IntrospectionUrl::from_url(endpoints.introspection_endpoint.clone()));
        let discovered =
            Arc::new(Discovered { client, endpoints, token_endpoint, userinfo_endpoint, keys, at: Instant::now() });
        *self.discovered.write().await = Some(discovered.clone());
        Ok(discovered)
    }

    pub async fn begin(&self, login_hint: Option<&str>) -> anyhow::Result<Begun> {
        let discovered = self.discover().await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = discovered
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new_random_len(32),
                || Nonce::new_random_len(32),
            )
            .add_scopes(["profile", "email", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge);
        if let Some(hint) = login_hint {
            request = request.set_login_hint(LoginHint::new(hint.to_owned()));
        }
        let (url, state, nonce) = request.url();
        Ok(Begun { url, state: state.secret().clone(), nonce, verifier })
    }

    /// Whether the `iss` of an authorization response is this provider's (RFC 9207).
    pub async fn answered(&self, iss: Option<&str>) -> anyhow::Result<bool> {
        let expected = self.discover().await?.endpoints.authorization_response_iss_parameter_supported;
        Ok(iss.map_or(!expected, |iss| iss == self.issuer.as_str()))
    }

    pub async fn exchange(&self, code: String, nonce: &Nonce, verifier: PkceCodeVerifier) -> anyhow::Result<Tokens> {
        let discovered = self.discover().await?;
        let response = discovered
            .client
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(verifier)
            .request_async(&self.http)
            .await
            .map_err(refused)?;
        Ok(self.informed(&discovered, verify(&discovered.client, &response, nonce, None)?).await)
    }

    /// Trades a code that the provider handed over for the tokens of its session (RFC 8693).
    ///
    /// # Errors
    /// [`Refused`] where the provider says no.
    pub async fn trade(&self, code: &str) -> anyhow::Result<Tokens> {
        let discovered = self.discover().await?;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", code),
            ("subject_token_type", "urn:understudy:params:oauth:token-type:hand-off"),
            ("requested_token_type", ACCESS_TOKEN),
            ("scope", "openid profile email offline_access"),
        ];
        let response = self
            .http
            .0
            .post(discovered.token_endpoint.clone())
            .basic_auth(self.client_id.as_str(), Some(self.client_secret.secret()))
            .form(&form)
            .send()
            .await?;
        let succeeded = response.status().is_success();
        let answer: Value = response.json().await?;
        if !succeeded {
            let why = answer.get("error_description").or(answer.get("error")).and_then(Value::as_str);
            bail!(Refused(why.unwrap_or("no reason was given").to_owned()));
        }
        let issued = answer.get("issued_token_type").and_then(Value::as_str);
        ensure!(issued == Some(ACCESS_TOKEN), "the provider issued something else than an access token");
        let response: CoreTokenResponse = serde_json::from_value(answer)?;
        // Nobody asked with a nonce, so there is none to compare: the code itself works once, and for this client only.
        let tokens = verify(&discovered.client, &response, |_: Option<&Nonce>| Ok(()), None)?;
        Ok(self.informed(&discovered, tokens).await)
    }

    /// The tokens with what userinfo has to add (OpenID Connect Core section 5.3). Without it the pages show ids where names
    /// would be: no reason to turn anybody away.
    async fn informed(&self, discovered: &Discovered, mut tokens: Tokens) -> Tokens {
        let Some(endpoint) = &discovered.userinfo_endpoint else { return tokens };
        let asked = self.http.0.get(endpoint.clone()).bearer_auth(tokens.access_token.secret()).send();
        let answer = async { asked.await?.error_for_status()?.json::<Map<String, Value>>().await };
        match answer.await {
            // Of anybody else it would be somebody's mistake (section 5.3.2).
            Ok(info) if info.get("sub") == tokens.id_claims.get("sub") => tokens.info = info,
            Ok(_) => tracing::warn!("userinfo is about somebody else"),
            Err(error) => tracing::warn!(%error, "userinfo could not be read"),
        }
        tokens
    }

    /// The session that a logout token ends, if the token is the provider's and for this application.
    pub async fn ended(&self, logout_token: &str) -> anyhow::Result<LogoutToken> {
        let mut discovered = self.discover().await?;
        if !logout::is_key_known(logout_token, &discovered.keys) && discovered.at.elapsed() > KEYS_LIFETIME {
            // Signed with a key that is newer than what is known here.
            *self.discovered.write().await = None;
            discovered = self.discover().await?;
        }
        logout::verify(logout_token, &discovered.keys, self.issuer.as_str(), self.client_id.as_str(), now_unix())
    }

    /// New tokens, in another account where one is named.
    ///
    /// # Errors
    /// [`Refused`] where the provider says no.
    pub async fn refresh(&self, tokens: &Tokens, account: Option<&str>) -> anyhow::Result<Tokens> {
        let refresh_token = tokens.refresh_token.as_ref().ok_or_else(|| anyhow!("this session cannot be refreshed"))?;
        let discovered = self.discover().await?;
        let mut request = discovered.client.exchange_refresh_token(refresh_token)?;
        if let Some(account) = account {
            request = request.add_extra_param("tenantId", account);
        }
        let response = request.request_async(&self.http).await.map_err(refused)?;
        let mut renewed = verify(&discovered.client, &response, |_: Option<&Nonce>| Ok(()), Some(tokens))?;
        renewed.refresh_token = renewed.refresh_token.or_else(|| tokens.refresh_token.clone());
        Ok(self.informed(&discovered, renewed).await)
    }

    /// Asks about the refresh token, which lives as long as the session, or about the only token that there is.
    pub async fn standing(&self, tokens: &Tokens) -> anyhow::Result<Standing> {
        let discovered = self.discover().await?;
        let (token, hint) = match &tokens.refresh_token {
            Some(token) => (AccessToken::new(token.secret().clone()), "refresh_token"),
            None => (tokens.access_token.clone(), "access_token"),
        };
        let answer = discovered
            .client
            .introspect(&token)
            .set_token_type_hint(hint)
            .request_async(&self.http)
            .await
            .map_err(refused)?;
        if !answer.active() {
            return Ok(Standing::Ended);
        }
        Ok(Standing::Active { expires_at_unix: answer.exp().map(|time| time.timestamp()) })
    }

    /// Ends the session at the provider.
    pub async fn revoke(&self, tokens: &Tokens) -> anyhow::Result<()> {
        let discovered = self.discover().await?;
        let (token, hint) = match &tokens.refresh_token {
            Some(token) => (token.secret(), "refresh_token"),
            None => (tokens.access_token.secret(), "access_token"),
        };
        // Not through openidconnect: it refuses to revoke over http, also on localhost.
        let response = self
            .http
            .0
            .post(discovered.endpoints.revocation_endpoint.clone())
            .basic_auth(self.client_id.as_str(), Some(self.client_secret.secret()))
            .form(&[("token", token.as_str()), ("token_type_hint", hint)])
            .send()
            .await?;
        ensure!(response.status().is_success(), Refused(format!("revocation answered {}", response.status())));
        Ok(())
    }

    /// Where the browser signs out at the provider, to come back to `return_to`.
    pub async fn sign_out_url(&self, tokens: &Tokens, return_to: &str) -> anyhow::Result<Url> {
        let mut url = self.discover().await?.endpoints.end_session_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("id_token_hint", &tokens.id_token)
            .append_pair("client_id", self.client_id.as_str())
            .append_pair("post_logout_redirect_uri", return_to);
        Ok(url)
    }

    /// Reports an action into the environment's audit trail, in the session that it was done in. The secret shows that it is
    /// the application who says so, and not whoever else has the session's token.
    pub async fn report(&self, tokens: &Tokens, action: &str, description: &str) -> anyhow::Result<()> {
        let response = self
            .http
            .0
            .post(format!("{}/events", self.issuer.as_str().trim_end_matches('/')))
            .basic_auth(self.client_id.as_str(), Some(self.client_secret.secret()))
            .json(
                &json!({ "access_token": tokens.access_token.secret(), "action": action, "description": description }),
            )
            .send()
            .await?;
        ensure!(response.status().is_success(), Refused(format!("the report was answered {}", response.status())));
        Ok(())
    }
}

fn refused<E, R>(error: openidconnect::RequestTokenError<E, R>) -> anyhow::Error
where
    E: std::error::Error + Send + Sync + 'static,
    R: openidconnect::ErrorResponse + std::fmt::Display + Send + Sync + 'static,
{
    match error {
        openidconnect::RequestTokenError::ServerResponse(response) => Refused(response.to_string()).into(),
        other => anyhow!(other).context("the provider could not be asked"),
    }
}

fn verify(
    client: &Client,
    response: &CoreTokenResponse,
    nonce: impl NonceVerifier,
    before: Option<&Tokens>,
) -> anyhow::Result<Tokens> {
    let id_token = response.id_token().context("the provider sent no id token")?;
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, nonce).context("the id token is not valid")?;
    let wanted = claims.access_token_hash().context("the id token does not vouch for the access token")?;
    let actual = AccessTokenHash::from_token(
        response.access_token(),
        id_token.signing_alg()?,
        id_token.signing_key(&verifier)?,
    )?;
    ensure!(actual == *wanted, "the access token is not the one that the id token vouches for");
    let id_token = id_token.to_string();
    let id_claims = payload(&id_token)?;
    if before.is_some_and(|before| before.id_claims.get("sub") != id_claims.get("sub")) {
        bail!("the refreshed tokens are about somebody else");
    }
    Ok(Tokens {
        access_claims: payload(response.access_token().secret())?,
        access_token: response.access_token().clone(),
        refresh_token: response.refresh_token().cloned(),
        id_token,
        id_claims,
        info: Map::new(),
        expires_at: Instant::now() + response.expires_in().unwrap_or(Duration::from_secs(60)),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this application is a stranger to Understudy and has a clock of its own"
)]
pub fn now_unix() -> i64 {
    chrono::Utc::now().timestamp()
}

/// The claims of a JWT that is verified already.
fn payload(jwt: &str) -> anyhow::Result<Map<String, Value>> {
    let part = jwt.split('.').nth(1).context("the token is no JWT")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}
