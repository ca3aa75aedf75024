//! Signing keys of an environment. Private halves are sealed before they get here.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_known, fetch_optional};
use crate::model::key::{KeyState, SigningAlgorithm};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SigningKeyRow {
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    pub environment_id: Uuid,
    pub algorithm: SigningAlgorithm,
    pub state: KeyState,
    /// The public key as a JWK, JSON text.
    pub public_jwk: String,
    pub sealed_private_key: Vec<u8>,
    pub created_at: DateTime<Utc>,
    /// When it began to sign.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it stopped.
    pub retired_at: Option<DateTime<Utc>>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT kid, environment_id, algorithm, state, public_jwk, sealed_private_key, created_at, activated_at, retired_at
             FROM signing_keys ",
            $rest
        )
    };
}

/// All keys of an environment, active ones first, RS256 before ES256.
pub async fn of_environment(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<SigningKeyRow>> {
    fetch_known!(
        conn,
        select!(
            "WHERE environment_id = $1
             ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'next' THEN 1 ELSE 2 END, algorithm DESC, created_at DESC, kid"
        ),
        environment_id
    )
}

pub async fn all(conn: &mut Conn) -> DbResult<Vec<SigningKeyRow>> {
    fetch_known!(conn, select!(""))
}

pub async fn insert(tx: &mut Tx, row: &SigningKeyRow) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO signing_keys (kid, environment_id, algorithm, state, public_jwk, sealed_private_key, created_at, activated_at, retired_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &row.kid,
        row.environment_id,
        row.algorithm,
        row.state,
        &row.public_jwk,
        &row.sealed_private_key,
        row.created_at,
        row.activated_at,
        row.retired_at
    )?;
    Ok(())
}

/// The active key signs no more. Gives whether it was active until now.
pub async fn retire(tx: &mut Tx, kid: &str, now: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE signing_keys SET state = 'retiring', retired_at = $2 WHERE kid = $1 AND state = 'active'",
        kid,
        now
    )?;
    Ok(changed == 1)
}

/// The next key signs from now on. Gives whether it was the next until now.
pub async fn activate(tx: &mut Tx, kid: &str, now: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE signing_keys SET state = 'active', activated_at = $2 WHERE kid = $1 AND state = 'next'",
        kid,
        now
    )?;
    Ok(changed == 1)
}

/// Keys that stopped signing before this.
pub async fn retired_before(conn: &mut Conn, time: DateTime<Utc>) -> DbResult<Vec<SigningKeyRow>> {
    fetch_known!(conn, select!("WHERE state = 'retiring' AND retired_at <= $1"), time)
}

/// A key that is published no more, for reading id tokens that come back as hints.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PastKeyRow {
    pub algorithm: SigningAlgorithm,
    /// The public key as a JWK, JSON text.
    pub public_jwk: String,
}

pub async fn past(conn: &mut Conn, environment_id: Uuid, kid: &str) -> DbResult<Option<PastKeyRow>> {
    fetch_optional!(
        conn,
        "SELECT algorithm, public_jwk FROM past_signing_keys WHERE kid = $1 AND environment_id = $2",
        kid,
        environment_id
    )
}

/// Forgets keys that stopped signing before this. Gives how many.
pub async fn forget_past(tx: &mut Tx, time: DateTime<Utc>) -> DbResult<u64> {
    execute!(tx, "DELETE FROM past_signing_keys WHERE retired_at <= $1", time)
}

/// Deletes a retiring key, whose public half alone is kept. Gives whether it was there: of several servers that do it at once,
/// one does.
pub async fn delete_retired(tx: &mut Tx, kid: &str) -> DbResult<bool> {
    execute!(
        tx,
        "INSERT INTO past_signing_keys (kid, environment_id, algorithm, public_jwk, retired_at)
         SELECT kid, environment_id, algorithm, public_jwk, retired_at FROM signing_keys
         WHERE kid = $1 AND state = 'retiring' AND retired_at IS NOT NULL
         ON CONFLICT DO NOTHING",
        kid
    )?;
    Ok(execute!(tx, "DELETE FROM signing_keys WHERE kid = $1 AND state = 'retiring'", kid)? == 1)
}
