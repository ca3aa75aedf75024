//! Signing keys of an environment. Private halves are sealed before they get here.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_all};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SigningKeyRow {
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    pub environment_id: Uuid,
    /// `RS256` or `ES256`.
    pub algorithm: String,
    /// `next`, `active` or `retiring`.
    pub state: String,
    /// The public key as a JWK, JSON text.
    pub public_jwk: String,
    pub sealed_private_key: Vec<u8>,
    pub created_at: DateTime<Utc>,
}

/// All keys of an environment, active ones first, RS256 before ES256.
pub async fn of_environment(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<SigningKeyRow>> {
    fetch_all!(
        conn,
        "SELECT kid, environment_id, algorithm, state, public_jwk, sealed_private_key, created_at
         FROM signing_keys WHERE environment_id = $1
         ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'next' THEN 1 ELSE 2 END, algorithm DESC, created_at DESC",
        environment_id
    )
}

pub async fn all(conn: &mut Conn) -> DbResult<Vec<SigningKeyRow>> {
    fetch_all!(
        conn,
        "SELECT kid, environment_id, algorithm, state, public_jwk, sealed_private_key, created_at FROM signing_keys"
    )
}

pub async fn insert(tx: &mut Tx, row: &SigningKeyRow) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO signing_keys (kid, environment_id, algorithm, state, public_jwk, sealed_private_key, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &row.kid,
        row.environment_id,
        &row.algorithm,
        &row.state,
        &row.public_jwk,
        &row.sealed_private_key,
        row.created_at
    )?;
    Ok(())
}
