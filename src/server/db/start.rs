//! What starting an impersonation is decided by, read in one statement.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::word::{Stored, known};
use super::{DbError, DbResult, Tx, fetch_optional, operator, read_as};
use crate::model::application::LoginMethod;
use crate::model::operator::Roles;
use crate::server::domain::start::{ChosenAccount, ChosenApplication, ChosenTarget, StartFacts};

/// What was asked for, and who asks.
pub struct StartQuery<'a> {
    pub environment_id: Uuid,
    pub operator_session_id: Uuid,
    pub user_id: Uuid,
    pub account_external_id: &'a str,
    pub client_id: &'a str,
    pub now: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct StartRow {
    operator_roles: Roles,
    operator_email: String,
    enabled: bool,
    hidden_from_account: bool,
    user_id: Option<Uuid>,
    user_name: Option<String>,
    user_email: Option<String>,
    email_verified: Option<bool>,
    locked_at: Option<DateTime<Utc>>,
    is_protected: bool,
    has_memberships: bool,
    account_id: Option<Uuid>,
    account_name: Option<String>,
    account_shares_name: bool,
    membership_disabled_at: Option<DateTime<Utc>>,
    has_applications: bool,
    application_id: Option<Uuid>,
    application_name: Option<String>,
    application_shares_name: bool,
    login_method: Option<Stored<LoginMethod>>,
    app_url: Option<String>,
    login_url: Option<String>,
    keep_session_alive: Option<bool>,
}

impl TryFrom<StartRow> for StartFacts {
    type Error = DbError;

    fn try_from(row: StartRow) -> DbResult<Self> {
        // One that cannot be read is left out, as it is where applications are chosen from.
        let read = |(id, word): (Uuid, Stored<LoginMethod>)| Ok((id, word.known("applications", "login_method", id)?));
        let application = known(row.application_id.zip(row.login_method).map(read))?.pop();
        let application = application.map(|(id, login_method)| ChosenApplication {
            id,
            name: row.application_name.unwrap_or_default(),
            shares_name: row.application_shares_name,
            login_method,
            app_url: row.app_url.unwrap_or_default(),
            login_url: row.login_url.unwrap_or_default(),
            keep_session_alive: row.keep_session_alive.unwrap_or_default(),
        });
        Ok(Self {
            operator_roles: row.operator_roles,
            operator_email: row.operator_email,
            enabled: row.enabled,
            hidden_from_account: row.hidden_from_account,
            target: row.user_id.map(|id| ChosenTarget {
                id,
                name: row.user_name.unwrap_or_default(),
                email: row.user_email.unwrap_or_default(),
                email_verified: row.email_verified.unwrap_or_default(),
                locked_at: row.locked_at,
                is_protected: row.is_protected,
            }),
            has_memberships: row.has_memberships,
            account: row.account_id.map(|id| ChosenAccount {
                id,
                name: row.account_name.unwrap_or_default(),
                shares_name: row.account_shares_name,
                disabled_at: row.membership_disabled_at,
                has_applications: row.has_applications,
                application,
            }),
        })
    }
}

read_as!(StartRow => StartFacts);

/// Rows without a sort key wait to be written anew, and are equal to all that do: they share their names with nobody.
const FACTS: &str = "SELECT COALESCE((SELECT string_agg(r.role, ' ') FROM operator_roles r
                WHERE r.operator_id = o.id AND (r.environment_id = $1 OR r.environment_id IS NULL)), '') AS operator_roles,
               o.email AS operator_email, COALESCE(i.enabled AND NOT i.archived, FALSE) AS enabled,
               COALESCE(i.hide_from_account_audit, FALSE) AS hidden_from_account,
               u.id AS user_id, u.name AS user_name, u.email AS user_email, u.email_verified, u.locked_at,
               EXISTS (SELECT 1 FROM membership_roles mr
                  JOIN role_permissions rp ON rp.role_id = mr.role_id
                  JOIN protected_permissions pp ON pp.permission = rp.permission AND pp.environment_id = $1
                  WHERE mr.user_id = u.id) AS is_protected,
               EXISTS (SELECT 1 FROM memberships any_m WHERE any_m.user_id = u.id) AS has_memberships,
               m.account_id, a.name AS account_name, m.disabled_at AS membership_disabled_at,
               EXISTS (SELECT 1 FROM accounts b WHERE b.environment_id = $1 AND b.sort_name = a.sort_name
                  AND a.sort_name <> '' AND b.id <> a.id) AS account_shares_name,
               EXISTS (SELECT 1 FROM account_applications any_aa WHERE any_aa.account_id = m.account_id) AS has_applications,
               aa.application_id, p.name AS application_name,
               EXISTS (SELECT 1 FROM applications q WHERE q.environment_id = $1 AND q.sort_name = p.sort_name
                  AND p.sort_name <> '' AND q.id <> p.id) AS application_shares_name,
               p.login_method, p.app_url, p.login_url, p.keep_session_alive
             FROM operator_sessions os
             JOIN operators o ON o.id = os.operator_id
             LEFT JOIN impersonation_settings i ON i.environment_id = $1
             LEFT JOIN users u ON u.id = $2 AND u.environment_id = $1
             LEFT JOIN accounts a ON a.environment_id = $1 AND a.external_id = $3
             LEFT JOIN memberships m ON m.account_id = a.id AND m.user_id = u.id
             LEFT JOIN applications p ON p.environment_id = $1 AND p.client_id = $4
             LEFT JOIN account_applications aa ON aa.account_id = m.account_id AND aa.application_id = p.id
             WHERE os.id = $5 AND os.ended_at IS NULL AND os.expires_at > $6 AND o.disabled_at IS NULL";

/// The facts as they are now; `None` where the operator is not signed in any more. The portal session may then go on until the
/// transaction ends: whoever signs it out waits, and sees what was started from it.
pub async fn facts(tx: &mut Tx, query: &StartQuery<'_>) -> DbResult<Option<StartFacts>> {
    // First, and by itself: a statement that waits for one row has read the others before. SQLite's writers wait for each other.
    if !tx.is_sqlite() && !operator::hold_session(tx, query.operator_session_id, query.now).await? {
        return Ok(None);
    }
    fetch_optional!(
        tx,
        FACTS,
        query.environment_id,
        query.user_id,
        query.account_external_id,
        query.client_id,
        query.operator_session_id,
        query.now
    )
}
