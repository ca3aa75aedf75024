//! What is to be said of a refusal, carried by the answer to the one place that all answers pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::response::Response;

use crate::model::problem::ProblemKind;

/// Whether a request's mistake is counted already.
#[derive(Clone, Default)]
pub struct Noted(Arc<AtomicBool>);

impl Noted {
    pub fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_marked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What is to be said of a refusal, unless that was done where it was found out.
#[derive(Clone, Debug)]
pub struct Unnoted {
    pub kind: ProblemKind,
    pub text: String,
    /// The client that the request names, where that was read.
    pub client_id: Option<String>,
}

impl Unnoted {
    pub fn attach(self, response: &mut Response) {
        response.extensions_mut().insert(self);
    }

    /// Lets a refusal say which client it was that sent what is refused.
    pub fn name(response: &mut Response, client_id: Option<&str>) {
        if let Some(unnoted) = response.extensions_mut().get_mut::<Self>() {
            unnoted.client_id = unnoted.client_id.take().or_else(|| client_id.map(ToOwned::to_owned));
        }
    }
}
