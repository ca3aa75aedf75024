//! Reading data: old content stays while new content loads, and a failure is content too.
//!
//! In the browser, one resource type holds every kind of data, and one view waits for it: what is generic here is only the
//! reading at the end. On the server nothing is waited for: what the page shows was loaded before it is drawn (see
//! [`ahead`]).

pub mod ahead;
mod held;
mod kept;

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use self::ahead::HandedOver;
use self::held::{Held, PageJson};
pub use self::kept::{kept, kept_quietly};
use crate::model::error::ApiError;
use crate::ui::kit::IN_BROWSER;
use crate::ui::kit::call::{Call, Coming, fields_of, post};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::state::{error_view, nothing};

/// Data that is on its way from a server function, or came with the page.
pub struct Loading<T> {
    held: Place,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Loading<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loading<T> {}

/// Where the answer is. Which of the two is known when the code is compiled, so that neither side carries the other's.
#[derive(Clone, Copy)]
enum Place {
    /// The page that the server draws.
    Page(StoredValue<Held>),
    Browser(Resource<Held, PageJson>),
}

impl<T: Clone + DeserializeOwned + Send + Sync + 'static> Loading<T> {
    /// Loads it again. What is shown stays until then.
    pub fn refetch(self) {
        if let Place::Browser(resource) = self.held {
            resource.refetch();
        }
    }

    /// What is there now. Reactive.
    pub fn get(self) -> Option<Result<T, ApiError>> {
        match self.held {
            Place::Page(held) => Some(held.with_value(Held::read)),
            Place::Browser(resource) => resource.get().map(|held| held.read()),
        }
    }
}

/// Loads data, and again whenever `source` changes.
pub fn loading<S, C>(
    source: impl Fn() -> S + Send + Sync + 'static,
    call: impl Fn(S) -> C + Send + Sync + 'static,
) -> Loading<C::Output>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    C: Call,
{
    if IN_BROWSER {
        let ask = move |input: S| ask(C::PATH, Some(fields_of(&call(input))));
        return Loading { held: in_browser(source, ask), kind: PhantomData };
    }
    let call = call(untrack(source));
    Loading { held: in_page(move |page| page.take(call)), kind: PhantomData }
}

/// The same where there may be nothing to load.
pub fn loading_some<S, C>(
    source: impl Fn() -> S + Send + Sync + 'static,
    call: impl Fn(S) -> Option<C> + Send + Sync + 'static,
) -> Loading<Option<C::Output>>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    C: Call,
{
    if IN_BROWSER {
        let ask = move |input: S| ask(C::PATH, call(input).as_ref().map(fields_of));
        return Loading { held: in_browser(source, ask), kind: PhantomData };
    }
    let call = call(untrack(source));
    let held = in_page(move |page| match call {
        Some(call) => page.take_some(call),
        None => page.keep(Held::of(Ok(None::<C::Output>))),
    });
    Loading { held, kind: PhantomData }
}

/// Asks the server, unless there is nothing to ask.
fn ask(path: &'static str, fields: Option<String>) -> Coming<Held> {
    Box::pin(async move {
        Held::Text(match fields {
            Some(fields) => post(path, fields).await,
            None => Ok("null".into()),
        })
    })
}

/// What the page that the server draws was given as the answer to `call`. The browser finds it in the page.
pub fn given<C: Call>(call: &C) -> Option<C::Output> {
    if IN_BROWSER { None } else { use_context::<HandedOver>()?.peek(call) }
}

/// Reads from what was handed over.
fn in_page(read: impl FnOnce(&HandedOver) -> Held) -> Place {
    Place::Page(StoredValue::new(use_context::<HandedOver>().map_or_else(Held::none, |page| read(&page))))
}

fn in_browser<S>(
    source: impl Fn() -> S + Send + Sync + 'static,
    ask: impl Fn(S) -> Coming<Held> + Send + Sync + 'static,
) -> Place
where
    S: PartialEq + Clone + Send + Sync + 'static,
{
    let source = move || Source(Arc::new(source()));
    let ask = move |source: Source| -> Coming<Held> {
        match source.0.as_any().downcast_ref::<S>() {
            Some(input) => ask(input.clone()),
            None => Box::pin(async { Held::none() }),
        }
    };
    Place::Browser(resource(Box::new(source), Box::new(ask)))
}

fn resource(
    source: Box<dyn Fn() -> Source + Send + Sync>,
    ask: Box<dyn Fn(Source) -> Coming<Held> + Send + Sync>,
) -> Resource<Held, PageJson> {
    Resource::new_with_options(source, ask, false)
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
    failed: impl Fn(ApiError) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    transition(data.held, Arc::new(fallback), Some(pending), view_of(render, failed))
}

/// The same for a fragment beside the one that reports failures: it stays as it was then, as long as the environment is the
/// same, and empty where it was nothing yet.
pub fn loaded_quietly<T>(data: Loading<T>, render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let here = here();
    let last = StoredValue::new(None::<(String, T)>);
    let view = move |held: Held| {
        if let Ok(data) = held.read::<T>() {
            last.set_value(Some((here(), data)));
        }
        let known = last.get_value().filter(|(place, _)| *place == here());
        known.map_or_else(nothing, |(_, data)| render(data))
    };
    transition(data.held, Arc::new(nothing), None, Arc::new(view))
}

/// The environment's word in the URL, for what a page of one loads.
#[derive(Clone, Copy)]
pub struct Here(pub Memo<String>);

/// The environment that the page is in, whenever it is asked for: what one of them said is not shown in another.
fn here() -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let environment = use_context::<Here>().map(|Here(environment)| environment);
    move || environment.map(|environment| environment.get_untracked()).unwrap_or_default()
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
    held: Place,
    fallback: Arc<dyn Fn() -> AnyView + Send + Sync>,
    pending: Option<RwSignal<bool>>,
    view: Arc<dyn Fn(Held) -> AnyView + Send + Sync>,
) -> AnyView {
    let resource = match held {
        Place::Browser(resource) => resource,
        Place::Page(_) if IN_BROWSER => return nothing(),
        Place::Page(held) => {
            // The browser's `Transition` takes a number too.
            if let Some(page) = use_context::<HandedOver>() {
                page.number();
            }
            return (move || Some(view(held.get_value()))).erased();
        }
    };
    let pending = pending.unwrap_or_else(|| RwSignal::new(false));
    let coming = move || {
        let view = view.clone();
        Suspend::new(async move { view(resource.await) })
    };
    view! { <Transition fallback=move || fallback() set_pending=pending>{coming}</Transition> }.erased()
}
