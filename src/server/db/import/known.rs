//! What is known about the things that a file names, as far as a file can change it.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{ApplicationUpsert, CHUNK};
use crate::model::application::RedirectKind;
use crate::server::db::word::Stored;
use crate::server::db::{Conn, DbResult, built};

#[derive(Clone, Debug)]
pub struct KnownMembership {
    pub account_id: Uuid,
    /// The account's external id.
    pub account: String,
    pub account_name: String,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Id and key of each.
    pub roles: Vec<(Uuid, String)>,
}

#[derive(Clone)]
pub struct KnownUser {
    pub id: Uuid,
    pub external_id: Option<String>,
    pub name: String,
    pub email_verified: bool,
    pub picture_url: Option<String>,
    pub password_hash: Option<String>,
    pub mfa_enrolled: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub active_account_id: Option<Uuid>,
    /// The active account's external id, where the user is a member of it.
    pub active_account: Option<String>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub last_visit_us: i64,
    pub visits: i64,
    pub memberships: Vec<KnownMembership>,
}

/// Without the hash, at which a password can be guessed.
impl fmt::Debug for KnownUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, external_id, name, locked_at, memberships, .. } = self;
        let mut user = f.debug_struct("KnownUser");
        user.field("id", id).field("external_id", external_id).field("name", name);
        user.field("locked_at", locked_at).field("memberships", memberships).finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: Uuid,
    external_id: Option<String>,
    email: String,
    name: String,
    email_verified: bool,
    picture_url: Option<String>,
    password_hash: Option<String>,
    mfa_enrolled: bool,
    locked_at: Option<DateTime<Utc>>,
    active_account_id: Option<Uuid>,
    last_login_at: Option<DateTime<Utc>>,
    last_visit_us: i64,
    visits: i64,
}

/// The users behind those of `emails` that exist. With `to_write` nobody else changes them until the transaction is over.
pub async fn known_users(
    conn: &mut Conn,
    environment_id: Uuid,
    emails: &[&str],
    to_write: bool,
) -> DbResult<HashMap<String, KnownUser>> {
    let lock = if to_write && !conn.is_sqlite() { " ORDER BY email FOR UPDATE" } else { "" };
    let mut found = HashMap::new();
    for chunk in emails.chunks(CHUNK) {
        let mut sql = conn.build(
            "SELECT id, external_id, email, name, email_verified, picture_url, password_hash, mfa_enrolled, locked_at,
               active_account_id, last_login_at, last_visit_us, visits FROM users WHERE environment_id = ",
        );
        sql.bind(environment_id).push(" AND email").is_one_of(chunk).push(lock).planned_anew();
        let rows: Vec<UserRow> = built!(sql, fetch_all)?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut memberships = memberships(conn, &ids).await?;
        for row in rows {
            let memberships = memberships.remove(&row.id).unwrap_or_default();
            let active = memberships.iter().find(|held| Some(held.account_id) == row.active_account_id);
            let user = KnownUser {
                id: row.id,
                external_id: row.external_id,
                name: row.name,
                email_verified: row.email_verified,
                picture_url: row.picture_url,
                password_hash: row.password_hash,
                mfa_enrolled: row.mfa_enrolled,
                locked_at: row.locked_at,
                active_account_id: row.active_account_id,
                active_account: active.map(|held| held.account.clone()),
                last_login_at: row.last_login_at,
                last_visit_us: row.last_visit_us,
                visits: row.visits,
                memberships,
            };
            found.insert(row.email, user);
        }
    }
    Ok(found)
}

/// User, account, its external id and name, since when it is disabled.
type MembershipRow = (Uuid, Uuid, String, String, Option<DateTime<Utc>>);

async fn memberships(conn: &mut Conn, users: &[Uuid]) -> DbResult<HashMap<Uuid, Vec<KnownMembership>>> {
    let mut found: HashMap<Uuid, Vec<KnownMembership>> = HashMap::new();
    if users.is_empty() {
        return Ok(found);
    }
    let mut sql = conn.build(
        "SELECT m.user_id, m.account_id, a.external_id, a.name, m.disabled_at FROM memberships m
         JOIN accounts a ON a.id = m.account_id WHERE m.user_id",
    );
    sql.is_one_of(users).push(" ORDER BY m.user_id, a.external_id").planned_anew();
    let rows: Vec<MembershipRow> = built!(sql, fetch_all)?;
    for (user_id, account_id, account, account_name, disabled_at) in rows {
        let membership = KnownMembership { account_id, account, account_name, disabled_at, roles: Vec::new() };
        found.entry(user_id).or_default().push(membership);
    }
    let mut sql = conn.build(
        "SELECT mr.user_id, mr.account_id, mr.role_id, r.key FROM membership_roles mr
         JOIN roles r ON r.id = mr.role_id WHERE mr.user_id",
    );
    sql.is_one_of(users).push(" ORDER BY r.key").planned_anew();
    let roles: Vec<(Uuid, Uuid, Uuid, String)> = built!(sql, fetch_all)?;
    for (user_id, account_id, role_id, key) in roles {
        let held = found.get_mut(&user_id).and_then(|held| held.iter_mut().find(|held| held.account_id == account_id));
        if let Some(held) = held {
            held.roles.push((role_id, key));
        }
    }
    Ok(found)
}

