//! What was imported of users and does not do here what it did elsewhere.

use uuid::Uuid;

use super::Findings;
use crate::server::crypto::password::is_acceptable_hash;
use crate::server::db::{Conn, inspect};

/// Users that are read in one go.
const BATCH: i64 = 10_000;

pub async fn users(findings: &mut Findings, conn: &mut Conn) -> anyhow::Result<()> {
    for (environment, count) in inspect::mfa_enrolled(conn).await? {
        let who = if count == 1 {
            format!("1 user of {environment} has")
        } else {
            format!("{count} users of {environment} have")
        };
        findings.warn(
            &format!("{who} a second factor elsewhere, by the import: it is not asked for here yet"),
            "whoever needs it keeps the sign-in where it is asked for",
        );
    }
    let (mut after, mut unusable) = (Uuid::nil(), 0_u64);
    loop {
        let batch = inspect::password_hashes_after(conn, after, BATCH).await?;
        let Some((last, _)) = batch.last() else { break };
        after = *last;
        unusable += batch.iter().map(|(_, hash)| u64::from(!is_acceptable_hash(hash))).sum::<u64>();
    }
    if unusable > 0 {
        findings.warn(
            &format!(
                "the password hashes of {unusable} users are not argon2id or take too long: nobody can sign in with them"
            ),
            "import hashes of at most 256 MiB and 1 GiB of memory times passes",
        );
    }
    Ok(())
}
