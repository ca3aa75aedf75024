//! Rows that are made, or changed where they are there already.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::CHUNK;
use crate::model::application::RedirectKind;
use crate::server::db::{DbResult, Tx, built, execute, expect_one};
use crate::server::platform::text;

pub struct RoleUpsert<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub key: &'a str,
    pub name: &'a str,
}

pub async fn upsert_role(tx: &mut Tx, row: &RoleUpsert<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO roles (id, environment_id, key, name) VALUES ($1, $2, $3, $4)
         ON CONFLICT (environment_id, key) DO UPDATE SET name = excluded.name, version = roles.version + 1",
        row.id,
        row.environment_id,
        row.key,
        row.name
    )?;
    Ok(())
}

/// Removes a user with all that is the user's.
pub async fn delete_user(tx: &mut Tx, environment_id: Uuid, id: Uuid) -> DbResult<()> {
    let deleted = execute!(tx, "DELETE FROM users WHERE environment_id = $1 AND id = $2", environment_id, id)?;
    expect_one("users", deleted)
}

/// Removes a role from all who have it.
pub async fn delete_role(tx: &mut Tx, environment_id: Uuid, id: Uuid) -> DbResult<()> {
    let deleted = execute!(tx, "DELETE FROM roles WHERE environment_id = $1 AND id = $2", environment_id, id)?;
    expect_one("roles", deleted)
}

pub async fn replace_permissions(tx: &mut Tx, role_id: Uuid, permissions: &[String]) -> DbResult<()> {
    execute!(tx, "DELETE FROM role_permissions WHERE role_id = $1", role_id)?;
    for permission in permissions {
        execute!(tx, "INSERT INTO role_permissions (role_id, permission) VALUES ($1, $2)", role_id, permission)?;
    }
    Ok(())
}

#[derive(Clone, sqlx::FromRow)]
pub struct ApplicationUpsert {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub client_id: String,
    pub name: String,
    pub login_method: String,
    pub app_url: String,
    pub login_url: String,
    pub initiate_login_url: Option<String>,
    pub client_secret_hash: Option<Vec<u8>>,
    pub keep_session_alive: bool,
    pub signing_algorithm: String,
    pub jwks: Option<String>,
    pub backchannel_logout_uri: Option<String>,
    /// Of a new one.
    pub created_at: DateTime<Utc>,
}

/// Without the hash of its secret.
impl fmt::Debug for ApplicationUpsert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, environment_id, client_id, name, .. } = self;
        let mut row = f.debug_struct("ApplicationUpsert");
        row.field("id", id).field("environment_id", environment_id).field("client_id", client_id);
        row.field("name", name).finish_non_exhaustive()
    }
}

pub async fn upsert_application(tx: &mut Tx, row: &ApplicationUpsert) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO applications (id, environment_id, client_id, name, login_method, app_url, login_url,
           initiate_login_url, client_secret_hash, keep_session_alive, signing_algorithm, jwks, backchannel_logout_uri,
           created_at, sort_name, search_text, text_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT (environment_id, client_id) DO UPDATE SET version = applications.version + 1, name = excluded.name, login_method = excluded.login_method,
           app_url = excluded.app_url, login_url = excluded.login_url, initiate_login_url = excluded.initiate_login_url,
           client_secret_hash = excluded.client_secret_hash, keep_session_alive = excluded.keep_session_alive,
           signing_algorithm = excluded.signing_algorithm, jwks = excluded.jwks,
           backchannel_logout_uri = excluded.backchannel_logout_uri, sort_name = excluded.sort_name,
           search_text = excluded.search_text, text_version = excluded.text_version",
        row.id,
        row.environment_id,
        &row.client_id,
        &row.name,
        &row.login_method,
        &row.app_url,
        &row.login_url,
        row.initiate_login_url.as_deref(),
        row.client_secret_hash.as_deref(),
        row.keep_session_alive,
        &row.signing_algorithm,
        row.jwks.as_deref(),
        row.backchannel_logout_uri.as_deref(),
        row.created_at,
        text::sort_key(&row.name),
        text::search_text(&[&row.name, &row.client_id]),
        text::VERSION
    )?;
    Ok(())
}

/// Those of one kind; the application's others stay.
pub async fn replace_redirect_uris(
    tx: &mut Tx,
    application_id: Uuid,
    kind: RedirectKind,
    uris: &[String],
) -> DbResult<()> {
    execute!(tx, "DELETE FROM redirect_uris WHERE application_id = $1 AND kind = $2", application_id, kind)?;
    for uri in uris {
        execute!(
            tx,
            "INSERT INTO redirect_uris (application_id, kind, uri) VALUES ($1, $2, $3)",
            application_id,
            kind,
            uri
        )?;
    }
    Ok(())
}

pub struct AccountUpsert<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub external_id: &'a str,
    pub name: &'a str,
    pub created_at: DateTime<Utc>,
}

pub async fn upsert_account(tx: &mut Tx, row: &AccountUpsert<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO accounts (id, environment_id, external_id, name, created_at, sort_name, search_text, text_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (environment_id, external_id) DO UPDATE SET version = accounts.version + 1, name = excluded.name, sort_name = excluded.sort_name,
           search_text = excluded.search_text, text_version = excluded.text_version",
        row.id,
        row.environment_id,
        row.external_id,
        row.name,
        row.created_at,
        text::sort_key(row.name),
        text::search_text(&[row.name, row.external_id]),
        text::VERSION
    )?;
    Ok(())
}

