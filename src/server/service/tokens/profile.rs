//! The user of a session as its application shows the user to itself: more than tokens say.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::db::{account, user};
use crate::server::domain::subject::Subject;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::session::self_service::{self, OwnAccount};

pub struct UserProfile {
    pub picture_url: Option<String>,
    pub created_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
    /// Key and name of the user's roles in the session's account.
    pub roles: Vec<(String, String)>,
}

/// Reads what the subject's user is beyond its claims.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn of(caller: &Caller, subject: &Subject) -> ServiceResult<UserProfile> {
    let session = &subject.session;
    let mut conn = caller.state.db.read().await?;
    let row = user::by_id(&mut conn, session.environment_id, session.user_id).await?.ok_or(ServiceError::NotFound)?;
    let roles = account::membership_roles(&mut conn, row.id).await?;
    Ok(UserProfile {
        picture_url: row.picture_url,
        created_at: row.created_at,
        last_login_at: row.last_login_at,
        roles: roles
            .into_iter()
            .filter(|(account_id, _, _)| *account_id == subject.account_id)
            .map(|(_, key, name)| (key, name))
            .collect(),
    })
}

/// The accounts between which the subject may switch inside the application; the current one is the token's.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn accounts(caller: &Caller, subject: &Subject, application_id: Uuid) -> ServiceResult<Vec<OwnAccount>> {
    let mut accounts = self_service::accounts_in(caller, &subject.session, Some(application_id)).await?;
    for account in &mut accounts {
        account.current = account.external_id == subject.tenant_id;
    }
    Ok(accounts)
}
