//! The way in: who is limited by what, which address counts, and that nobody can keep others out.

mod addresses;
mod limits;
mod operators;
mod protected;
mod queue;
mod secrecy;
mod settings;
mod words;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, header};
use std::net::SocketAddr;

use crate::support::{Browser, ORIGIN, encode};

pub const OLIVIA: &str = "olivia@understudy.example";
pub const AMARA: &str = "amara@northwind.example";

/// A form as a browser posts it over a connection from `peer`, with more headers.
pub async fn post_from(
    browser: &mut Browser,
    peer: &str,
    headers: &[(&str, &str)],
    path: &str,
    form: &[(&str, &str)],
) -> Response<String> {
    let mut request = Request::post(path)
        .header(header::ACCEPT, if path.starts_with("/rpc/") { "application/json" } else { "text/html" })
        .header(header::ORIGIN, ORIGIN)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(encode(form))).expect("a request");
    let peer = SocketAddr::new(peer.parse().expect("an address"), 40_000);
    request.extensions_mut().insert(ConnectInfo(peer));
    browser.send(request).await
}

/// Signs in to the portal over a connection from `peer`.
pub async fn portal(browser: &mut Browser, peer: &str, email: &str, password: &str) -> Response<String> {
    let form = [("email", email), ("password", password), ("return_to", "/")];
    post_from(browser, peer, &[], "/rpc/sign-in", &form).await
}

/// Signs in on the hosted page of production over a connection from `peer`.
pub async fn hosted(browser: &mut Browser, peer: &str, email: &str, password: &str) -> Response<String> {
    post_from(browser, peer, &[], "/id/production/login", &[("email", email), ("password", password)]).await
}
