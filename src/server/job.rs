//! Timers: what must happen though nobody asks.

mod deliver;

pub use deliver::Worker;

use std::time::Duration;

use tokio::time::Instant;

use crate::server::error::ServiceResult;
use crate::server::service::audit::index;
use crate::server::service::registry::problem;
use crate::server::service::session;
use crate::server::service::upkeep::{self, text_refresh};
use crate::server::state::AppState;

/// A forced ending is written at most this much later than it was due; it is in force at once, whatever the timer does.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);
/// Holding all running impersonations against the policy rests this many times as long as it took: some thousands of them
/// must not keep a processor busy.
const REVIEW_REST: u32 = 20;
const UPKEEP_INTERVAL: Duration = Duration::from_secs(60);
/// How long bringing old text into today's form rests after it failed: at first, and at most.
const TEXT_REST: Duration = Duration::from_secs(5);
const TEXT_REST_MOST: Duration = Duration::from_secs(600);
/// How long the index of the trail rests with nothing to do.
const TRAIL_REST: Duration = Duration::from_secs(10);
const PROBLEMS_INTERVAL: Duration = Duration::from_secs(5);

/// Runs until the process stops.
pub async fn run(state: AppState) {
    tokio::join!(
        endings(&state),
        upkeep(&state),
        text(&state),
        trail(&state),
        problems(&state),
        Worker::new(state.clone()).run()
    );
}

async fn endings(state: &AppState) {
    let mut timer = timer(EXPIRY_INTERVAL);
    let mut next_review = Instant::now();
    loop {
        let began = timer.tick().await;
        let (done, failed) = ("ended sessions that were due", "sessions that are due could not be ended");
        say(session::end_due(state).await, done, failed);
        if began >= next_review {
            let began = Instant::now();
            say(session::end_refused(state).await, done, failed);
            next_review = Instant::now() + began.elapsed() * REVIEW_REST;
        }
        state.limits.sweep();
    }
}

/// What an older version wrote is brought into today's form once, while everything else goes on. Until it is, some are not
/// found by their names: so what failed is tried again, and what is done stays done.
async fn text(state: &AppState) {
    let mut rest = TEXT_REST;
    loop {
        let outcome = text_refresh::run(state, u64::MAX).await;
        let is_done = outcome.is_ok();
        let failed = "names and addresses could not be brought into today's form yet; another attempt follows";
        say(outcome, "brought names and addresses into today's form", failed);
        if is_done {
            return;
        }
        tokio::time::sleep(rest).await;
        rest = (rest * 2).min(TEXT_REST_MOST);
    }
}

/// The index of the trail follows its newest events. Where much is left to do, as after an update, it rests as long as it works.
async fn trail(state: &AppState) {
    loop {
        let began = Instant::now();
        let rest = match index::run(state).await {
            Ok(0) => TRAIL_REST,
            Ok(_) => began.elapsed().min(TRAIL_REST),
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the index of the audit trail could not be brought up to date"
                );
                TRAIL_REST
            }
        };
        tokio::time::sleep(rest).await;
    }
}

async fn upkeep(state: &AppState) {
    let mut timer = timer(UPKEEP_INTERVAL);
    loop {
        timer.tick().await;
        say(
            upkeep::run(state).await,
            "deleted what is no longer needed",
            "what is no longer needed could not be deleted",
        );
    }
}

async fn problems(state: &AppState) {
    let mut timer = timer(PROBLEMS_INTERVAL);
    loop {
        timer.tick().await;
        if let Err(error) = problem::write_down(state).await {
            tracing::error!(error = format!("{error:#}"), "mistakes of applications could not be written down");
        }
    }
}

fn timer(interval: Duration) -> tokio::time::Interval {
    let mut timer = tokio::time::interval(interval);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    timer
}

fn say(outcome: ServiceResult<u64>, done: &str, failed: &str) {
    match outcome {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "{done}"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "{failed}"),
    }
}
