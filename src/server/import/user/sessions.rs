//! Sessions that a change of an import ends, in the transaction of the change.

use super::write::Going;
use crate::model::session::{EndReason, SessionKind};
use crate::server::db::session as table;
use crate::server::import::Writer;
use crate::server::import::change::What;
use crate::server::service::caller::Client;
use crate::server::service::session::{self, EndedBy};

/// Sessions of a user in one look: running ones come first.
const SESSIONS: i64 = 200;

/// Whoever is locked or no longer verified has no session any more, and nobody acts for that user. With another password,
/// or none, the user's own sessions end (ASVS 7.4.3); impersonations, which no password began, go on.
pub(super) async fn end(writer: &mut Writer<'_>, one: &Going<'_>) -> anyhow::Result<()> {
    let reason = if one.has(What::Locked) || one.has(What::Unverified) {
        EndReason::TargetLockedOrRemoved
    } else if one.has(What::PasswordChanged) || one.has(What::PasswordRemoved) {
        EndReason::PasswordChanged
    } else {
        return Ok(());
    };
    let (state, environment_id, client) = (writer.state, writer.environment_id, Client::default());
    loop {
        let mut ended = false;
        for item in table::of_user(writer.tx, one.id, SESSIONS).await? {
            if item.ended_at.is_some() {
                continue;
            }
            let Some(standing) = session::live_in(state, writer.tx, environment_id, item.id).await? else {
                ended = true;
                continue;
            };
            if standing.session_kind() == SessionKind::Password {
                ended |= session::end_in(state, writer.tx, &standing, reason, EndedBy::System, &client).await?;
            }
        }
        // Running ones come first in the list: one more look, until there are none.
        if !ended {
            return Ok(());
        }
    }
}
