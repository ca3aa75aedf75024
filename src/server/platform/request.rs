//! The id of the request that is being answered, for whatever is written down on its way.

use std::sync::Arc;

tokio::task_local! {
    static ID: Arc<str>;
}

/// Answers the request of this id.
pub fn answer<T>(id: Arc<str>, answer: impl Future<Output = T>) -> impl Future<Output = T> {
    ID.scope(id, answer)
}

/// The id of the request that is being answered here. None for what happens without one: timers, commands, tasks of their own.
pub fn id() -> Option<String> {
    ID.try_with(|id| id.to_string()).ok()
}
