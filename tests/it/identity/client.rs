//! An ordinary client, unmodified: the `openidconnect` crate against the provider.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RefreshToken, Scope, TokenResponse,
};
use tower::ServiceExt;

use super::flow::{AMARA, answered, impersonating};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ORIGIN, ResponseExt, TestApp};

/// The client's requests, answered by the router itself.
async fn send(router: Router, request: HttpRequest) -> Result<HttpResponse, std::convert::Infallible> {
    let (parts, body) = request.into_parts();
    let answer = router.oneshot(Request::from_parts(parts, Body::from(body))).await?;
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.expect("a body").to_bytes();
    Ok(HttpResponse::from_parts(parts, bytes.to_vec()))
}

#[tokio::test]
async fn a_standard_client_discovers_signs_in_verifies_refreshes_and_reads_the_user() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let router = app.router.clone();
    let http = move |request: HttpRequest| send(router.clone(), request);
    let issuer = IssuerUrl::new(format!("{ORIGIN}/id/production")).expect("an issuer");
    let metadata = CoreProviderMetadata::discover_async(issuer, &http).await.expect("discovery");
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new("console".into()),
        Some(ClientSecret::new(CONSOLE_SECRET.into())),
    )
    .set_redirect_uri(RedirectUrl::new("https://console.example/callback".into()).expect("an address"));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("email".into()))
        .add_scope(Scope::new("profile".into()))
        .add_extra_param("login_hint", sid.to_string())
        .set_pkce_challenge(challenge)
        .url();
    let answer = browser.get(&url.as_str()[ORIGIN.len()..]).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&answer, "state").as_ref(), Some(state.secret()));
    let code = AuthorizationCode::new(answered(&answer, "code").expect("a code"));
    let tokens =
        client.exchange_code(code).expect("an endpoint").set_pkce_verifier(verifier).request_async(&http).await;
    let tokens = tokens.expect("tokens");
    let now = app.now();
    let id_verifier = client.id_token_verifier().set_time_fn(move || now);
    let id_token = tokens.id_token().expect("an id token");
    let claims = id_token.claims(&id_verifier, &nonce).expect("a valid id token");
    assert_eq!(claims.email().map(|email| email.as_str()), Some(AMARA));
    let hash = openidconnect::AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().expect("an algorithm"),
        id_token.signing_key(&id_verifier).expect("a key"),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.expect("a hash")));
    let info: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .expect("an endpoint")
        .request_async(&http)
        .await
        .expect("userinfo");
    assert_eq!(info.email().map(|email| email.as_str()), Some(AMARA));
    let token = RefreshToken::new(tokens.refresh_token().expect("a refresh token").secret().clone());
    let again = client.exchange_refresh_token(&token).expect("an endpoint").request_async(&http).await.expect("tokens");
    assert!(again.id_token().is_some());
}
