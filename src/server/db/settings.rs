//! Impersonation settings of an environment.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, expect_one, fetch_optional};
use crate::model::impersonation::ImpersonationSettings;

/// The settings; off where none were ever stored.
pub async fn get(conn: &mut Conn, environment_id: Uuid) -> DbResult<ImpersonationSettings> {
    let row: Option<(bool, bool)> = fetch_optional!(
        conn,
        "SELECT enabled, hide_from_account_audit FROM impersonation_settings WHERE environment_id = $1",
        environment_id
    )?;
    Ok(row.map_or_else(ImpersonationSettings::default, |(enabled, hide_from_account_audit)| ImpersonationSettings {
        enabled,
        hide_from_account_audit,
    }))
}

pub async fn update(
    tx: &mut Tx,
    environment_id: Uuid,
    settings: ImpersonationSettings,
    now: DateTime<Utc>,
) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE impersonation_settings SET enabled = $2, hide_from_account_audit = $3, updated_at = $4 WHERE environment_id = $1",
        environment_id,
        settings.enabled,
        settings.hide_from_account_audit,
        now
    )?;
    expect_one("impersonation_settings", changed)
}
