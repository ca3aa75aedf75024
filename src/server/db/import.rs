//! Bulk writes of an import: look-ups by many keys, rows made or updated by their keys.
//!
//! SQL is put together from constants, column names of a fixed list and placeholders; values are bound.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::{Conn, DbResult, Raw, Tx, execute};
use crate::server::text;

/// Keys in one look-up.
const CHUNK: usize = 500;

/// Builds one statement with [`QueryBuilder`], for whichever database it is, and runs it.
macro_rules! build {
    ($conn:expr, $q:ident => $build:block, $c:ident => $run:expr) => {
        match $conn.raw() {
            Raw::Sqlite($c) => {
                let mut $q = QueryBuilder::<Sqlite>::new("");
                $build
                $run
            }
            Raw::Postgres($c) => {
                let mut $q = QueryBuilder::<Postgres>::new("");
                $build
                $run
            }
        }
    };
}

/// What is known by a key of its own within an environment.
#[derive(Clone, Copy)]
pub enum Keyed {
    Roles,
    Applications,
    Accounts,
}

/// The ids behind those of `keys` that exist.
pub async fn ids(
    conn: &mut Conn,
    keyed: Keyed,
    environment_id: Uuid,
    keys: &[&str],
) -> DbResult<HashMap<String, Uuid>> {
    let (select, key) = match keyed {
        Keyed::Roles => ("SELECT key, id FROM roles WHERE environment_id = ", "key"),
        Keyed::Applications => ("SELECT client_id, id FROM applications WHERE environment_id = ", "client_id"),
        Keyed::Accounts => ("SELECT external_id, id FROM accounts WHERE environment_id = ", "external_id"),
    };
    let mut found = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let rows: Vec<(String, Uuid)> = build!(conn, q => {
            q.push(select).push_bind(environment_id).push(" AND ").push(key).push(" IN (");
            let mut list = q.separated(", ");
            for key in chunk {
                list.push_bind(*key);
            }
            q.push(")");
        }, c => q.build_query_as().fetch_all(c).await)?;
        found.extend(rows);
    }
    Ok(found)
}

#[derive(Clone, Copy, Debug)]
pub struct KnownUser {
    pub id: Uuid,
    pub active_account_id: Option<Uuid>,
}

/// The users behind those of `emails` that exist.
pub async fn users(conn: &mut Conn, environment_id: Uuid, emails: &[&str]) -> DbResult<HashMap<String, KnownUser>> {
    let mut found = HashMap::new();
    for chunk in emails.chunks(CHUNK) {
        let rows: Vec<(String, Uuid, Option<Uuid>)> = build!(conn, q => {
            q.push("SELECT email, id, active_account_id FROM users WHERE environment_id = ");
            q.push_bind(environment_id).push(" AND email IN (");
            let mut list = q.separated(", ");
            for email in chunk {
                list.push_bind(*email);
            }
            q.push(")");
        }, c => q.build_query_as().fetch_all(c).await)?;
        found.extend(
            rows.into_iter().map(|(email, id, active_account_id)| (email, KnownUser { id, active_account_id })),
        );
    }
    Ok(found)
}

pub struct RoleRow<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub key: &'a str,
    pub name: &'a str,
}

pub async fn upsert_role(tx: &mut Tx, row: &RoleRow<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO roles (id, environment_id, key, name) VALUES ($1, $2, $3, $4)
         ON CONFLICT (environment_id, key) DO UPDATE SET name = excluded.name",
        row.id,
        row.environment_id,
        row.key,
        row.name
    )?;
    Ok(())
}

pub async fn replace_permissions(tx: &mut Tx, role_id: Uuid, permissions: &[String]) -> DbResult<()> {
    execute!(tx, "DELETE FROM role_permissions WHERE role_id = $1", role_id)?;
    for permission in permissions {
        execute!(tx, "INSERT INTO role_permissions (role_id, permission) VALUES ($1, $2)", role_id, permission)?;
    }
    Ok(())
}

