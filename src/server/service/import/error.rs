//! Why an import was not done.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::outcome::{self, Summary};
use super::problem::Problems;
use crate::server::db::DbError;
use crate::server::error::ServiceError;
use crate::server::service::directory::change::Protection;

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The files are wrong. Nothing was imported.
    #[error("{0}")]
    Rows(Problems),
    /// Something would be taken away that nobody allowed to be. Nothing was imported.
    #[error("{}", outcome::refusal(.0, .1))]
    NotAllowed(Vec<Summary>, BTreeMap<Protection, usize>),
    #[error(
        "another import into this environment is under way: {}, since {}. Wait for its end; one that was interrupted \
         counts as over after 30 seconds, and is finished or forgotten then",
        if .holder.is_empty() { "an earlier version's" } else { .holder },
        .since.format("%Y-%m-%d %H:%M:%S UTC")
    )]
    Running { holder: String, since: DateTime<Utc> },
    #[error(
        "the database refused a row, and {batches} of this import were given up; what was written before stays: {why}"
    )]
    Refused { batches: String, why: Box<ImportError> },
    #[error(
        "this import stood still for too long, and another process took it over: it finishes what was being written \
         and forgets what was not begun. Look for `data.imported` in the audit trail, or import again"
    )]
    TakenOver,
    #[error(transparent)]
    Database(#[from] DbError),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// An error of writing rows, with a busy database told apart.
pub fn written(error: ServiceError) -> ImportError {
    let error = match error {
        ServiceError::Internal(error) => error,
        ServiceError::Busy { .. } => return ImportError::Database(DbError::Busy),
        other => anyhow::Error::from(other),
    };
    match error.downcast::<DbError>() {
        Ok(error) => ImportError::Database(error),
        Err(error) => ImportError::Internal(error),
    }
}
