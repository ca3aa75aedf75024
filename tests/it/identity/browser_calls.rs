//! What scripts of registered origins may call, discovery and keys, and reported actions.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};

use super::flow::{AMARA, bare, refused, report, signed_in, text, tokens, with_bearer};
use crate::support::{ResponseExt, TestApp};

const ENDPOINTS: [(&str, &str); 5] =
    [("POST", "/token"), ("GET", "/userinfo"), ("POST", "/introspect"), ("POST", "/revoke"), ("POST", "/events")];

fn request(method: &str, path: &str, origin: &str, preflight_for: Option<&str>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/id/production{path}"))
        .header(header::ORIGIN, origin)
        .header("sec-fetch-site", "cross-site");
    if let Some(method) = preflight_for {
        request = request.header(header::ACCESS_CONTROL_REQUEST_METHOD, method);
        request = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
    }
    request.body(Body::empty()).expect("a request")
}

#[tokio::test]
async fn scripts_of_registered_origins_may_call_and_no_others() {
    let app = TestApp::new().await;
    for (method, path) in ENDPOINTS {
        let origin = "https://console.example";
        let preflight = app.browser().send(request("OPTIONS", path, origin, Some(method))).await;
        assert_eq!(preflight.status(), StatusCode::NO_CONTENT, "{path}");
        assert_eq!(preflight.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], origin, "{path}");
        assert!(!preflight.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        let answer = app.browser().send(request(method, path, origin, None)).await;
        assert_ne!(answer.status(), StatusCode::FORBIDDEN, "{path} is protected like a form");
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], origin, "{path}");
        for stranger in ["https://evil.example", "http://console.example", "https://console.example:8443", "null"] {
            for answer in [
                app.browser().send(request("OPTIONS", path, stranger, Some(method))).await,
                app.browser().send(request(method, path, stranger, None)).await,
            ] {
                assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path} for {stranger}");
                assert!(answer.headers().get_all(header::VARY).iter().any(|vary| vary == "origin"), "{path}");
            }
        }
    }
    let page = app.browser().send(request("GET", "/login", "https://console.example", None)).await;
    assert!(!page.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn discovery_names_endpoints_that_exist_below_the_issuer() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let document =
        browser.get("/id/production/.well-known/openid-configuration").await.expect_status(StatusCode::OK).json();
    let issuer = "http://localhost:3000/id/production";
    assert_eq!(document["issuer"], issuer);
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["response_types_supported"], serde_json::json!(["code"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["response_modes_supported"], serde_json::json!(["query", "form_post"]));
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    let grants = serde_json::json!(["authorization_code", "refresh_token", "client_credentials", exchange]);
    assert_eq!(document["grant_types_supported"], grants);
    for endpoint in ["token", "introspection", "revocation"] {
        let methods = document[format!("{endpoint}_endpoint_auth_methods_supported")].as_array().expect("methods");
        assert!(methods.iter().any(|method| method == "private_key_jwt"), "{endpoint}");
        let algorithms = &document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(*algorithms, serde_json::json!(["RS256", "ES256"]), "{endpoint}");
    }
    for (name, value) in document.as_object().expect("an object") {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let url = value.as_str().expect("an address");
            assert!(url.starts_with(issuer), "{url}");
            let path = url.strip_prefix("http://localhost:3000").expect("ours");
            let answer = browser.get(path).await;
            assert_ne!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
    let keys = browser.get("/id/production/.well-known/jwks.json").await.expect_status(StatusCode::OK).json();
    let keys = keys["keys"].as_array().expect("keys").clone();
    assert_eq!(keys.len(), 4, "of each algorithm the active one and the next");
    assert_eq!(keys[0]["alg"], "RS256");
    assert_eq!(keys[1]["alg"], "ES256");
    for key in &keys {
        assert_eq!(key["use"], "sig");
        assert!(key["kid"].is_string());
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(key.get(private).is_none(), "a private key was published");
        }
    }
}

#[tokio::test]
async fn a_reported_action_is_in_the_trail_as_the_users() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&answer, "access_token");
    let body = r#"{"action":"invoice.exported","description":"Exported invoice 4711","severity":"medium"}"#;
    report(&app, token, body).await.expect_status(StatusCode::NO_CONTENT);
    let events = app.events("application.invoice.exported").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_name, "Amara Okafor");
    assert_eq!(events[0].operator_name, None);
    assert!(events[0].visible_to_account);
    assert_eq!(
        app.count("audit_events WHERE action = 'application.invoice.exported' AND application_name = 'Console'").await,
        1
    );
    for malformed in ["", "[]", "{}", r#"{"action":""}"#, r#"{"action":"A b"}"#, r#"{"action":"a","severity":"loud"}"#]
    {
        let answer = report(&app, token, malformed).await;
        refused(answer, StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    }
    let plain = with_bearer(&app, Method::POST, "/events", token, None).await;
    assert_eq!(plain.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let anonymous = bare(&app, "/events", &[]).await;
    assert_eq!(anonymous.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"understudy\"");
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(app.events("application.invoice.exported").await.len(), 1);
}

#[tokio::test]
async fn reports_are_limited_per_session_and_say_for_how_long() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let mut last = None;
    for _ in 0..121 {
        last = Some(report(&app, text(&answer, "access_token"), r#"{"action":"clicked"}"#).await);
    }
    let answer = last.expect("an answer").expect_status(StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(app.events("application.clicked").await.len(), 120);
}
