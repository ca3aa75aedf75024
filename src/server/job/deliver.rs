//! Sends what is in the outbox of back-channel logout: many messages at a time, few to one application, so that a slow one
//! delays nobody but itself.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use uuid::Uuid;

use crate::server::error::ServiceResult;
use crate::server::service::delivery::back_channel_logout::{self as outbox, Delivery, Outcome};
use crate::server::state::AppState;

/// How long a message waits at most that nobody here was told of: another server, or an attempt that is due again.
const POLL: Duration = Duration::from_millis(500);
/// The end of a session is announced just before it is committed: a moment later it can be read.
const COMMIT: Duration = Duration::from_millis(25);
const AT_ONCE: usize = 128;
const AT_ONCE_TO_ONE: usize = 4;

pub struct Worker {
    state: AppState,
    running: JoinSet<()>,
    /// The application that each running attempt is for.
    applications: HashMap<Id, Uuid>,
}

impl Worker {
    pub fn new(state: AppState) -> Self {
        Self { state, running: JoinSet::new(), applications: HashMap::new() }
    }

    /// Runs until the process stops. What is under way then is tried again when its lease is over.
    pub async fn run(mut self) {
        loop {
            if let Err(error) = self.begin().await {
                tracing::error!(error = format!("{error:#}"), "the outbox of back-channel logout could not be read");
                tokio::time::sleep(POLL).await;
            }
            let state = self.state.clone();
            tokio::select! {
                () = self.finish_one(), if !self.running.is_empty() => {}
                () = state.logouts.notified() => tokio::time::sleep(COMMIT).await,
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
            for application_id in self.applications.values() {
                *under_way.entry(*application_id).or_default() += 1;
            }
            let room = AT_ONCE - self.running.len();
            let claimed = outbox::claim(&self.state, &under_way, AT_ONCE_TO_ONE, room).await?;
            if claimed.is_empty() {
                break;
            }
            for delivery in claimed {
                let application_id = delivery.application_id();
                let task = self.running.spawn(attempt(self.state.clone(), delivery));
                self.applications.insert(task.id(), application_id);
            }
        }
        Ok(())
    }

    async fn finish_one(&mut self) {
        let id = match self.running.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => {
                tracing::error!(%error, "an attempt of back-channel logout broke off");
                error.id()
            }
            None => return,
        };
        self.applications.remove(&id);
    }
}

async fn attempt(state: AppState, delivery: Delivery) {
    let outcome = match delivery.uri() {
        None => Outcome::Unsent("the application has no back-channel logout URI any more".to_owned()),
        Some(uri) => match outbox::token(&state, &delivery).await {
            Ok(token) => match state.outbound.post_form(uri, &[("logout_token", &token)]).await {
                Ok(status) => Outcome::Answered(status),
                Err(error) => Outcome::Unanswered(error),
            },
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a logout token could not be signed");
                Outcome::Unsent("the logout token could not be signed; the server’s log says why".to_owned())
            }
        },
    };
    if let Err(error) = outbox::settle(&state, &delivery, outcome).await {
        // Its lease runs out, and it is tried again.
        tracing::error!(error = format!("{error:#}"), "what became of a back-channel logout could not be written down");
    }
}
