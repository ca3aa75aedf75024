//! What is remembered of clients' own tokens: assertions that were used, access tokens that were revoked. Each row
//! outlives the token that it is about and is then forgotten.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_scalar};

/// Notes that an assertion was used. Gives whether this call did it: of several with the same id one does.
pub async fn use_assertion(
    tx: &mut Tx,
    application_id: Uuid,
    jti_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> DbResult<bool> {
    let inserted = execute!(
        tx,
        "INSERT INTO client_assertions (application_id, jti_hash, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        application_id,
        jti_hash,
        expires_at
    )?;
    Ok(inserted == 1)
}

/// Revokes an access token that belongs to no session. Again is no error.
pub async fn revoke(tx: &mut Tx, environment_id: Uuid, jti: &str, expires_at: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO revoked_tokens (jti, environment_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        jti,
        environment_id,
        expires_at
    )?;
    Ok(())
}

pub async fn is_revoked(conn: &mut Conn, environment_id: Uuid, jti: &str) -> DbResult<bool> {
    let count: i64 = fetch_scalar!(
        conn,
        "SELECT count(*) FROM revoked_tokens WHERE jti = $1 AND environment_id = $2",
        jti,
        environment_id
    )?;
    Ok(count > 0)
}

/// Forgets what has expired. Gives how many rows that were.
pub async fn forget_expired(tx: &mut Tx, now: DateTime<Utc>) -> DbResult<u64> {
    let assertions = execute!(tx, "DELETE FROM client_assertions WHERE expires_at <= $1", now)?;
    let tokens = execute!(tx, "DELETE FROM revoked_tokens WHERE expires_at <= $1", now)?;
    Ok(assertions + tokens)
}

/// Whether there is anything to forget: asked before a write transaction is opened for it.
pub async fn has_expired(conn: &mut Conn, now: DateTime<Utc>) -> DbResult<bool> {
    fetch_scalar!(
        conn,
        "SELECT EXISTS (SELECT 1 FROM client_assertions WHERE expires_at <= $1)
           OR EXISTS (SELECT 1 FROM revoked_tokens WHERE expires_at <= $1)",
        now
    )
}
