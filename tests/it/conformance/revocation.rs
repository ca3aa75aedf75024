//! RFC 7009, token revocation.

use axum::http::{Method, StatusCode};

use super::raw::{FORM, send};
use crate::identity::flow::{AMARA, call, introspect, refresh, refused, signed_in, text, tokens, userinfo};
use crate::support::{Ledger, ResponseExt, TestApp};

#[tokio::test]
async fn a_wrong_hint_about_the_kind_of_token_does_no_harm() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for kind in ["access_token", "refresh_token"] {
        for hint in ["access_token", "refresh_token", "id_token", "unheard_of", ""] {
            let issued = tokens(&app, &mut browser, "console", &[]).await;
            let form = [("token", text(&issued, kind)), ("token_type_hint", hint)];
            let answer = call(&app, "/revoke", "console", &form).await.expect_status(StatusCode::OK);
            assert_eq!(answer.body(), "", "{kind} as {hint}");
            assert_eq!(introspect(&app, text(&issued, "access_token")).await["active"], false, "{kind} as {hint}");
            userinfo(&app, text(&issued, "access_token")).await.expect_status(StatusCode::UNAUTHORIZED);
        }
    }
}

#[tokio::test]
async fn revoking_again_or_what_never_was_is_no_error() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let revoke = async |token: &str| {
        call(&app, "/revoke", "console", &[("token", token)]).await.expect_status(StatusCode::OK);
    };
    revoke(text(&issued, "refresh_token")).await;
    let before = Ledger::of(&app).await;
    for token in [text(&issued, "refresh_token"), text(&issued, "access_token"), "unknown", "urt_unknown", "a.b.c"] {
        revoke(token).await;
    }
    before.expect_unchanged(&Ledger::of(&app).await, "revoking again");
}

#[tokio::test]
async fn a_public_client_revokes_its_own_token_and_no_other() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = tokens(&app, &mut browser, "dispatch", &[]).await;
    let foreign = tokens(&app, &mut browser, "console", &[]).await;
    for issued in [&own, &foreign] {
        let form = [("token", text(issued, "refresh_token"))];
        call(&app, "/revoke", "dispatch", &form).await.expect_status(StatusCode::OK);
    }
    let answer = refresh(&app, "dispatch", text(&own, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    refresh(&app, "console", text(&foreign, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_script_of_a_registered_origin_may_revoke() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "dispatch", &[]).await;
    let headers = [("content-type", FORM), ("origin", "https://dispatch.example"), ("sec-fetch-site", "cross-site")];
    let body = format!("client_id=dispatch&token={}", text(&issued, "refresh_token"));
    let answer = send(&app, Method::POST, "production/revoke", &headers, body).await.expect_status(StatusCode::OK);
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://dispatch.example");
}
