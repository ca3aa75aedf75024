//! One-use codes, refresh tokens and session cookies: what carries a session to a browser or an application.

mod given;
mod unused;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Statement, Tx, built, execute, fetch_all, fetch_one, fetch_optional, fetch_scalar};
pub use given::was_given;
pub use unused::put_deletion_of_old;

pub struct NewHandOffCode<'a> {
    pub code_hash: &'a [u8],
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub operator_session_id: Option<Uuid>,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_hand_off(tx: &mut Tx, code: &NewHandOffCode<'_>) -> DbResult<()> {
    let mut sql = tx.build("");
    put_hand_off(&mut sql, code);
    built!(sql, execute)?;
    Ok(())
}

/// [`insert_hand_off`] as a statement of a [`Batch`](super::Batch).
pub fn put_hand_off(sql: &mut Statement<'_>, code: &NewHandOffCode<'_>) {
    sql.push("INSERT INTO hand_off_codes (code_hash, session_id, application_id, operator_session_id, created_at, expires_at) ");
    sql.values([code], |list, code| {
        list.bind(code.code_hash).bind(code.session_id).bind(code.application_id).bind(code.operator_session_id);
        list.bind(code.now).bind(code.expires_at);
    });
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HandOffCode {
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub operator_session_id: Option<Uuid>,
    pub code_challenge: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub redeemed_at: Option<DateTime<Utc>>,
}

/// Binds a code to whoever can prove to know what this S256 challenge is of.
pub async fn challenge_hand_off(tx: &mut Tx, code_hash: &[u8], code_challenge: &str) -> DbResult<()> {
    execute!(tx, "UPDATE hand_off_codes SET code_challenge = $2 WHERE code_hash = $1", code_hash, code_challenge)?;
    Ok(())
}

/// Notes for which reason a code was refused. Gives whether it is the first time for this reason, a word.
pub async fn note_refusal(tx: &mut Tx, code_hash: &[u8], reason: &str) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE hand_off_codes SET refusals = coalesce(refusals, '') || ' ' || $2 || ' '
         WHERE code_hash = $1 AND coalesce(refusals, '') NOT LIKE '% ' || $2 || ' %'",
        code_hash,
        reason
    )?;
    Ok(changed == 1)
}

pub async fn hand_off(conn: &mut Conn, code_hash: &[u8]) -> DbResult<Option<HandOffCode>> {
    fetch_optional!(
        conn,
        "SELECT session_id, application_id, operator_session_id, code_challenge, expires_at, redeemed_at FROM hand_off_codes
         WHERE code_hash = $1",
        code_hash
    )
}

/// Uses a hand-off code up. Gives whether this call did it: of several at the same instant one does.
pub async fn redeem_hand_off(tx: &mut Tx, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE hand_off_codes SET redeemed_at = $2 WHERE code_hash = $1 AND redeemed_at IS NULL AND expires_at > $2",
        code_hash,
        now
    )?;
    Ok(changed == 1)
}

pub struct NewAuthorizationCode<'a> {
    pub code_hash: &'a [u8],
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub redirect_uri: &'a str,
    pub scope: &'a str,
    pub nonce: Option<&'a str>,
    pub code_challenge: Option<&'a str>,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_authorization_code(tx: &mut Tx, code: &NewAuthorizationCode<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO authorization_codes (code_hash, session_id, application_id, redirect_uri, scope, nonce, code_challenge,
           created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        code.code_hash,
        code.session_id,
        code.application_id,
        code.redirect_uri,
        code.scope,
        code.nonce,
        code.code_challenge,
        code.now,
        code.expires_at
    )?;
    Ok(())
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AuthorizationCode {
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub redirect_uri: String,
    pub scope: String,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub expires_at: DateTime<Utc>,
    pub redeemed_at: Option<DateTime<Utc>>,
    pub replayed_at: Option<DateTime<Utc>>,
}

macro_rules! authorization_code {
    ($lock:literal) => {
        concat!(
            "SELECT session_id, application_id, redirect_uri, scope, nonce, code_challenge, expires_at, redeemed_at,
               replayed_at
             FROM authorization_codes WHERE code_hash = $1",
            $lock
        )
    };
}

pub async fn authorization_code(conn: &mut Conn, code_hash: &[u8]) -> DbResult<Option<AuthorizationCode>> {
    fetch_optional!(conn, authorization_code!(""), code_hash)
}

/// The code for this transaction alone: of two uses at the same instant the second waits here, and then sees what the first did.
pub async fn taken_authorization_code(tx: &mut Tx, code_hash: &[u8]) -> DbResult<Option<AuthorizationCode>> {
    let sql = if tx.is_sqlite() { authorization_code!("") } else { authorization_code!(" FOR UPDATE") };
    fetch_optional!(tx, sql, code_hash)
}

