//! A session's row with all that its right to go on depends on, read in one round trip.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::mode::Mode;
use crate::model::operator::Roles;
use crate::model::session::{EndReason, SessionKind};
use crate::server::db::word::Stored;
use crate::server::db::{DbError, DbResult, read_as};
use crate::server::domain::session::Session;

#[derive(sqlx::FromRow)]
struct StandingRow {
    id: Uuid,
    environment_id: Uuid,
    kind: Stored<SessionKind>,
    mode: Stored<Mode>,
    reason: Option<String>,
    ticket: Option<String>,
    hidden_from_account: bool,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<Stored<EndReason>>,
    user_id: Uuid,
    user_email: String,
    user_name: String,
    email_verified: bool,
    locked_at: Option<DateTime<Utc>>,
    /// The user's own sessions from before are over.
    sessions_end_before: Option<DateTime<Utc>>,
    account_id: Option<Uuid>,
    account_name: Option<String>,
    account_external_id: Option<String>,
    application_id: Option<Uuid>,
    application_name: Option<String>,
    client_id: Option<String>,
    keep_session_alive: Option<bool>,
    operator_id: Option<Uuid>,
    operator_name: Option<String>,
    operator_email: Option<String>,
    operator_disabled_at: Option<DateTime<Utc>>,
    operator_roles: Roles,
    is_member: bool,
    membership_disabled_at: Option<DateTime<Utc>>,
    is_assigned: bool,
    /// Whether it is an impersonation of somebody who holds a protected permission in any account.
    is_protected: bool,
    enabled: bool,
    /// Whether the environment is archived.
    archived: bool,
}

impl TryFrom<StandingRow> for Session {
    type Error = DbError;

    fn try_from(row: StandingRow) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            environment_id: row.environment_id,
            kind: row.kind.known("sessions", "kind", row.id)?,
            mode: row.mode.known("sessions", "mode", row.id)?,
            reason: row.reason,
            ticket: row.ticket,
            hidden_from_account: row.hidden_from_account,
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason.map(|word| word.known("sessions", "end_reason", row.id)).transpose()?,
            user_id: row.user_id,
            user_email: row.user_email,
            user_name: row.user_name,
            email_verified: row.email_verified,
            locked_at: row.locked_at,
            sessions_end_before: row.sessions_end_before,
            account_id: row.account_id,
            account_name: row.account_name,
            account_external_id: row.account_external_id,
            application_id: row.application_id,
            application_name: row.application_name,
            client_id: row.client_id,
            keep_session_alive: row.keep_session_alive,
            operator_id: row.operator_id,
            operator_name: row.operator_name,
            operator_email: row.operator_email,
            operator_disabled_at: row.operator_disabled_at,
            operator_roles: row.operator_roles,
            is_member: row.is_member,
            membership_disabled_at: row.membership_disabled_at,
            is_assigned: row.is_assigned,
            is_protected: row.is_protected,
            enabled: row.enabled,
            archived: row.archived,
        })
    }
}

read_as!(StandingRow => Session);

macro_rules! standing {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.environment_id, s.kind, s.mode, s.reason, s.ticket, COALESCE(i.hide_from_account_audit, FALSE) AS hidden_from_account, s.created_at, s.expires_at,
               s.ended_at, s.end_reason, s.user_id, u.email AS user_email, u.name AS user_name, u.email_verified, u.locked_at,
               u.sessions_end_before,
               s.account_id, a.name AS account_name, a.external_id AS account_external_id,
               s.application_id, p.name AS application_name, p.client_id, p.keep_session_alive,
               s.operator_id, o.name AS operator_name, o.email AS operator_email, o.disabled_at AS operator_disabled_at,
               COALESCE((SELECT string_agg(r.role, ' ') FROM operator_roles r
                  WHERE r.operator_id = s.operator_id AND (r.environment_id = s.environment_id OR r.environment_id IS NULL)), '')
                 AS operator_roles,
               (m.user_id IS NOT NULL) AS is_member, m.disabled_at AS membership_disabled_at,
               (aa.application_id IS NOT NULL) AS is_assigned,
               (s.kind = 'impersonation' AND EXISTS (SELECT 1 FROM membership_roles mr
                  JOIN role_permissions rp ON rp.role_id = mr.role_id
                  JOIN protected_permissions pp ON pp.permission = rp.permission AND pp.environment_id = s.environment_id
                  WHERE mr.user_id = s.user_id)) AS is_protected, COALESCE(i.enabled, FALSE) AS enabled, COALESCE(i.archived, FALSE) AS archived
             FROM sessions s
             JOIN users u ON u.id = s.user_id
             LEFT JOIN accounts a ON a.id = s.account_id
             LEFT JOIN applications p ON p.id = s.application_id
             LEFT JOIN operators o ON o.id = s.operator_id
             LEFT JOIN memberships m ON m.account_id = s.account_id AND m.user_id = s.user_id
             LEFT JOIN account_applications aa ON aa.account_id = s.account_id AND aa.application_id = s.application_id
             LEFT JOIN impersonation_settings i ON i.environment_id = s.environment_id ",
            $rest
        )
    };
}

/// Sessions of which this is true, but for those that cannot be read.
macro_rules! fetch_sessions {
    ($conn:expr, $rest:literal $(, $bind:expr)* $(,)?) => {
        fetch_known!($conn, standing!($rest) $(, $bind)*)
    };
}
