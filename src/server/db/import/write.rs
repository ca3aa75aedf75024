//! Rows that are made, or changed where they are there already.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::application::RedirectKind;
use crate::server::db::{DbResult, Tx, execute, expect_one};
use crate::server::platform::text;

pub struct RoleUpsert<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub key: &'a str,
    pub name: &'a str,
}

/// Makes it, or writes the one of this id. Gives whether it did: it does not where another has the key by now.
pub async fn upsert_role(tx: &mut Tx, row: &RoleUpsert<'_>) -> DbResult<bool> {
    let written = execute!(
        tx,
        "INSERT INTO roles (id, environment_id, key, name) VALUES ($1, $2, $3, $4)
         ON CONFLICT (environment_id, key) DO UPDATE SET name = excluded.name, version = roles.version + 1
         WHERE roles.id = excluded.id",
        row.id,
        row.environment_id,
        row.key,
        row.name
    )?;
    Ok(written == 1)
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
    pub former_secret_hash: Option<Vec<u8>>,
    pub former_secret_until: Option<DateTime<Utc>>,
    pub keep_session_alive: bool,
    pub signing_algorithm: String,
    pub jwks: Option<String>,
    pub backchannel_logout_uri: Option<String>,
    pub assigned_to_new: bool,
    pub default_of_new: bool,
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

/// Makes it, or writes the one of this id. Gives whether it did: it does not where another has the key by now.
pub async fn upsert_application(tx: &mut Tx, row: &ApplicationUpsert) -> DbResult<bool> {
    let written = execute!(
        tx,
        "INSERT INTO applications (id, environment_id, client_id, name, login_method, app_url, login_url,
           initiate_login_url, client_secret_hash, keep_session_alive, signing_algorithm, jwks, backchannel_logout_uri,
           created_at, sort_name, search_text, text_version, former_secret_hash, former_secret_until, assigned_to_new,
           default_of_new)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
         ON CONFLICT (environment_id, client_id) DO UPDATE SET version = applications.version + 1, name = excluded.name, login_method = excluded.login_method,
           app_url = excluded.app_url, login_url = excluded.login_url, initiate_login_url = excluded.initiate_login_url,
           client_secret_hash = excluded.client_secret_hash, keep_session_alive = excluded.keep_session_alive,
           signing_algorithm = excluded.signing_algorithm, jwks = excluded.jwks,
           backchannel_logout_uri = excluded.backchannel_logout_uri, sort_name = excluded.sort_name,
           search_text = excluded.search_text, text_version = excluded.text_version,
           former_secret_hash = excluded.former_secret_hash, former_secret_until = excluded.former_secret_until,
           assigned_to_new = excluded.assigned_to_new, default_of_new = excluded.default_of_new
         WHERE applications.id = excluded.id",
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
        text::VERSION,
        row.former_secret_hash.as_deref(),
        row.former_secret_until,
        row.assigned_to_new,
        row.default_of_new
    )?;
    Ok(written == 1)
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
