//! Delivers what is in the outbox: many messages at a time, few to one destination, so that a slow one delays nobody but itself.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use uuid::Uuid;

use crate::server::error::ServiceResult;
use crate::server::service::delivery::{attempt, outbox};
use crate::server::state::AppState;

/// How long a message waits at most that nobody here was told of: another server, or an attempt that is due again.
const POLL: Duration = Duration::from_millis(500);
/// A message is announced just before it is committed: a moment later it can be read.
const COMMIT: Duration = Duration::from_millis(25);
const AT_ONCE: usize = 128;
const AT_ONCE_TO_ONE: usize = 4;

pub struct Worker {
    state: AppState,
    running: JoinSet<()>,
    /// Where the message of each running attempt goes.
    destinations: HashMap<Id, Uuid>,
}

impl Worker {
    pub fn new(state: AppState) -> Self {
        Self { state, running: JoinSet::new(), destinations: HashMap::new() }
    }

    /// Runs until the process stops. What is under way then is tried again when its lease is over.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.begin().await {
                tracing::error!(error = format!("{error:#}"), "the outbox could not be read");
                tokio::time::sleep(POLL).await;
            }
            let state = self.state.clone();
            tokio::select! {
                () = self.finish_one(), if !self.running.is_empty() => {}
                () = state.outbox.notified() => tokio::time::sleep(COMMIT).await,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Sends everything that is due and waits for every answer.
    ///
    /// # Errors
    /// Where the outbox cannot be read.
    pub async fn run_once(&mut self) -> ServiceResult<()> {
        self.begin().await?;
        while !self.running.is_empty() {
            self.finish_one().await;
            self.begin().await?;
        }
        Ok(())
    }

    /// Begins as many attempts as are due and allowed.
    async fn begin(&mut self) -> ServiceResult<()> {
        while self.running.len() < AT_ONCE {
            let mut under_way = HashMap::new();
            for destination in self.destinations.values() {
                *under_way.entry(*destination).or_default() += 1;
            }
            let room = AT_ONCE - self.running.len();
            let claimed = outbox::claim(&self.state, &under_way, AT_ONCE_TO_ONE, room).await?;
            if claimed.is_empty() {
                break;
            }
            for message in claimed {
                let (state, destination) = (self.state.clone(), message.destination);
                let task = self.running.spawn(async move {
                    if let Err(error) = attempt(&state, &message).await {
                        // Its lease runs out, and it is tried again.
                        let kind = message.kind.as_str();
                        tracing::error!(
                            error = format!("{error:#}"),
                            kind,
                            "what became of a message could not be written down"
                        );
                    }
                });
                self.destinations.insert(task.id(), destination);
            }
        }
        Ok(())
    }

    async fn finish_one(&mut self) {
        let id = match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "an attempt to deliver a message broke off");
                error.id()
            }
            None => return,
        };
        self.destinations.remove(&id);
    }
}
