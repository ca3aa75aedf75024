//! Reading a resource: old content stays while new content loads, and a failure is content too.

use leptos::prelude::*;

use super::state::{error_view, nothing};
use crate::model::error::ApiError;

pub type Loading<T> = Resource<Result<T, ApiError>>;

/// Renders what `resource` brings. `fallback` shows only where there is nothing older to show.
pub fn loaded<T>(
    resource: Loading<T>,
    fallback: fn() -> AnyView,
    render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=fallback>
            {move || Suspend::new(async move {
                match resource.await {
                    Ok(data) => render(data),
                    Err(error) => error_view(error),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// The same for a fragment beside the one that reports failures: it stays empty then.
pub fn loaded_quietly<T>(resource: Loading<T>, render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static) -> AnyView
where
    T: Clone + Send + Sync + 'static,
{
    view! {
        <Transition fallback=nothing>
            {move || Suspend::new(async move { resource.await.map_or_else(|_| nothing(), render) })}
        </Transition>
    }
    .into_any()
}