pub struct ApplicationUpsert<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub client_id: &'a str,
    pub name: &'a str,
    pub login_method: &'a str,
    pub app_url: &'a str,
    pub login_url: &'a str,
    pub initiate_login_url: Option<&'a str>,
    /// Nothing leaves a known application's secret as it is.
    pub client_secret_hash: Option<&'a [u8]>,
    pub keep_session_alive: bool,
    pub signing_algorithm: &'a str,
    pub jwks: Option<&'a str>,
    pub backchannel_logout_uri: Option<&'a str>,
    pub now: DateTime<Utc>,
}

/// Makes an application, or updates the columns that the file has.
pub async fn upsert_application(tx: &mut Tx, row: &ApplicationUpsert<'_>, has: &dyn Fn(&str) -> bool) -> DbResult<()> {
    const OPTIONAL: [&str; 7] = [
        "login_method",
        "login_url",
        "initiate_login_url",
        "keep_session_alive",
        "signing_algorithm",
        "jwks",
        "backchannel_logout_uri",
    ];
    let mut sql = "INSERT INTO applications (id, environment_id, client_id, name, login_method, app_url, login_url,
           initiate_login_url, client_secret_hash, keep_session_alive, signing_algorithm, jwks, backchannel_logout_uri, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (environment_id, client_id) DO UPDATE SET name = excluded.name, app_url = excluded.app_url,
           client_secret_hash = COALESCE(excluded.client_secret_hash, applications.client_secret_hash)"
        .to_owned();
    for column in OPTIONAL.into_iter().filter(|column| has(column)) {
        sql += &format!(", {column} = excluded.{column}");
    }
    execute!(
        tx,
        AssertSqlSafe(sql.clone()),
        row.id,
        row.environment_id,
        row.client_id,
        row.name,
        row.login_method,
        row.app_url,
        row.login_url,
        row.initiate_login_url,
        row.client_secret_hash,
        row.keep_session_alive,
        row.signing_algorithm,
        row.jwks,
        row.backchannel_logout_uri,
        row.now
    )?;
    Ok(())
}

/// `kind` is `login` or `logout`.
pub async fn replace_redirect_uris(tx: &mut Tx, application_id: Uuid, kind: &str, uris: &[String]) -> DbResult<()> {
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
         ON CONFLICT (environment_id, external_id) DO UPDATE SET name = excluded.name, sort_name = excluded.sort_name,
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
    pub name: &'a str,
    pub email_verified: bool,
    pub picture_url: Option<&'a str>,
    /// Nothing leaves a known user's password as it is.
    pub password_hash: Option<&'a str>,
    pub mfa_enrolled: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub active_account_id: Option<Uuid>,
    /// Taken as the time of the last sign-in too.
    pub last_visit_at: Option<DateTime<Utc>>,
    pub visits: i64,
    pub created_at: DateTime<Utc>,
}

/// Makes users, or updates the columns that the file has. At most 1,000 rows with distinct e-mails.
pub async fn upsert_users(tx: &mut Tx, rows: &[UserUpsert<'_>], has: &dyn Fn(&str) -> bool) -> DbResult<()> {
    /// Column of the file, and what it updates.
    const OPTIONAL: [(&str, &str); 7] = [
        ("email_verified", "email_verified = excluded.email_verified"),
        ("picture_url", "picture_url = excluded.picture_url"),
        ("mfa_enrolled", "mfa_enrolled = excluded.mfa_enrolled"),
        (
            "locked",
            "locked_at = CASE WHEN excluded.locked_at IS NULL THEN NULL ELSE COALESCE(users.locked_at, excluded.locked_at) END",
        ),
        ("accounts", "active_account_id = excluded.active_account_id"),
        ("last_visit_at", "last_visit_us = excluded.last_visit_us, last_login_at = excluded.last_login_at"),
        ("visits", "visits = excluded.visits"),
    ];
    if rows.is_empty() {
        return Ok(());
    }
    build!(tx, q => {
        q.push(
            "INSERT INTO users (id, environment_id, email, email_domain, email_verified, name, sort_name, search_text,
               picture_url, password_hash, mfa_enrolled, locked_at, active_account_id, last_login_at, last_visit_us, visits,
               created_at, text_version) ",
        );
        q.push_values(rows, |mut values, row| {
            values
                .push_bind(row.id)
                .push_bind(row.environment_id)
                .push_bind(row.email)
                .push_bind(text::domain_of(row.email))
                .push_bind(row.email_verified)
                .push_bind(row.name)
                .push_bind(text::sort_key(row.name))
                .push_bind(text::search_text(&[row.name, row.email]))
                .push_bind(row.picture_url)
                .push_bind(row.password_hash)
                .push_bind(row.mfa_enrolled)
                .push_bind(row.locked_at)
                .push_bind(row.active_account_id)
                .push_bind(row.last_visit_at)
                .push_bind(row.last_visit_at.map_or(0, |time| time.timestamp_micros()))
                .push_bind(row.visits)
                .push_bind(row.created_at)
                .push_bind(text::VERSION);
        });
        q.push(
            " ON CONFLICT (environment_id, email) DO UPDATE SET name = excluded.name, sort_name = excluded.sort_name,
               search_text = excluded.search_text, text_version = excluded.text_version, password_hash = COALESCE(excluded.password_hash, users.password_hash)",
        );
        for (_, update) in OPTIONAL.iter().filter(|(column, _)| has(column)) {
            q.push(", ").push(*update);
        }
    }, c => q.build().execute(c).await.map(drop))?;
    Ok(())
}