/// Uses an authorization code up.
pub fn put_redemption(sql: &mut Statement<'_>, code_hash: &[u8], now: DateTime<Utc>) {
    sql.push("UPDATE authorization_codes SET redeemed_at = ").bind(now).push(" WHERE code_hash = ").bind(code_hash);
    sql.push(" AND redeemed_at IS NULL");
}

/// Notes that a used code came again from somebody else than its client in a hurry. Gives whether it is the first time.
pub async fn note_replay(tx: &mut Tx, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE authorization_codes SET replayed_at = $2 WHERE code_hash = $1 AND replayed_at IS NULL",
        code_hash,
        now
    )?;
    Ok(changed == 1)
}

pub struct NewRefreshToken<'a> {
    pub token_hash: &'a [u8],
    /// The refresh token that was traded for it, if one was.
    pub parent_hash: Option<&'a [u8]>,
    pub family_id: Uuid,
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub code_hash: Option<&'a [u8]>,
    pub scope: &'a str,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub fn put_refresh_token(sql: &mut Statement<'_>, token: &NewRefreshToken<'_>) {
    sql.push(
        "INSERT INTO refresh_tokens (token_hash, parent_hash, family_id, session_id, application_id, code_hash, scope, created_at,
           expires_at) ",
    );
    sql.values([token], |list, token| {
        list.bind(token.token_hash).bind(token.parent_hash).bind(token.family_id).bind(token.session_id);
        list.bind(token.application_id).bind(token.code_hash).bind(token.scope).bind(token.now).bind(token.expires_at);
    });
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RefreshToken {
    pub parent_hash: Option<Vec<u8>>,
    pub family_id: Uuid,
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub code_hash: Option<Vec<u8>>,
    pub scope: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub rotated_at: Option<DateTime<Utc>>,
}

pub async fn refresh_token(conn: &mut Conn, token_hash: &[u8]) -> DbResult<Option<RefreshToken>> {
    fetch_optional!(
        conn,
        "SELECT parent_hash, family_id, session_id, application_id, code_hash, scope, created_at, expires_at, rotated_at
         FROM refresh_tokens WHERE token_hash = $1",
        token_hash
    )
}

/// Notes the first use of a refresh token.
pub fn put_rotation(sql: &mut Statement<'_>, token_hash: &[u8], now: DateTime<Utc>) {
    sql.push("UPDATE refresh_tokens SET rotated_at = ").bind(now).push(" WHERE token_hash = ").bind(token_hash);
    sql.push(" AND rotated_at IS NULL AND revoked_at IS NULL");
}

/// What became of a refresh token and of those around it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RefreshHistory {
    /// Whether anything of its family was revoked: then all of it is.
    pub is_revoked: bool,
    /// When it was outrun: when one that was given for it, or one that was given for the same one as it, was first used.
    pub outrun_at: Option<DateTime<Utc>>,
    /// Whether it is written down that any refresh token was given for it.
    pub has_successor: bool,
    /// Whether more than the most that may be were given for it and never used. None of them is deleted: each may be the one
    /// that its owner has, and with it would go the proof that there are two.
    pub has_too_many_unused: bool,
}

/// What became of a refresh token of this family that was given for `parent_hash`, where it was given for one; `most` that were
/// given for it may be unused.
pub async fn refresh_history(
    conn: &mut Conn,
    token_hash: &[u8],
    parent_hash: Option<&[u8]>,
    family_id: Uuid,
    most: i64,
) -> DbResult<RefreshHistory> {
    fetch_one!(
        conn,
        "SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE family_id = $3 AND revoked_at IS NOT NULL) AS is_revoked,
           (SELECT min(rotated_at) FROM refresh_tokens
             WHERE rotated_at IS NOT NULL AND (parent_hash = $1 OR (parent_hash = $2 AND token_hash <> $1))) AS outrun_at,
           EXISTS (SELECT 1 FROM refresh_tokens WHERE parent_hash = $1) AS has_successor,
           EXISTS (SELECT 1 FROM refresh_tokens WHERE parent_hash = $1 AND rotated_at IS NULL LIMIT 1 OFFSET $4)
             AS has_too_many_unused",
        token_hash,
        parent_hash,
        family_id,
        most
    )
}

/// Revokes everything that one authorization began.
pub async fn revoke_family(tx: &mut Tx, family_id: Uuid, now: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE refresh_tokens SET revoked_at = $2 WHERE family_id = $1 AND revoked_at IS NULL",
        family_id,
        now
    )
}