#[derive(Clone, Debug)]
pub struct KnownRole {
    pub id: Uuid,
    pub name: String,
    pub permissions: Vec<String>,
}

/// The roles behind those of `keys` that exist.
pub async fn known_roles(conn: &mut Conn, environment_id: Uuid, keys: &[&str]) -> DbResult<HashMap<String, KnownRole>> {
    let mut found: HashMap<String, KnownRole> = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let mut sql = conn.build(
            "SELECT r.key, r.id, r.name, p.permission FROM roles r LEFT JOIN role_permissions p ON p.role_id = r.id
             WHERE r.environment_id = ",
        );
        sql.bind(environment_id).push(" AND r.key").is_one_of(chunk).push(" ORDER BY p.permission").planned_anew();
        let rows: Vec<(String, Uuid, String, Option<String>)> = built!(sql, fetch_all)?;
        for (key, id, name, permission) in rows {
            let role = found.entry(key).or_insert_with(|| KnownRole { id, name, permissions: Vec::new() });
            role.permissions.extend(permission);
        }
    }
    Ok(found)
}

#[derive(Clone, Debug)]
pub struct KnownAccount {
    pub id: Uuid,
    pub name: String,
    /// Client id, and whether it is the default.
    pub applications: Vec<(String, bool)>,
}

/// External id, id, name; client id of an application, and whether it is the default.
type AccountRow = (String, Uuid, String, Option<String>, Option<bool>);

/// The accounts behind those of `keys` that exist.
pub async fn known_accounts(
    conn: &mut Conn,
    environment_id: Uuid,
    keys: &[&str],
) -> DbResult<HashMap<String, KnownAccount>> {
    let mut found: HashMap<String, KnownAccount> = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let mut sql = conn.build(
            "SELECT a.external_id, a.id, a.name, p.client_id, aa.is_default FROM accounts a
             LEFT JOIN account_applications aa ON aa.account_id = a.id
             LEFT JOIN applications p ON p.id = aa.application_id WHERE a.environment_id = ",
        );
        sql.bind(environment_id)
            .push(" AND a.external_id")
            .is_one_of(chunk)
            .push(" ORDER BY p.client_id")
            .planned_anew();
        let rows: Vec<AccountRow> = built!(sql, fetch_all)?;
        for (key, id, name, client_id, is_default) in rows {
            let account = found.entry(key).or_insert_with(|| KnownAccount { id, name, applications: Vec::new() });
            account.applications.extend(client_id.map(|client_id| (client_id, is_default == Some(true))));
        }
    }
    Ok(found)
}

#[derive(Clone, Debug)]
pub struct KnownApplication {
    pub row: ApplicationUpsert,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
}

/// The applications behind those of `keys` that exist.
pub async fn known_applications(
    conn: &mut Conn,
    environment_id: Uuid,
    keys: &[&str],
) -> DbResult<HashMap<String, KnownApplication>> {
    let mut found: HashMap<String, KnownApplication> = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let mut sql = conn.build(
            "SELECT id, environment_id, client_id, name, login_method, app_url, login_url, initiate_login_url,
               client_secret_hash, former_secret_hash, former_secret_until, keep_session_alive, signing_algorithm, jwks,
               backchannel_logout_uri, assigned_to_new, default_of_new, created_at
             FROM applications WHERE environment_id = ",
        );
        sql.bind(environment_id).push(" AND client_id").is_one_of(chunk).planned_anew();
        let rows: Vec<ApplicationUpsert> = built!(sql, fetch_all)?;
        if rows.is_empty() {
            continue;
        }
        let mut sql = conn.build("SELECT application_id, kind, uri FROM redirect_uris WHERE application_id IN (");
        sql.bind_all(rows.iter().map(|row| row.id)).push(") ORDER BY uri").planned_anew();
        let uris: Vec<(Uuid, Stored<RedirectKind>, String)> = built!(sql, fetch_all)?;
        for row in rows {
            let of = |wanted: RedirectKind| {
                let own = uris.iter().filter(|(id, kind, _)| *id == row.id && *kind == Stored::Known(wanted));
                own.map(|(_, _, uri)| uri.clone()).collect::<Vec<String>>()
            };
            let (redirect_uris, post_logout_redirect_uris) = (of(RedirectKind::Login), of(RedirectKind::Logout));
            found.insert(row.client_id.clone(), KnownApplication { row, redirect_uris, post_logout_redirect_uris });
        }
    }
    Ok(found)
}
