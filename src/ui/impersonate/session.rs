//! A session as the drawer knows it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::impersonation::{LiveImpersonation, SessionStart};

/// A session that this operator has running for the user, or had a moment ago.
#[derive(Clone, PartialEq)]
pub struct Running {
    pub session_id: Uuid,
    /// Names, as they stand beside others.
    pub account: String,
    pub application: String,
    /// What the choices go by.
    pub account_external_id: String,
    pub client_id: String,
    pub reason: String,
    pub ticket: String,
    pub started_at: DateTime<Utc>,
    pub deadline: DateTime<Utc>,
    /// When it ended before its deadline, as far as this page has learnt.
    pub ended_at: Option<DateTime<Utc>>,
    /// Where the browser refused the new tab: the address to open by hand.
    pub blocked_url: Option<String>,
}

impl Running {
    pub fn of(live: &LiveImpersonation) -> Self {
        Self {
            session_id: live.session_id,
            account: live.account_name.clone(),
            application: live.application_name.clone(),
            account_external_id: live.account_external_id.clone(),
            client_id: live.client_id.clone(),
            reason: live.reason.clone(),
            ticket: live.ticket.clone().unwrap_or_default(),
            started_at: live.started_at,
            deadline: live.deadline,
            ended_at: None,
            blocked_url: None,
        }
    }

    pub fn start(&self) -> SessionStart {
        SessionStart { started_at: self.started_at, session_id: self.session_id }
    }
}
