//! Sessions as lists have them: a user's, and a browser's.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::session::{EndReason, SessionKind};

/// A session in the list of its user.
#[derive(Clone, Debug)]
pub struct ListedSession {
    pub id: Uuid,
    pub kind: SessionKind,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<EndReason>,
    pub account_id: Option<Uuid>,
    pub account_name: Option<String>,
    pub application_id: Option<Uuid>,
    pub application_name: Option<String>,
    pub operator_id: Option<Uuid>,
    pub operator_name: Option<String>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

/// A session as a browser holds it.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    pub session_id: Uuid,
    /// The one application that may use it; `None` for the user's own session.
    pub application_id: Option<Uuid>,
    pub user_id: Uuid,
    /// When the browser got it.
    pub created_at: DateTime<Utc>,
    /// When it was opened here once more, and no application asked since.
    pub reopened_at: Option<DateTime<Utc>>,
    pub kind: SessionKind,
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether any application got anything by it here.
    pub used: bool,
}
