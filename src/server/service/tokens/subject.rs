//! Reading about whom a token speaks.

use crate::server::db::{Conn, account};
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::domain::subject::Subject;
use crate::server::error::ServiceResult;

/// The user as `application` sees it: in the session's account or, where that account does not have the
/// application, in the user's first one that does. `None` where there is none: then the user has no business there.
pub async fn subject_in(
    conn: &mut Conn,
    session: Session,
    application: &Application,
) -> ServiceResult<Option<Subject>> {
    let memberships = account::memberships_with(conn, session.user_id, application.id).await?;
    let usable = memberships.iter().filter(|membership| membership.has_application);
    let current = usable.clone().find(|membership| Some(membership.account_id) == session.account_id);
    let chosen = match current {
        None if session.is_impersonation() => None,
        None => usable.clone().next(),
        found => found,
    };
    let Some(chosen) = chosen else { return Ok(None) };
    let (roles, permissions) = account::rights(conn, session.user_id, chosen.account_id).await?;
    Ok(Some(Subject {
        account_id: chosen.account_id,
        tenant_id: chosen.external_id.clone(),
        account_name: chosen.name.clone(),
        roles,
        permissions,
        usable_tenant_ids: usable.map(|membership| membership.external_id.clone()).collect(),
        tenant_ids: memberships.iter().map(|membership| membership.external_id.clone()).collect(),
        session,
    }))
}