/// Makes `applications`, each with whether it is the default, all that the account has.
pub async fn replace_assignments(tx: &mut Tx, account_id: Uuid, applications: &[(Uuid, bool)]) -> DbResult<()> {
    execute!(tx, "DELETE FROM account_applications WHERE account_id = $1", account_id)?;
    for (application_id, is_default) in applications {
        execute!(
            tx,
            "INSERT INTO account_applications (account_id, application_id, is_default) VALUES ($1, $2, $3)",
            account_id,
            *application_id,
            *is_default
        )?;
    }
    Ok(())
}

pub struct UserUpsert<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    /// In its stored spelling: [`text::email`].
    pub email: &'a str,
    /// No other user of the environment has it.
    pub external_id: Option<String>,
    pub name: &'a str,
    pub email_verified: bool,
    pub picture_url: Option<String>,
    pub password_hash: Option<String>,
    pub mfa_enrolled: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub active_account_id: Option<Uuid>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub last_visit_us: i64,
    pub visits: i64,
    /// Of a new one.
    pub created_at: DateTime<Utc>,
}

/// What is written of a user who is there. What the product records itself only ever grows.
const UPDATE: &str = " ON CONFLICT (environment_id, email) DO UPDATE SET version = users.version + 1, external_id = excluded.external_id,
    email_verified = excluded.email_verified,
    picture_url = excluded.picture_url, password_hash = excluded.password_hash, mfa_enrolled = excluded.mfa_enrolled,
    locked_at = excluded.locked_at, active_account_id = excluded.active_account_id,
    last_login_at = CASE WHEN users.last_login_at IS NULL OR excluded.last_login_at > users.last_login_at
      THEN excluded.last_login_at ELSE users.last_login_at END,
    last_visit_us = CASE WHEN excluded.last_visit_us > users.last_visit_us THEN excluded.last_visit_us
      ELSE users.last_visit_us END,
    visits = CASE WHEN excluded.visits > users.visits THEN excluded.visits ELSE users.visits END";

/// Makes users, or writes all of those that are there; their names, which the search index follows, only `with_names`. At
/// most 1,000 rows with distinct e-mails.
pub async fn upsert_users(tx: &mut Tx, rows: &[UserUpsert<'_>], with_names: bool) -> DbResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut sql = tx.build(
        "INSERT INTO users (id, environment_id, external_id, email, email_domain, email_verified, name, sort_name, search_text,
           picture_url, password_hash, mfa_enrolled, locked_at, active_account_id, last_login_at, last_visit_us, visits,
           created_at, text_version) ",
    );
    sql.values(rows, |values, row| {
        values
            .bind(row.id)
            .bind(row.environment_id)
            .bind(row.external_id.as_deref())
            .bind(row.email)
            .bind(text::domain_of(row.email))
            .bind(row.email_verified)
            .bind(row.name)
            .bind(text::sort_key(row.name))
            .bind(text::search_text(&[row.name, row.email]))
            .bind(row.picture_url.as_deref())
            .bind(row.password_hash.as_deref())
            .bind(row.mfa_enrolled)
            .bind(row.locked_at)
            .bind(row.active_account_id)
            .bind(row.last_login_at)
            .bind(row.last_visit_us)
            .bind(row.visits)
            .bind(row.created_at)
            .bind(text::VERSION);
    });
    sql.push(UPDATE).planned_anew();
    if with_names {
        sql.push(
            ", name = excluded.name, sort_name = excluded.sort_name, search_text = excluded.search_text,
               text_version = excluded.text_version",
        );
    }
    built!(sql, execute)?;
    Ok(())
}

pub struct MembershipUpsert {
    pub account_id: Uuid,
    pub user_id: Uuid,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Of a new one.
    pub created_at: DateTime<Utc>,
    /// Roles that it does not have yet.
    pub role_ids: Vec<Uuid>,
}

/// Makes memberships or writes their state, and adds their roles.
pub async fn add_memberships(tx: &mut Tx, memberships: &[MembershipUpsert]) -> DbResult<()> {
    for chunk in memberships.chunks(CHUNK) {
        let mut sql = tx.build("INSERT INTO memberships (account_id, user_id, disabled_at, created_at) ");
        sql.values(chunk, |values, row| {
            values.bind(row.account_id).bind(row.user_id).bind(row.disabled_at).bind(row.created_at);
        });
        sql.push(" ON CONFLICT (account_id, user_id) DO UPDATE SET disabled_at = excluded.disabled_at").planned_anew();
        built!(sql, execute)?;
    }
    let roles = memberships.iter().flat_map(|row| row.role_ids.iter().map(|role| (row.account_id, row.user_id, *role)));
    let roles: Vec<(Uuid, Uuid, Uuid)> = roles.collect();
    for chunk in roles.chunks(CHUNK) {
        let mut sql = tx.build("INSERT INTO membership_roles (account_id, user_id, role_id) ");
        sql.values(chunk, |values, (account_id, user_id, role_id)| {
            values.bind(account_id).bind(user_id).bind(role_id);
        });
        sql.planned_anew();
        built!(sql, execute)?;
    }
    Ok(())
}

pub async fn remove_membership(tx: &mut Tx, account_id: Uuid, user_id: Uuid) -> DbResult<()> {
    execute!(tx, "DELETE FROM membership_roles WHERE account_id = $1 AND user_id = $2", account_id, user_id)?;
    execute!(tx, "DELETE FROM memberships WHERE account_id = $1 AND user_id = $2", account_id, user_id)?;
    Ok(())
}

pub async fn remove_membership_role(tx: &mut Tx, account_id: Uuid, user_id: Uuid, role_id: Uuid) -> DbResult<()> {
    execute!(
        tx,
        "DELETE FROM membership_roles WHERE account_id = $1 AND user_id = $2 AND role_id = $3",
        account_id,
        user_id,
        role_id
    )?;
    Ok(())
}