pub struct MembershipUpsert {
    pub account_id: Uuid,
    pub user_id: Uuid,
    pub disabled_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub role_ids: Vec<Uuid>,
}

/// Makes `memberships` all that their users have. `known` are those of the users that were there before: memberships
/// that are not listed and all roles of theirs are taken away first.
pub async fn replace_memberships(tx: &mut Tx, known: &[Uuid], memberships: &[MembershipUpsert]) -> DbResult<()> {
    if !known.is_empty() {
        remove_unlisted(tx, known, memberships).await?;
    }
    for chunk in memberships.chunks(CHUNK) {
        build!(tx, q => {
            q.push("INSERT INTO memberships (account_id, user_id, disabled_at, created_at) ");
            q.push_values(chunk, |mut values, row| {
                values
                    .push_bind(row.account_id)
                    .push_bind(row.user_id)
                    .push_bind(row.disabled_at)
                    .push_bind(row.created_at);
            });
            q.push(
                " ON CONFLICT (account_id, user_id) DO UPDATE SET disabled_at = CASE WHEN excluded.disabled_at IS NULL
                   THEN NULL ELSE COALESCE(memberships.disabled_at, excluded.disabled_at) END",
            );
        }, c => q.build().execute(c).await.map(drop))?;
    }
    let roles = memberships.iter().flat_map(|row| row.role_ids.iter().map(|role| (row.account_id, row.user_id, *role)));
    let roles: Vec<(Uuid, Uuid, Uuid)> = roles.collect();
    for chunk in roles.chunks(CHUNK) {
        build!(tx, q => {
            q.push("INSERT INTO membership_roles (account_id, user_id, role_id) ");
            q.push_values(chunk, |mut values, (account_id, user_id, role_id)| {
                values.push_bind(*account_id).push_bind(*user_id).push_bind(*role_id);
            });
        }, c => q.build().execute(c).await.map(drop))?;
    }
    Ok(())
}

async fn remove_unlisted(tx: &mut Tx, known: &[Uuid], memberships: &[MembershipUpsert]) -> DbResult<()> {
    build!(tx, q => {
        q.push("DELETE FROM membership_roles WHERE user_id IN (");
        let mut list = q.separated(", ");
        for id in known {
            list.push_bind(*id);
        }
        q.push(")");
    }, c => q.build().execute(c).await.map(drop))?;
    let held: Vec<(Uuid, Uuid)> = build!(tx, q => {
        q.push("SELECT account_id, user_id FROM memberships WHERE user_id IN (");
        let mut list = q.separated(", ");
        for id in known {
            list.push_bind(*id);
        }
        q.push(")");
    }, c => q.build_query_as().fetch_all(c).await)?;
    let listed: std::collections::HashSet<(Uuid, Uuid)> =
        memberships.iter().map(|row| (row.account_id, row.user_id)).collect();
    for (account_id, user_id) in held.into_iter().filter(|pair| !listed.contains(pair)) {
        execute!(tx, "DELETE FROM memberships WHERE account_id = $1 AND user_id = $2", account_id, user_id)?;
    }
    Ok(())
}
