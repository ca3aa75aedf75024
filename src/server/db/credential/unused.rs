//! Refresh tokens that nobody has used: each can be the one that a client has, and they must not become any number.

use uuid::Uuid;

use crate::server::db::Statement;

/// Deletes of the tokens that a family's cookie gave all but the `kept` newest that were not used. The one that its code gave
/// stays: by it the family is found.
pub fn put_deletion_of_old(sql: &mut Statement<'_>, family_id: Uuid, kept: i64) {
    sql.push(
        "DELETE FROM refresh_tokens WHERE token_hash IN
           (SELECT token_hash FROM refresh_tokens WHERE family_id = ",
    );
    sql.bind(family_id).push(
        " AND parent_hash IS NULL AND code_hash IS NULL AND rotated_at IS NULL AND revoked_at IS NULL
            ORDER BY created_at DESC, token_hash LIMIT 1000 OFFSET ",
    );
    sql.bind(kept).push(")");
}
