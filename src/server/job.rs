//! Timers: what must happen though nobody asks.

use std::time::Duration;

use crate::server::service::{client_token, session};
use crate::server::state::AppState;

/// A forced ending is written at most this much later than it was due; it is in force at once, whatever the timer does.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(5);

/// Runs until the process stops.
pub async fn run(state: AppState) {
    let mut timer = tokio::time::interval(EXPIRY_INTERVAL);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        match session::end_due(&state).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "ended sessions that were due"),
            Err(error) => tracing::error!(error = format!("{error:#}"), "sessions that are due could not be ended"),
        }
        if let Err(error) = client_token::forget_expired(&state).await {
            tracing::error!(error = format!("{error:#}"), "expired tokens of clients could not be forgotten");
        }
        state.limits.sweep();
    }
}
