//! Reading a resource: old content stays while new content loads, and a failure is content too.
//!
//! Everything that does not need the data's type is written once, over boxed futures: each copy would be paid for in the
//! browser module.

use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::serde_json;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::state::{error_view, nothing};
use crate::model::error::ApiError;
use crate::ui::erase::Erase;

pub type Loading<T> = Resource<Result<T, ApiError>, PageJson>;

/// How data travels inside the page: JSON, read from bytes as the answers of server functions are, so that there is one
/// reader of each type.
pub struct PageJson;

impl<T: Serialize> Encoder<T> for PageJson {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for PageJson {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_slice(text.as_bytes())
    }
}

/// Data that loads anew whenever `source` changes.
pub fn loading<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loading<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let fetch = move |source| Box::pin(fetch(source)) as Pin<Box<dyn Future<Output = Result<T, ApiError>> + Send>>;
    Resource::new_with_options(source, fetch, false)
}

/// A view that is still being made.
type Coming = Pin<Box<dyn Future<Output = AnyView> + Send>>;

/// Renders what `resource` brings. `fallback` shows only where there is nothing older to show.
pub fn loaded<T>(
    resource: Loading<T>,
    fallback: fn() -> AnyView,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    transition(Arc::new(fallback), None, coming(resource, render, error_view))
}

/// The same, and says in `pending` whether newer content is on its way.
pub fn loaded_while<T>(
    resource: Loading<T>,
    fallback: fn() -> AnyView,
    pending: RwSignal<bool>,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    transition(Arc::new(fallback), Some(pending), coming(resource, render, error_view))
}

/// The same for a fragment beside the one that reports failures: it stays empty then.
pub fn loaded_quietly<T>(resource: Loading<T>, render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    transition(Arc::new(nothing), None, coming(resource, render, |_| nothing()))
}

/// The same where waiting and failing look like the place that they are in, a drawer.
pub fn loaded_or<T>(
    resource: Loading<T>,
    fallback: impl Fn() -> AnyView + Copy + Send + Sync + 'static,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
    failed: impl Fn(ApiError) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    transition(Arc::new(fallback), None, coming(resource, render, failed))
}

fn coming<T>(
    resource: Loading<T>,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
    failed: impl Fn(ApiError) -> AnyView + Copy + Send + Sync + 'static,
) -> Arc<dyn Fn() -> Coming + Send + Sync>
where
    T: Clone + Send + Sync + 'static,
{
    Arc::new(move || {
        Box::pin(async move {
            match resource.await {
                Ok(data) => render(data),
                Err(error) => failed(error),
            }
        })
    })
}

fn transition(
    fallback: Arc<dyn Fn() -> AnyView + Send + Sync>,
    pending: Option<RwSignal<bool>>,
    coming: Arc<dyn Fn() -> Coming + Send + Sync>,
) -> AnyView {
    let pending = pending.unwrap_or_else(|| RwSignal::new(false));
    view! { <Transition fallback=move || fallback() set_pending=pending>{move || Suspend::new(coming())}</Transition> }
        .erased()
}
