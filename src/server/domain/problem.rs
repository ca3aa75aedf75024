//! A mistake of an application: what was refused, how often, and when last.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::problem::ProblemKind;

#[derive(Clone, Debug)]
pub struct ApplicationProblem {
    pub environment_id: Uuid,
    /// Nil where it cannot be told which application it was.
    pub application_id: Uuid,
    pub kind: ProblemKind,
    pub value: String,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub occurrences: i64,
    pub request_id: String,
}
