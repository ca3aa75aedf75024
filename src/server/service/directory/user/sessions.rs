//! Sessions that a change ends, in the transaction of the change.

use uuid::Uuid;

use crate::model::session::EndReason;
use crate::server::db::{session as table, user};
use crate::server::error::ServiceResult;
use crate::server::service::directory::change::{Change, What};
use crate::server::service::directory::writer::DirectoryWriter;
use crate::server::service::session;

/// Sessions of a user in one look: running ones come first.
const SESSIONS: i64 = 200;

/// Whoever is locked or no longer verified has no session any more, and nobody acts for that user. With another password,
/// or none, the user's own sessions end (ASVS 7.4.3); impersonations, which no password began, go on.
pub(super) async fn end(writer: &mut DirectoryWriter<'_>, user_id: Uuid, changes: &[Change]) -> ServiceResult<()> {
    let has = |what: What| changes.iter().any(|(change, _)| *change == what);
    if has(What::Locked) || has(What::Unverified) {
        end_all(writer, user_id).await
    } else if has(What::PasswordChanged) || has(What::PasswordRemoved) {
        end_own(writer, user_id).await
    } else {
        Ok(())
    }
}

/// As many as a user may have now end here. The rest, of a user who had more before that was so, are over all the same, and a
/// timer ends them: the others in the import do not wait for that.
async fn end_own(writer: &mut DirectoryWriter<'_>, user_id: Uuid) -> ServiceResult<()> {
    let (actor, origin, reason) = (&writer.actor, &writer.origin, EndReason::PasswordChanged);
    if session::end_own_in(writer.state, writer.tx, user_id, SESSIONS, reason, actor, origin).await? {
        user::end_sessions_before(writer.tx, user_id, writer.now).await?;
    }
    Ok(())
}

/// Ends every session of a user, and every impersonation.
pub(super) async fn end_all(writer: &mut DirectoryWriter<'_>, user_id: Uuid) -> ServiceResult<()> {
    let (state, environment_id) = (writer.state, writer.environment_id);
    let reason = EndReason::TargetLockedOrRemoved;
    loop {
        let mut ended = false;
        let (first, _) = table::of_user(writer.tx, user_id, SESSIONS).await?.apart();
        for item in first {
            if item.ended_at.is_some() {
                continue;
            }
            let Some(standing) = session::live_in(state, writer.tx, environment_id, item.id).await? else {
                ended = true;
                continue;
            };
            ended |= session::end_in(state, writer.tx, &standing, reason, &writer.actor, &writer.origin).await?;
        }
        // Running ones come first in the list: one more look, until there are none.
        if !ended {
            return Ok(());
        }
    }
}
