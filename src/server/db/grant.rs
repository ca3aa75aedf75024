//! One-use codes, refresh tokens and session cookies: what carries a session to a browser or an application.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{DbResult, Tx, execute};

pub struct NewHandOffCode<'a> {
    pub code_hash: &'a [u8],
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub operator_session_id: Option<Uuid>,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_hand_off(tx: &mut Tx, code: &NewHandOffCode<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO hand_off_codes (code_hash, session_id, application_id, operator_session_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        code.code_hash,
        code.session_id,
        code.application_id,
        code.operator_session_id,
        code.now,
        code.expires_at
    )?;
    Ok(())
}
