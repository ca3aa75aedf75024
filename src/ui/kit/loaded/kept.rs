//! A view that stays while its data is loaded again: what is new in the data becomes new inside of it. The focus, an open
//! popover and a question that waits for its answer stay where they are, whoever starts or ends what meanwhile.

use std::sync::Arc;

use leptos::prelude::*;
use serde::de::DeserializeOwned;

use super::{Loading, here};
use crate::model::error::ApiError;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::state::{error_view, nothing};

/// What stands in the view's place.
enum Phase<T: 'static> {
    Waiting,
    There(ArcRwSignal<T>),
    Failed(ApiError),
}

impl<T> Clone for Phase<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Waiting => Self::Waiting,
            Self::There(data) => Self::There(data.clone()),
            Self::Failed(error) => Self::Failed(error.clone()),
        }
    }
}

impl<T: Send + Sync + 'static> Phase<T> {
    fn of(answer: Option<Result<T, ApiError>>) -> Self {
        match answer {
            None => Self::Waiting,
            Some(Ok(data)) => Self::There(ArcRwSignal::new(data)),
            Some(Err(error)) => Self::Failed(error),
        }
    }
}

/// Shows data in one view for as long as there is data. `waiting` stands in its place before.
pub fn kept<T>(
    data: Loading<T>,
    waiting: fn() -> AnyView,
    render: impl Fn(Signal<T>) -> AnyView + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    keep(data, waiting, Some(error_view), Arc::new(render))
}

/// The same for a fragment beside the one that reports failures: it stays as it was then, as long as the environment is the
/// same, and empty where it was nothing yet.
pub fn kept_quietly<T>(data: Loading<T>, render: impl Fn(Signal<T>) -> AnyView + Send + Sync + 'static) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    keep(data, nothing, None, Arc::new(render))
}

fn keep<T>(
    data: Loading<T>,
    waiting: fn() -> AnyView,
    failed: Option<fn(ApiError) -> AnyView>,
    render: Arc<dyn Fn(Signal<T>) -> AnyView + Send + Sync>,
) -> AnyView
where
    T: Clone + DeserializeOwned + Send + Sync + 'static,
{
    // What came with the page is there at once, on both sides.
    let phase = RwSignal::new(Phase::of(untrack(|| data.get())));
    let here = here();
    let place = StoredValue::new(here());
    let mut is_first = true;
    effect(move || {
        let is_first = std::mem::take(&mut is_first);
        let answer = data.get();
        let stays = failed.is_none() && place.with_value(|place| *place == here());
        if matches!(answer, Some(Ok(_))) {
            place.set_value(here());
        }
        match (answer, phase.get_untracked()) {
            // Shown already.
            (Some(_), Phase::There(_)) if is_first => {}
            (Some(Ok(fresh)), Phase::There(shown)) => shown.set(fresh),
            (Some(Err(_)), Phase::There(_)) if stays => {}
            (Some(answer), _) => phase.set(Phase::of(Some(answer))),
            (None, _) => {}
        }
    });
    (move || match phase.get() {
        Phase::Waiting => waiting(),
        Phase::There(data) => render(RwSignal::from(data).into()),
        Phase::Failed(error) => failed.map_or_else(nothing, |failed| failed(error)),
    })
    .erased()
}
