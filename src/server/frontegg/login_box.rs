//! The script that the SDKs load at run time from their `cdnUrl`, for pages of any origin: it holds no secret and asks
//! for nothing by itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::server::crypto::secret;
use crate::server::http::conditional;

/// One script in three sources: the first begins the function around everything, the last ends it.
const SCRIPT: &str =
    concat!(include_str!("login_box/base.js"), include_str!("login_box/box.js"), include_str!("login_box/contract.js"));
static TAG: LazyLock<String> = LazyLock::new(|| format!("\"{}\"", URL_SAFE_NO_PAD.encode(secret::hash(SCRIPT))));

/// Below the portal and below each issuer, with the version that the vendor's own address has, or without.
pub fn router() -> Router {
    let mut router = Router::new()
        .route("/admin-box/{*file}", get(versioned))
        .route("/id/{environment}/admin-box/{*file}", get(versioned));
    for file in ["login-box/index.js", "admin-portal/index.js"] {
        router = router.route(&format!("/id/{{environment}}/{file}"), get(script));
    }
    router
}

async fn versioned(Path(path): Path<HashMap<String, String>>, request: Request) -> Response {
    let file = path.get("file").map(String::as_str).unwrap_or_default();
    let known = file.ends_with("login-box/index.js") || file.ends_with("admin-portal/index.js");
    if known { script(request).await } else { StatusCode::NOT_FOUND.into_response() }
}

/// One script for both names: the second has little to do.
async fn script(request: Request) -> Response {
    let unchanged = conditional::is_known(request.headers(), &TAG);
    let mut response = if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { SCRIPT.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    // Short: pages name no version, and what they load must fit the server that they talk to.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    if let Ok(value) = HeaderValue::from_str(&TAG) {
        headers.insert(header::ETAG, value);
    }
    response
}
