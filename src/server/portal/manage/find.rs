//! What the palette asks: JSON, for its script alone.

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::at::At;
use crate::server::http::caller::status;
use crate::server::service::directory::find;

pub async fn find(at: At) -> Response {
    let found = find::find(&at.caller, at.words.get("q")).await;
    let mut response = match found {
        Ok(found) => Json(found).into_response(),
        Err(error) => {
            let refusal = at.refusal(error);
            (status(&refusal), Json(refusal)).into_response()
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
