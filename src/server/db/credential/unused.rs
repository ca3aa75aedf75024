//! Refresh tokens that nobody has used: each can be the one that a client has, and they must not become any number.

use uuid::Uuid;

use crate::server::db::{Conn, DbResult, Tx, execute, fetch_optional};

/// Whether more than `most` tokens were given for one and never used. None of them is deleted: each may be the one that its
/// owner has, and with it would go the proof that there are two.
pub async fn has_more_unused(conn: &mut Conn, parent_hash: &[u8], most: i64) -> DbResult<bool> {
    let beyond: Option<(i64,)> = fetch_optional!(
        conn,
        "SELECT CAST(1 AS BIGINT) FROM refresh_tokens WHERE parent_hash = $1 AND rotated_at IS NULL LIMIT 1 OFFSET $2",
        parent_hash,
        most
    )?;
    Ok(beyond.is_some())
}

/// Deletes of the tokens that a family's cookie gave all but the `kept` newest that were not used. The one that its code gave
/// stays: by it the family is found.
pub async fn delete_old_of_cookie(tx: &mut Tx, family_id: Uuid, kept: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM refresh_tokens WHERE token_hash IN
           (SELECT token_hash FROM refresh_tokens
            WHERE family_id = $1 AND parent_hash IS NULL AND code_hash IS NULL AND rotated_at IS NULL AND revoked_at IS NULL
            ORDER BY created_at DESC, token_hash LIMIT 1000 OFFSET $2)",
        family_id,
        kept
    )
}
