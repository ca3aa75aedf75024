//! Reading about whom a token speaks.

use uuid::Uuid;

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
    let mut memberships = account::memberships(conn, session.user_id).await?;
    memberships.retain(|membership| membership.disabled_at.is_none());
    let assigned = account::applications_of_user(conn, session.user_id).await?;
    let has_application = |account_id: Uuid| {
        assigned.iter().any(|row| row.account_id == account_id && row.application_id == application.id)
    };
    let usable = memberships.iter().filter(|membership| has_application(membership.account_id));
    let current = usable.clone().find(|membership| Some(membership.account_id) == session.account_id);
    let chosen = match current {
        None if session.is_impersonation() => None,
        None => usable.clone().next(),
        found => found,
    };
    let Some(chosen) = chosen else { return Ok(None) };
    let usable_tenant_ids = usable.map(|membership| membership.external_id.clone()).collect();
    let roles = account::membership_roles(conn, session.user_id).await?;
    let account_id = chosen.account_id;
    Ok(Some(Subject {
        account_id,
        tenant_id: chosen.external_id.clone(),
        account_name: chosen.name.clone(),
        roles: roles.into_iter().filter(|row| row.0 == account_id).map(|row| row.1).collect(),
        permissions: account::permissions(conn, session.user_id, account_id).await?,
        tenant_ids: memberships.iter().map(|membership| membership.external_id.clone()).collect(),
        usable_tenant_ids,
        session,
    }))
}