/// Revokes everything that this authorization code began, also what its cookie gave since.
pub async fn revoke_of_code(tx: &mut Tx, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE refresh_tokens SET revoked_at = $2 WHERE revoked_at IS NULL
           AND family_id IN (SELECT family_id FROM refresh_tokens WHERE code_hash = $1)",
        code_hash,
        now
    )
}

/// Revokes what could still be traded in an environment. Gives how many tokens that were.
pub async fn revoke_of_environment(tx: &mut Tx, environment_id: Uuid, now: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE refresh_tokens SET revoked_at = $2 WHERE revoked_at IS NULL AND rotated_at IS NULL AND expires_at > $2
           AND session_id IN (SELECT id FROM sessions WHERE environment_id = $1)",
        environment_id,
        now
    )
}

/// The families of a session of which anything was revoked.
pub async fn revoked_families(conn: &mut Conn, session_id: Uuid) -> DbResult<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = fetch_all!(
        conn,
        "SELECT DISTINCT family_id FROM refresh_tokens WHERE session_id = $1 AND revoked_at IS NOT NULL",
        session_id
    )?;
    Ok(rows.into_iter().map(|(family_id,)| family_id).collect())
}

/// Whether anything of a family was revoked: then all of it is.
pub async fn is_family_revoked(conn: &mut Conn, family_id: Uuid) -> DbResult<bool> {
    fetch_scalar!(
        conn,
        "SELECT EXISTS (SELECT 1 FROM refresh_tokens WHERE family_id = $1 AND revoked_at IS NOT NULL)",
        family_id
    )
}

pub struct NewSessionCookie<'a> {
    pub secret_hash: &'a [u8],
    pub session_id: Uuid,
    /// The one application that may use it.
    pub application_id: Option<Uuid>,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert_session_cookie(tx: &mut Tx, cookie: &NewSessionCookie<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO session_cookies (secret_hash, session_id, application_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        cookie.secret_hash,
        cookie.session_id,
        cookie.application_id,
        cookie.now,
        cookie.expires_at
    )?;
    Ok(())
}

/// Binds a cookie to what it came with: it is worth nothing any more once that is revoked.
pub async fn bind_session_cookie(tx: &mut Tx, secret_hash: &[u8], family_id: Uuid) -> DbResult<()> {
    execute!(tx, "UPDATE session_cookies SET family_id = $2 WHERE secret_hash = $1", secret_hash, family_id)?;
    Ok(())
}

/// A running session as a browser holds it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionCookie {
    pub session_id: Uuid,
    pub application_id: Option<Uuid>,
    /// What the cookie came with, where it came with tokens.
    pub family_id: Option<Uuid>,
    /// Whether it took the place of a session of somebody else's that ran.
    pub shared: bool,
}

/// Notes of a new cookie which sessions of its application it takes the place of, by the cookie that the browser had: those
/// of other people that run, and those whose place that one had taken.
pub async fn note_replaced(tx: &mut Tx, secret_hash: &[u8], replaced_hash: &[u8], now: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "INSERT INTO replaced_sessions (secret_hash, session_id)
         SELECT n.secret_hash, s.id FROM session_cookies n
           JOIN sessions own ON own.id = n.session_id
           JOIN sessions s ON s.id <> own.id
             AND (s.user_id <> own.user_id OR s.kind = 'impersonation' OR own.kind = 'impersonation')
         WHERE n.secret_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $3 AND s.id IN
           (SELECT c.session_id FROM session_cookies c WHERE c.secret_hash = $2 AND c.application_id = n.application_id
            UNION SELECT r.session_id FROM replaced_sessions r JOIN session_cookies c ON c.secret_hash = r.secret_hash
            WHERE c.secret_hash = $2 AND c.application_id = n.application_id)
         ON CONFLICT (secret_hash, session_id) DO NOTHING",
        secret_hash,
        replaced_hash,
        now
    )
}

/// The sessions of an environment behind these cookies that have not ended, newest first; whether the time of one is
/// over is not looked at. A cookie that came with tokens is gone with them.
pub async fn session_cookies(
    conn: &mut Conn,
    environment_id: Uuid,
    secret_hashes: &[Vec<u8>],
) -> DbResult<Vec<SessionCookie>> {
    if secret_hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build(
        "SELECT c.session_id, c.application_id, c.family_id,
           EXISTS (SELECT 1 FROM replaced_sessions r WHERE r.secret_hash = c.secret_hash) AS shared
         FROM session_cookies c JOIN sessions s ON s.id = c.session_id WHERE s.environment_id = ",
    );
    sql.bind(environment_id).push(" AND s.ended_at IS NULL AND c.secret_hash IN (").bind_all(secret_hashes).push(
        ") AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.family_id = c.family_id AND r.revoked_at IS NOT NULL)
         ORDER BY c.created_at DESC, c.session_id DESC",
    );
    built!(sql, fetch_all)
}
