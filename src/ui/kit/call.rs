//! Calls of the portal's server functions: one way to the server for all of them, without their types.
//!
//! Not `ServerFn::run_on_client`, which is a copy of the whole way, from the fields to the answer's bytes, for every function.
//! Here a call is a path and a form's text; what is generic is only the reading at the end.

use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::redirect::{REDIRECT_HEADER, call_redirect_hook};
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::js_sys::futures::JsFuture;
use leptos::web_sys::{AbortController, Headers, RequestInit, Response};
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::error::ApiError;
use crate::model::json;

pub type Coming<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An answer as it came: JSON.
pub type Text = Arc<str>;

/// A call of a server function.
pub trait Call: Serialize + Send + 'static {
    type Output: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    const PATH: &'static str;

    /// Runs on the server itself.
    fn run(self) -> Coming<Result<Self::Output, ApiError>>;
}

impl<C, T> Call for C
where
    C: ServerFn<Output = T, Error = ApiError> + Serialize + 'static,
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    type Output = T;
    const PATH: &'static str = <C as ServerFn>::PATH;

    fn run(self) -> Coming<Result<T, ApiError>> {
        Box::pin(self.run_body())
    }
}

/// Asks the server, from the browser.
pub async fn ask<C: Call>(call: C) -> Result<C::Output, ApiError> {
    read(&post(C::PATH, fields_of(&call)).await?)
}

/// A call's fields, as a form sends them.
pub fn fields_of<C: Call>(call: &C) -> String {
    serde_qs::to_string(call).unwrap_or_default()
}

/// What an answer says.
///
/// # Errors
/// [`ApiError::Failed`] where it is nothing that the function answers.
pub fn read<T: DeserializeOwned>(answer: &str) -> Result<T, ApiError> {
    json::read(answer).map_err(|_| ApiError::Failed)
}

/// Sends a form's fields to the server function at `path`, from the browser. An answer that leads on to another page leads
/// there. Whoever does not wait for the answer any more gives up the request.
pub fn post(path: &'static str, fields: String) -> Coming<Result<Text, ApiError>> {
    Box::pin(SendWrapper::new(async move {
        let response = fetch(path, &fields).await.ok_or(ApiError::Unreachable)?;
        let text = text_of(&response).await.ok_or(ApiError::Failed)?;
        if response.status() >= 400 {
            return Err(json::read(&text).unwrap_or(ApiError::Failed));
        }
        let header = |name| response.headers().get(name).ok().flatten();
        if header(REDIRECT_HEADER).is_some() {
            call_redirect_hook(&header("location").unwrap_or_default());
        }
        Ok(text.into())
    }))
}

async fn fetch(path: &str, fields: &str) -> Option<Response> {
    let headers = Headers::new().ok()?;
    headers.set("accept", "application/json").ok()?;
    headers.set("content-type", "application/x-www-form-urlencoded").ok()?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&JsValue::from_str(fields));
    let unwanted = Unwanted(AbortController::new().ok());
    request.set_signal(unwanted.0.as_ref().map(AbortController::signal).as_ref());
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &request)).await;
    unwanted.no_more();
    response.ok()?.dyn_into().ok()
}

async fn text_of(response: &Response) -> Option<String> {
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

/// Ends a request for which nobody waits any more.
struct Unwanted(Option<AbortController>);

impl Unwanted {
    fn no_more(mut self) {
        self.0 = None;
    }
}

impl Drop for Unwanted {
    fn drop(&mut self) {
        if let Some(request) = self.0.take() {
            request.abort();
        }
    }
}
