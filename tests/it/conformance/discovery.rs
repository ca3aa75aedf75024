//! OpenID Connect Discovery 1.0, and what OAuth 2.0 Authorization Server Metadata (RFC 8414) adds.

use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::forge::verified_in;
use super::raw::{FORM, header_of, metadata, send};
use crate::identity::flow::{
    AMARA, RITA, VERIFIER, answered, authorize_path, bare, basic, call, claims, code, impersonating, redirect_uri,
    refresh, signed_in, text, tokens, userinfo,
};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp, encode};

fn words(document: &Value, name: &str) -> Vec<String> {
    let list = document[name].as_array().unwrap_or_else(|| panic!("no {name} in {document}"));
    list.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
}

#[tokio::test]
async fn the_document_is_json_below_the_issuer_and_names_it_exactly() {
    let app = TestApp::new().await;
    for environment in ["production", "staging"] {
        let path = format!("/id/{environment}/.well-known/openid-configuration");
        let answer = app.browser().get(&path).await.expect_status(StatusCode::OK);
        assert_eq!(header_of(&answer, "content-type"), "application/json");
        let issuer = answer.json()["issuer"].as_str().expect("an issuer").to_owned();
        assert_eq!(format!("{issuer}/.well-known/openid-configuration"), format!("{}{path}", crate::support::ORIGIN));
        assert!(!issuer.contains(['?', '#']) && !issuer.ends_with('/'), "{issuer}");
    }
}

#[tokio::test]
async fn the_document_has_every_required_member_and_no_empty_one() {
    let app = TestApp::new().await;
    let document = metadata(&app, "production").await;
    let uris = [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
        "end_session_endpoint",
    ];
    for name in uris {
        let uri: url::Url = text(&document, name).parse().unwrap_or_else(|_| panic!("{name} is no URL"));
        assert!(uri.fragment().is_none() && uri.query().is_none(), "{uri}");
    }
    let required = ["response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"];
    for name in required {
        assert!(!words(&document, name).is_empty());
    }
    assert!(words(&document, "id_token_signing_alg_values_supported").contains(&"RS256".to_owned()));
    assert!(words(&document, "scopes_supported").contains(&"openid".to_owned()));
    for endpoint in ["token", "introspection", "revocation"] {
        if words(&document, &format!("{endpoint}_endpoint_auth_methods_supported")).contains(&"private_key_jwt".into())
        {
            let algorithms = words(&document, &format!("{endpoint}_endpoint_auth_signing_alg_values_supported"));
            assert!(algorithms.contains(&"RS256".to_owned()), "{algorithms:?}");
        }
    }
    assert_eq!(document["request_uri_parameter_supported"], false, "left out it would mean true");
    for (name, value) in document.as_object().expect("an object") {
        let empty = value.is_null() || *value == "" || *value == json!([]);
        assert!(!empty, "{name} is empty");
        assert!(!value.to_string().contains("\"none\"") || !name.ends_with("alg_values_supported"), "{name}: {value}");
    }
}

#[tokio::test]
async fn every_client_authentication_in_the_document_works_where_it_says() {
    let app = TestApp::new().await;
    let document = metadata(&app, "production").await;
    let mut browser = signed_in(&app, AMARA).await;
    for endpoint in ["token", "revocation", "introspection"] {
        for method in words(&document, &format!("{endpoint}_endpoint_auth_methods_supported")) {
            if method == "private_key_jwt" {
                // Tested with its keys where it is tested in full.
                continue;
            }
            let client = if method == "none" { "dispatch" } else { "console" };
            let issued = tokens(&app, &mut browser, client, &[]).await;
            let token = text(&issued, "refresh_token");
            let mut form = match endpoint {
                "token" => vec![("grant_type", "refresh_token"), ("refresh_token", token)],
                _ => vec![("token", token)],
            };
            let proof = basic("console", CONSOLE_SECRET);
            let mut headers = vec![("content-type", FORM)];
            match method.as_str() {
                "client_secret_basic" => headers.push(("authorization", &proof)),
                "client_secret_post" => form.extend([("client_id", "console"), ("client_secret", CONSOLE_SECRET)]),
                "none" => form.push(("client_id", "dispatch")),
                other => panic!("no test for {other}"),
            }
            let path =
                text(&document, &format!("{endpoint}_endpoint")).split("/id/").nth(1).expect("a path").to_owned();
            let answer = send(&app, Method::POST, &path, &headers, encode(&form)).await;
            assert_eq!(answer.status(), StatusCode::OK, "{method} at {endpoint}: {}", answer.body());
        }
    }
    assert!(!words(&document, "introspection_endpoint_auth_methods_supported").contains(&"none".to_owned()));
}

