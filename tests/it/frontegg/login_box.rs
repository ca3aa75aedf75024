//! The script that the SDKs load: served under every address that a `cdnUrl` can be, to pages of any origin.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::support::TestApp;

#[tokio::test]
async fn the_login_box_is_where_a_cdn_url_looks_for_it() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    for path in [
        "/admin-box/login-box/index.js",
        "/admin-box/7.119.0/login-box/index.js",
        "/admin-box/7.119.0/admin-portal/index.js",
        "/id/production/admin-box/login-box/index.js",
        "/id/production/login-box/index.js",
        "/id/production/admin-portal/index.js",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let headers = answer.headers();
        assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=300");
        assert_eq!(headers["cross-origin-resource-policy"], "cross-origin");
        assert!(answer.body().contains("window.FronteggLoginBoxInit"));
        let tag = headers[header::ETAG].clone();
        let again = Request::get(path).header(header::IF_NONE_MATCH, tag).body(Body::empty()).expect("a request");
        let again = browser.send(again).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(again.body().is_empty());
    }
    for path in ["/admin-box/", "/admin-box/other.js", "/admin-box/login-box/other.js"] {
        assert_ne!(browser.get(path).await.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_login_box_stays_small_and_asks_nothing_of_a_strict_policy() {
    let app = TestApp::new().await;
    let script = app.browser().get("/admin-box/login-box/index.js").await.into_body();
    assert!(script.len() < 24 * 1024, "{} bytes", script.len());
    for word in
        ["eval(", "new Function", "innerHTML", "outerHTML", "document.write", "setAttribute(\"style\"", "import("]
    {
        assert!(!script.contains(word), "{word}");
    }
}
