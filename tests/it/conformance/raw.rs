//! Requests as no decent client makes them: any method, headers and bytes.

use axum::body::Body;
use axum::http::{Method, Request, Response, header};

use crate::identity::flow::basic;
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp, encode};

pub const FORM: &str = "application/x-www-form-urlencoded";

/// Any request to an environment's provider, from a browser without cookies.
pub async fn send(
    app: &TestApp,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Response<String> {
    let mut request = Request::builder().method(method).uri(format!("/id/{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.browser().send(request.body(body.into()).expect("a request")).await
}

/// A body of this type from the confidential client `console`.
pub async fn post(app: &TestApp, path: &str, content_type: &str, body: impl Into<Body>) -> Response<String> {
    let proof = basic("console", CONSOLE_SECRET);
    let headers = [(header::CONTENT_TYPE.as_str(), content_type), (header::AUTHORIZATION.as_str(), &proof)];
    send(app, Method::POST, &format!("production/{path}"), &headers, body).await
}

/// A form to another environment's provider, with the secret of its own `console`, which is the same there.
pub async fn elsewhere(app: &TestApp, path: &str, form: &[(&str, &str)]) -> Response<String> {
    let proof = basic("console", CONSOLE_SECRET);
    let headers = [(header::CONTENT_TYPE.as_str(), FORM), (header::AUTHORIZATION.as_str(), &proof)];
    send(app, Method::POST, &format!("staging/{path}"), &headers, encode(form)).await
}

/// A request to an environment with this bearer token.
pub async fn bearer(app: &TestApp, path: &str, token: &str) -> Response<String> {
    let value = format!("Bearer {token}");
    send(app, Method::GET, path, &[(header::AUTHORIZATION.as_str(), &value)], Body::empty()).await
}

/// What the header says, or nothing.
pub fn header_of(answer: &Response<String>, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default()
}

/// An environment's discovery document.
pub async fn metadata(app: &TestApp, environment: &str) -> serde_json::Value {
    app.browser().get(&format!("/id/{environment}/.well-known/openid-configuration")).await.json()
}

/// The form of a page's only form, as a browser would post it untouched: action and hidden fields.
pub fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let unescape =
        |text: &str| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    page.split("<input type=\"hidden\" name=\"")
        .skip(1)
        .map(|rest| {
            let (name, rest) = rest.split_once('"').expect("a name");
            let value = rest.split("value=\"").nth(1).expect("a value").split('"').next().expect("its end");
            (name.to_owned(), unescape(value))
        })
        .collect()
}
