//! Impersonation settings of an environment.

use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_all, fetch_optional, fetch_scalar};
use crate::model::impersonation::ImpersonationSettings;

/// The settings; off where none were ever stored.
pub async fn get(conn: &mut Conn, environment_id: Uuid) -> DbResult<ImpersonationSettings> {
    Ok(versioned(conn, environment_id).await?.0)
}

/// In how many environments impersonation is on.
pub async fn enabled(conn: &mut Conn) -> DbResult<i64> {
    fetch_scalar!(conn, "SELECT count(*) FROM impersonation_settings WHERE enabled")
}

/// The settings with their version, which grows with each change.
pub async fn versioned(conn: &mut Conn, environment_id: Uuid) -> DbResult<(ImpersonationSettings, i64)> {
    let row: Option<(bool, bool, i64)> = fetch_optional!(
        conn,
        "SELECT enabled, hide_from_account_audit, version FROM impersonation_settings WHERE environment_id = $1",
        environment_id
    )?;
    let (enabled, hide_from_account_audit, version) = row.unwrap_or_default();
    Ok((ImpersonationSettings { enabled, hide_from_account_audit }, version))
}

/// Stores both switches as a new version of the one that was read. Gives whether it was still that one.
pub async fn update_version(
    tx: &mut Tx,
    environment_id: Uuid,
    version: i64,
    settings: ImpersonationSettings,
) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE impersonation_settings SET enabled = $2, hide_from_account_audit = $3, version = version + 1
         WHERE environment_id = $1 AND version = $4",
        environment_id,
        settings.enabled,
        settings.hide_from_account_audit,
        version
    )?;
    Ok(changed == 1)
}

/// Permissions whose holders only an Owner may impersonate, in order.
pub async fn protected_permissions(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> = fetch_all!(
        conn,
        "SELECT permission FROM protected_permissions WHERE environment_id = $1 ORDER BY permission",
        environment_id
    )?;
    Ok(rows.into_iter().map(|(permission,)| permission).collect())
}

pub async fn set_protected_permissions(tx: &mut Tx, environment_id: Uuid, permissions: &[String]) -> DbResult<()> {
    execute!(tx, "DELETE FROM protected_permissions WHERE environment_id = $1", environment_id)?;
    for permission in permissions {
        execute!(
            tx,
            "INSERT INTO protected_permissions (environment_id, permission) VALUES ($1, $2)",
            environment_id,
            permission
        )?;
    }
    Ok(())
}

/// Permissions that some role of the environment has, in order.
pub async fn permissions_of_roles(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> = fetch_all!(
        conn,
        "SELECT DISTINCT p.permission FROM role_permissions p JOIN roles r ON r.id = p.role_id
         WHERE r.environment_id = $1 ORDER BY p.permission",
        environment_id
    )?;
    Ok(rows.into_iter().map(|(permission,)| permission).collect())
}

/// Whether the user holds a protected permission in any account.
pub async fn is_protected(conn: &mut Conn, environment_id: Uuid, user_id: Uuid) -> DbResult<bool> {
    fetch_scalar!(
        conn,
        "SELECT CAST(COUNT(*) AS BIGINT) > 0 FROM membership_roles mr
         JOIN role_permissions rp ON rp.role_id = mr.role_id
         JOIN protected_permissions pp ON pp.permission = rp.permission AND pp.environment_id = $1
         WHERE mr.user_id = $2",
        environment_id,
        user_id
    )
}
