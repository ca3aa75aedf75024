//! Signing keys of an environment. Private halves are sealed before they get here.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::word::Stored;
use super::{Conn, DbError, DbResult, Tx, execute, fetch_known, fetch_optional, read_as};
use crate::model::key::{KeyState, SigningAlgorithm};
use crate::server::domain::key::{PastKey, SealedKey};

#[derive(sqlx::FromRow)]
struct SigningKeyRow {
    kid: String,
    environment_id: Uuid,
    algorithm: Stored<SigningAlgorithm>,
    state: Stored<KeyState>,
    public_jwk: String,
    sealed_private_key: Vec<u8>,
    created_at: DateTime<Utc>,
    activated_at: Option<DateTime<Utc>>,
    retired_at: Option<DateTime<Utc>>,
}

impl TryFrom<SigningKeyRow> for SealedKey {
    type Error = DbError;

    fn try_from(row: SigningKeyRow) -> DbResult<Self> {
        Ok(Self {
            environment_id: row.environment_id,
            algorithm: row.algorithm.known("signing_keys", "algorithm", &row.kid)?,
            state: row.state.known("signing_keys", "state", &row.kid)?,
            public_jwk: row.public_jwk,
            sealed_private_key: row.sealed_private_key,
            created_at: row.created_at,
            activated_at: row.activated_at,
            retired_at: row.retired_at,
            kid: row.kid,
        })
    }
}

read_as!(SigningKeyRow => SealedKey);

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
pub async fn of_environment(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<SealedKey>> {
    fetch_known!(
        conn,
        select!(
            "WHERE environment_id = $1
             ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'next' THEN 1 ELSE 2 END, algorithm DESC, created_at DESC, kid"
        ),
        environment_id
    )
}

pub async fn all(conn: &mut Conn) -> DbResult<Vec<SealedKey>> {
    fetch_known!(conn, select!(""))
}

pub async fn insert(tx: &mut Tx, row: &SealedKey) -> DbResult<()> {
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
pub async fn retired_before(conn: &mut Conn, time: DateTime<Utc>) -> DbResult<Vec<SealedKey>> {
    fetch_known!(conn, select!("WHERE state = 'retiring' AND retired_at <= $1"), time)
}

pub async fn past(conn: &mut Conn, environment_id: Uuid, kid: &str) -> DbResult<Option<PastKey>> {
    let row: Option<(Stored<SigningAlgorithm>, String)> = fetch_optional!(
        conn,
        "SELECT algorithm, public_jwk FROM past_signing_keys WHERE kid = $1 AND environment_id = $2",
        kid,
        environment_id
    )?;
    let Some((algorithm, public_jwk)) = row else { return Ok(None) };
    Ok(Some(PastKey { algorithm: algorithm.known("past_signing_keys", "algorithm", kid)?, public_jwk }))
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
