//! An event of the audit trail.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::actor::Actor;
use crate::model::audit::{ActorKind, Severity};
use crate::model::mode::Mode;
use crate::server::platform::text;

/// An event as it is stored and read.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub action: String,
    pub severity: Severity,
    pub actor_kind: ActorKind,
    pub actor_id: Option<Uuid>,
    pub actor_name: String,
    pub operator_id: Option<Uuid>,
    pub operator_name: Option<String>,
    pub user_id: Option<Uuid>,
    pub user_name: Option<String>,
    pub user_email: Option<String>,
    pub account_id: Option<Uuid>,
    pub account_name: Option<String>,
    pub application_id: Option<Uuid>,
    pub application_name: Option<String>,
    pub session_id: Option<Uuid>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub description: String,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub visible_to_account: bool,
    /// For what happened in a session.
    pub mode: Option<Mode>,
}

/// A place in the trail. There is no event where a word of it is not known: a newer server wrote it, and it still has its place
/// among the others, from which pages go on.
#[derive(Clone, Debug)]
pub struct TrailEntry {
    pub occurred_at: DateTime<Utc>,
    pub id: Uuid,
    pub event: Option<AuditEvent>,
}

impl AuditEvent {
    /// An event that is about nobody yet, and that operators see alone. Its id and time are given as it is written.
    pub fn new(environment_id: Uuid, action: &str, severity: Severity, by: &Actor, description: String) -> Self {
        Self {
            id: Uuid::nil(),
            environment_id,
            occurred_at: DateTime::default(),
            action: action.to_owned(),
            severity,
            actor_kind: by.kind(),
            actor_id: by.id(),
            actor_name: by.name().to_owned(),
            operator_id: None,
            operator_name: None,
            user_id: None,
            user_name: None,
            user_email: None,
            account_id: None,
            account_name: None,
            application_id: None,
            application_name: None,
            session_id: None,
            reason: None,
            ticket: None,
            description,
            ip_address: None,
            user_agent: None,
            request_id: None,
            visible_to_account: false,
            mode: None,
        }
    }

    /// What a search looks through.
    pub fn search_text(&self) -> String {
        let parts = [
            Some(&self.action),
            Some(&self.actor_name),
            self.operator_name.as_ref(),
            self.user_name.as_ref(),
            self.user_email.as_ref(),
            self.account_name.as_ref(),
            self.application_name.as_ref(),
            self.reason.as_ref(),
            self.ticket.as_ref(),
            Some(&self.description),
            self.ip_address.as_ref(),
            self.request_id.as_ref(),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        text::search_text(&parts)
    }
}
