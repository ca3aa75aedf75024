//! What tokens say, and every way in which the token endpoint says no.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;

use super::flow::{
    AMARA, OLIVIA, REASON, VERIFIER, bare, basic, call, claims, code, impersonating, introspect, jose_header, redeem,
    redirect_uri, refresh, refused, signed_in, text, tokens, userinfo,
};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp, encode};

#[tokio::test]
async fn an_impersonated_token_names_user_account_and_operator_and_no_reason() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 300);
    assert_eq!(answer["scope"], "openid profile email");
    assert_eq!(jose_header(&answer["access_token"])["typ"], "at+jwt");
    assert_eq!(jose_header(&answer["access_token"])["alg"], "RS256");
    let mut access = claims(&answer["access_token"]);
    let operator = app.caller(OLIVIA, "production").await.actor.id().expect("an operator");
    let act = serde_json::json!({ "sub": operator, "iss": "http://localhost:3000" });
    let jti = access["jti"].take();
    assert!(jti.as_str().is_some_and(|jti| jti.len() > 30));
    let expected = serde_json::json!({
        "iss": "http://localhost:3000/id/production",
        "sub": app.user_id(AMARA).await,
        "aud": "console",
        "exp": app.now().timestamp() + 300,
        "iat": app.now().timestamp(),
        "jti": null,
        "client_id": "console",
        "applicationId": "console",
        "scope": "openid profile email",
        "sid": sid,
        "tenantId": "northwind",
        "tenantIds": ["empty", "harbor", "northwind"],
        "roles": ["admin", "member"],
        "permissions": ["account.audit.read", "users.write"],
        "email": AMARA,
        "email_verified": true,
        "name": "Amara Okafor",
        "type": "userToken",
        "act": act,
    });
    assert_eq!(access, expected);
    let id = claims(&answer["id_token"]);
    assert_eq!(id["act"], act);
    assert_eq!(id["nonce"], "a nonce");
    assert_eq!(id["sid"], sid.to_string());
    assert!(id.get("auth_time").is_none() && id.get("amr").is_none(), "the user did not sign in: {id}");
    assert!(id["at_hash"].is_string());
    let access_token = text(&answer, "access_token");
    let info = userinfo(&app, access_token).await.expect_status(StatusCode::OK).json();
    let named = serde_json::json!({ "sub": operator, "iss": "http://localhost:3000", "name": "Olivia Owner" });
    assert_eq!(info["act"], named);
    assert_eq!(info["tenantName"], "Northwind Traders");
    assert_eq!(info["sub"], expected["sub"]);
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let unnamed = tokens(&app, &mut browser, "console", &[("scope", "openid")]).await;
    let unnamed = userinfo(&app, text(&unnamed, "access_token")).await.expect_status(StatusCode::OK).json();
    assert!(unnamed["act"] == act && unnamed.get("tenantName").is_none(), "names are the profile's: {unnamed}");
    let introspected = introspect(&app, access_token).await;
    assert_eq!(introspected["active"], true);
    assert_eq!(introspected["act"], act);
    let refreshed = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await;
    let refreshed = refreshed.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&refreshed["access_token"])["act"], act);
    assert_eq!(claims(&refreshed["id_token"])["act"], act);
    assert!(claims(&refreshed["id_token"]).get("nonce").is_none());
    assert_eq!(introspect(&app, text(&refreshed, "access_token")).await["act"], act);
    for token in [&answer, &refreshed] {
        let said = format!("{}{}", claims(&token["access_token"]), claims(&token["id_token"]));
        assert!(!said.contains(REASON) && !said.contains("SUP-4821"), "{said}");
    }
}

