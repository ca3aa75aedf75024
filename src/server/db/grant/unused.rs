//! Refresh tokens that nobody has used: each can be the one that a client has, and they must not become any number.

use uuid::Uuid;

use crate::server::db::{DbResult, Tx, execute};

/// Deletes of the tokens that were given for one token all but the first `kept`. What was used stays, and with it how a copy is
/// found out. The first stay too, not the last: whoever has an old token could otherwise make so many that the one goes that
/// its owner has, and with it the proof that there are two.
pub async fn delete_siblings(tx: &mut Tx, parent_hash: &[u8], kept: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM refresh_tokens WHERE token_hash IN
           (SELECT token_hash FROM refresh_tokens
            WHERE parent_hash = $1 AND rotated_at IS NULL AND revoked_at IS NULL
            ORDER BY created_at, token_hash LIMIT 1000 OFFSET $2)",
        parent_hash,
        kept
    )
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
