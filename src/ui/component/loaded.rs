//! Reading data: old content stays while new content loads, and a failure is content too.
//!
//! One resource type holds every kind of data, and one view waits for it: what is generic here is only the reading at the
//! end. Each copy of the machinery would be paid for in the browser module.

use std::any::Any;
use std::marker::PhantomData;
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

type Coming<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Data that is on its way from a server function, or was, in the page that the server rendered.
pub struct Loading<T> {
    held: Resource<Held, PageJson>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Loading<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loading<T> {}

impl<T: Clone + DeserializeOwned + Send + Sync + 'static> Loading<T> {
    /// Loads it again. What is shown stays until then.
    pub fn refetch(self) {
        self.held.refetch();
    }

    /// What is there now. Reactive.
    pub fn get(self) -> Option<Result<T, ApiError>> {
        self.held.get().map(|held| held.read())
    }
}

/// Loads data, and again whenever `source` changes.
pub fn loading<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loading<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let source = move || Source(Arc::new(source()));
    let fetch = move |source: Source| -> Coming<Held> {
        let Some(input) = source.0.as_any().downcast_ref::<S>() else { return Box::pin(async { Held::none() }) };
        let answer = fetch(input.clone());
        Box::pin(async move { Held::Value(Arc::new(answer.await)) })
    };
    Loading { held: resource(Box::new(source), Box::new(fetch)), kind: PhantomData }
}

fn resource(
    source: Box<dyn Fn() -> Source + Send + Sync>,
    fetch: Box<dyn Fn(Source) -> Coming<Held> + Send + Sync>,
) -> Resource<Held, PageJson> {
    Resource::new_with_options(source, fetch, false)
}

/// What data is loaded for, without its type.
#[derive(Clone)]
struct Source(Arc<dyn Input>);

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.0.same(other.0.as_any())
    }
}

trait Input: Send + Sync {
    fn same(&self, other: &dyn Any) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<S: PartialEq + Send + Sync + 'static> Input for S {
    fn same(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<S>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An answer without its type: as a value, or as the text that came with the page.
#[derive(Clone)]
enum Held {
    Value(Arc<dyn Answer>),
    Text(Arc<str>),
}

impl Held {
    fn none() -> Self {
        Self::Value(Arc::new(Err::<(), _>(ApiError::Unreachable)))
    }

    fn read<T: Clone + DeserializeOwned + 'static>(&self) -> Result<T, ApiError> {
        match self {
            Self::Value(answer) => {
                answer.as_any().downcast_ref::<Result<T, ApiError>>().cloned().unwrap_or(Err(ApiError::Unreachable))
            }
            // From bytes, as the answers of server functions are: one reader for each type.
            Self::Text(text) => serde_json::from_slice(text.as_bytes()).unwrap_or(Err(ApiError::Unreachable)),
        }
    }
}

trait Answer: Send + Sync {
    fn json(&self) -> String;
    fn as_any(&self) -> &dyn Any;
}

impl<T: Serialize + Send + Sync + 'static> Answer for Result<T, ApiError> {
    fn json(&self) -> String {
        // Only a page that is being rendered carries its data along: a browser's module does without the writers.
        if cfg!(target_arch = "wasm32") { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// How data travels inside the page.
struct PageJson;

impl Encoder<Held> for PageJson {
    type Error = std::convert::Infallible;
    type Encoded = String;

    fn encode(held: &Held) -> Result<String, Self::Error> {
        Ok(match held {
            Held::Value(answer) => answer.json(),
            Held::Text(text) => text.as_ref().to_owned(),
        })
    }
}

impl Decoder<Held> for PageJson {
    type Error = std::convert::Infallible;
    type Encoded = str;

    fn decode(text: &str) -> Result<Held, Self::Error> {
        Ok(Held::Text(text.into()))
    }
}

/// Renders what `data` brings. `fallback` shows only where there is nothing older to show.
pub fn loaded<T>(
    data: Loading<T>,
    fallback: fn() -> AnyView,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    loaded_or(data, fallback, render, error_view)
}

/// The same, and says in `pending` whether newer content is on its way.
pub fn loaded_while<T>(
    data: Loading<T>,
    fallback: fn() -> AnyView,
    pending: RwSignal<bool>,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    transition(data.held, Arc::new(fallback), Some(pending), view_of(render, error_view))
}

/// The same for a fragment beside the one that reports failures: it stays empty then.
pub fn loaded_quietly<T>(data: Loading<T>, render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    loaded_or(data, nothing, render, |_| nothing())
}

/// The same where waiting and failing look like the place that they are in, a drawer.
pub fn loaded_or<T>(
    data: Loading<T>,
    fallback: impl Fn() -> AnyView + Copy + Send + Sync + 'static,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
    failed: impl Fn(ApiError) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    transition(data.held, Arc::new(fallback), None, view_of(render, failed))
}

fn view_of<T>(
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
    failed: impl Fn(ApiError) -> AnyView + Copy + Send + Sync + 'static,
) -> Arc<dyn Fn(Held) -> AnyView + Send + Sync>
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    Arc::new(move |held| match held.read() {
        Ok(data) => render(data),
        Err(error) => failed(error),
    })
}

fn transition(
    held: Resource<Held, PageJson>,
    fallback: Arc<dyn Fn() -> AnyView + Send + Sync>,
    pending: Option<RwSignal<bool>>,
    view: Arc<dyn Fn(Held) -> AnyView + Send + Sync>,
) -> AnyView {
    let pending = pending.unwrap_or_else(|| RwSignal::new(false));
    let coming = move || {
        let view = view.clone();
        Suspend::new(async move { view(held.await) })
    };
    view! { <Transition fallback=move || fallback() set_pending=pending>{coming}</Transition> }.erased()
}