#[tokio::test]
async fn what_the_document_lists_is_there_and_nothing_else_is() {
    let app = TestApp::new().await;
    let document = metadata(&app, "production").await;
    let mut browser = signed_in(&app, AMARA).await;
    for response_type in words(&document, "response_types_supported") {
        let answer = browser.get(&authorize_path("console", &[("response_type", &response_type)])).await;
        assert!(answered(&answer, "code").is_some(), "{response_type}");
    }
    assert_eq!(words(&document, "response_modes_supported"), ["query", "form_post"]);
    for mode in words(&document, "response_modes_supported") {
        let answer = browser.get(&authorize_path("console", &[("response_mode", &mode)])).await;
        let by_form = answer.body().contains("name=\"code\" value=\"uac_");
        let by_redirect =
            answer.headers().get("location").is_some_and(|to| to.as_bytes().starts_with(b"https://console"));
        assert_eq!((by_redirect, by_form), (mode == "query", mode == "form_post"), "{mode}");
    }
    assert_eq!(words(&document, "code_challenge_methods_supported"), ["S256"]);
    let listed = words(&document, "grant_types_supported");
    let known = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ];
    for grant in known {
        let answer = call(&app, "/token", "console", &[("grant_type", grant)]).await;
        let supported = answer.status() == StatusCode::OK || answer.json()["error"] != "unsupported_grant_type";
        assert_eq!(supported, listed.iter().any(|word| word == grant), "{grant}: {}", answer.body());
    }
    for scope in words(&document, "scopes_supported") {
        let asked = format!("openid {scope}");
        let answer = tokens(&app, &mut browser, "console", &[("scope", &asked)]).await;
        assert!(text(&answer, "scope").split(' ').any(|word| word == scope), "{scope}");
    }
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let info = userinfo(&app, text(&issued, "access_token")).await.json();
    let listed = words(&document, "claims_supported");
    for said in [&claims(&issued["id_token"]), &info] {
        for claim in said.as_object().expect("an object").keys() {
            assert!(listed.contains(claim), "{claim} is not in claims_supported");
        }
    }
    // Some are an access token's, and `act` an impersonation's.
    let (mut operator, _) = impersonating(&app, RITA, "northwind", "console").await;
    let impersonated = tokens(&app, &mut operator, "console", &[]).await;
    let said = [&issued, &impersonated].map(|answer| [claims(&answer["id_token"]), claims(&answer["access_token"])]);
    for claim in listed {
        let found = said.iter().flatten().chain([&info]).any(|claims| claims.get(&claim).is_some());
        assert!(found, "{claim} is listed and in no token and no userinfo");
    }
}

#[tokio::test]
async fn keys_are_published_by_their_thumbprints_and_without_their_private_half() {
    let app = TestApp::new().await;
    let uri = text(&metadata(&app, "production").await, "jwks_uri").to_owned();
    let answer = app.browser().get(uri.strip_prefix(crate::support::ORIGIN).expect("ours")).await;
    assert!(header_of(&answer, "content-type").starts_with("application/"), "{}", header_of(&answer, "content-type"));
    let keys = answer.json()["keys"].as_array().expect("keys").clone();
    assert!(keys.len() >= 2);
    for key in &keys {
        let field = |name: &str| text(key, name);
        let canonical = match field("kty") {
            "RSA" => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, field("e"), field("n")),
            "EC" => format!(r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#, field("crv"), field("x"), field("y")),
            other => panic!("{other}"),
        };
        assert_eq!(field("kid"), URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes())));
        assert_eq!(field("use"), "sig");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private} of {}", field("kid"));
        }
    }
}

#[tokio::test]
async fn each_environment_has_an_issuer_and_keys_of_its_own() {
    let app = TestApp::new().await;
    let (production, staging) = (metadata(&app, "production").await, metadata(&app, "staging").await);
    for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
        assert_ne!(production[name], staging[name]);
    }
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&issued, "access_token");
    assert_eq!(verified_in(&app, "production", token).await.expect("verified")["iss"], production["issuer"]);
    assert_eq!(verified_in(&app, "staging", token).await, None);
}

#[tokio::test]
async fn a_client_that_knows_only_the_document_gets_tokens() {
    let app = TestApp::new().await;
    let document = metadata(&app, "production").await;
    let path = |name: &str| text(&document, name).strip_prefix(crate::support::ORIGIN).expect("ours").to_owned();
    let mut browser = signed_in(&app, AMARA).await;
    assert!(authorize_path("console", &[]).starts_with(&path("authorization_endpoint")));
    let code = code(&mut browser, "console", &[]).await;
    let uri = redirect_uri("console");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &uri),
        ("code_verifier", VERIFIER),
        ("client_id", "console"),
        ("client_secret", CONSOLE_SECRET),
    ];
    let endpoint = path("token_endpoint");
    let endpoint = endpoint.strip_prefix("/id/production").expect("below the issuer");
    let issued = bare(&app, endpoint, &form).await.expect_status(StatusCode::OK).json();
    refresh(&app, "console", text(&issued, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
}