#[tokio::test]
async fn a_user_who_signed_in_has_no_actor_and_says_how_and_when() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let since = app.now().timestamp();
    app.advance(TimeDelta::minutes(3));
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let (access, id) = (claims(&answer["access_token"]), claims(&answer["id_token"]));
    assert!(access.get("act").is_none() && id.get("act").is_none());
    assert_eq!(id["auth_time"], since);
    assert_eq!(id["amr"], serde_json::json!(["pwd"]));
    assert_eq!(id["email"], AMARA);
    assert_eq!(access["tenantId"], "northwind");
    assert!(introspect(&app, text(&answer, "access_token")).await.get("act").is_none());
}

#[tokio::test]
async fn only_what_was_asked_for_is_in_id_token_and_userinfo() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[("scope", "openid unheard_of")]).await;
    assert_eq!(answer["scope"], "openid");
    assert!(claims(&answer["id_token"]).get("email").is_none());
    let info = userinfo(&app, text(&answer, "access_token")).await.json();
    assert!(info.get("email").is_none() && info.get("name").is_none(), "{info}");
}

#[tokio::test]
async fn a_code_works_once_and_its_replay_takes_back_what_it_gave() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let first = redeem(&app, "console", &code).await.expect_status(StatusCode::OK).json();
    app.advance(TimeDelta::seconds(11));
    refused(redeem(&app, "console", &code).await, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.events("token.code_reused").await.len(), 1);
    let answer = refresh(&app, "console", text(&first, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(introspect(&app, text(&first, "access_token")).await["active"], false);
    userinfo(&app, text(&first, "access_token")).await.expect_status(StatusCode::UNAUTHORIZED);
    // The user stays signed in: only what the code gave is gone.
    tokens(&app, &mut browser, "console", &[]).await;
}

#[tokio::test]
async fn the_replay_of_an_impersonations_code_ends_it() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let code = code(&mut browser, "console", &[]).await;
    let first = redeem(&app, "console", &code).await.expect_status(StatusCode::OK).json();
    app.advance(TimeDelta::seconds(11));
    refused(redeem(&app, "console", &code).await, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(introspect(&app, text(&first, "access_token")).await["active"], false);
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert!(ended[0].description.ends_with("an authorization code was used twice"), "{ended:?}");
}

#[tokio::test]
async fn of_two_redemptions_at_the_same_instant_one_succeeds() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let (first, second) = tokio::join!(redeem(&app, "console", &code), redeem(&app, "console", &code));
    let mut statuses = [first.status().as_u16(), second.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
}

#[tokio::test]
async fn a_code_works_for_60_seconds() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let in_time = code(&mut browser, "console", &[]).await;
    app.advance(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    redeem(&app, "console", &in_time).await.expect_status(StatusCode::OK);
    let late = code(&mut browser, "console", &[]).await;
    app.advance(TimeDelta::seconds(60));
    refused(redeem(&app, "console", &late).await, StatusCode::BAD_REQUEST, "invalid_grant");
}

#[tokio::test]
async fn a_code_is_bound_to_its_client_its_redirect_and_its_verifier() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let grant = ("grant_type", "authorization_code");
    let uri = redirect_uri("console");
    let invalid_grant = |answer| refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    let foreign = [grant, ("code", &code), ("redirect_uri", &uri), ("code_verifier", VERIFIER)];
    invalid_grant(call(&app, "/token", "dispatch", &foreign).await);
    let other =
        [grant, ("code", &code), ("redirect_uri", "https://console.example/other"), ("code_verifier", VERIFIER)];
    invalid_grant(call(&app, "/token", "console", &other).await);
    let no_uri = [grant, ("code", &code), ("code_verifier", VERIFIER)];
    invalid_grant(call(&app, "/token", "console", &no_uri).await);
    let no_verifier = [grant, ("code", &code), ("redirect_uri", &uri)];
    invalid_grant(call(&app, "/token", "console", &no_verifier).await);
    let wrong = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl";
    let wrong_verifier = [grant, ("code", &code), ("redirect_uri", &uri), ("code_verifier", wrong)];
    invalid_grant(call(&app, "/token", "console", &wrong_verifier).await);
    redeem(&app, "console", &code).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused_as_a_downgrade() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let bound = code(&mut browser, "console", &without).await;
    refused(redeem(&app, "console", &bound).await, StatusCode::BAD_REQUEST, "invalid_grant");
    let uri = redirect_uri("console");
    let form = [("grant_type", "authorization_code"), ("code", &bound), ("redirect_uri", &uri)];
    call(&app, "/token", "console", &form).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn the_token_endpoint_names_each_mistake_as_the_standard_does() {
    let app = TestApp::new().await;
    let invalid_request = |answer| refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
    invalid_request(call(&app, "/token", "console", &[("code", "x")]).await);
    invalid_request(call(&app, "/token", "console", &[("grant_type", "")]).await);
    invalid_request(call(&app, "/token", "console", &[("grant_type", "authorization_code")]).await);
    invalid_request(call(&app, "/token", "console", &[("grant_type", "refresh_token")]).await);
    let twice = [("grant_type", "authorization_code"), ("code", "x"), ("code", "y")];
    invalid_request(call(&app, "/token", "console", &twice).await);
    let both = [("grant_type", "authorization_code"), ("code", "x"), ("client_secret", CONSOLE_SECRET)];
    invalid_request(call(&app, "/token", "console", &both).await);
    let other = [("grant_type", "authorization_code"), ("code", "x"), ("client_id", "dispatch")];
    invalid_request(call(&app, "/token", "console", &other).await);
    for grant in ["password", "urn:ietf:params:oauth:grant-type:device_code", "implicit"] {
        let answer = call(&app, "/token", "console", &[("grant_type", grant)]).await;
        refused(answer, StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let grant = [("grant_type", "authorization_code"), ("code", "uac_forged")];
    let answer = call(&app, "/token", "console", &grant).await;
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    refused(refresh(&app, "console", "urt_forged", &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    let json = Request::post("/id/production/token").header(header::CONTENT_TYPE, "application/json");
    invalid_request(app.browser().send(json.body(Body::from("{}")).expect("a request")).await);
}

#[tokio::test]
async fn a_client_that_does_not_prove_itself_is_refused_and_told_how() {
    let app = TestApp::new().await;
    let form = [("grant_type", "authorization_code"), ("code", "x")];
    let invalid = |answer| refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
    let with_header = |value: String| {
        Request::post("/id/production/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, value)
            .body(Body::from(encode(&form)))
            .expect("a request")
    };
    for value in [
        basic("console", "wrong"),
        basic("console", ""),
        basic("nobody", CONSOLE_SECRET),
        basic("dispatch", CONSOLE_SECRET),
        "Basic %%%".to_owned(),
        "Bearer x".to_owned(),
    ] {
        let answer = app.browser().send(with_header(value)).await;
        let challenge = answer.headers()[header::WWW_AUTHENTICATE].to_str().expect("text").to_owned();
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
        invalid(answer);
    }
    invalid(bare(&app, "/token", &form).await);
    let secret = |client, secret| [form[0], form[1], ("client_id", client), ("client_secret", secret)];
    invalid(bare(&app, "/token", &secret("console", "wrong")).await);
    invalid(bare(&app, "/token", &secret("console", "")).await);
    invalid(bare(&app, "/token", &secret("dispatch", CONSOLE_SECRET)).await);
    invalid(bare(&app, "/token", &secret("nobody", "")).await);
    refused(bare(&app, "/token", &secret("console", CONSOLE_SECRET)).await, StatusCode::BAD_REQUEST, "invalid_grant");
}

#[tokio::test]
async fn applications_choose_their_algorithm() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET signing_algorithm = 'ES256' WHERE client_id = 'console'").await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(jose_header(&answer["access_token"])["alg"], "ES256");
    assert_eq!(jose_header(&answer["id_token"])["alg"], "ES256");
    userinfo(&app, text(&answer, "access_token")).await.expect_status(StatusCode::OK);
}
