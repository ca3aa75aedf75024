//! What is left to do until somebody can be impersonated in an environment, by what is really there.

use crate::server::db::checklist as table;
use crate::server::error::ServiceResult;
use crate::server::service::caller::Caller;

/// A step on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Application,
    Account,
    Users,
    ImpersonationOn,
    Impersonated,
}

/// The steps in the order in which one takes them, each with whether it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checklist(pub [(Step, bool); 5]);

impl Checklist {
    pub fn is_done(&self) -> bool {
        self.0.iter().all(|(_, done)| *done)
    }

    /// What comes next.
    pub fn next(&self) -> Option<Step> {
        self.0.iter().find(|(_, done)| !done).map(|(step, _)| *step)
    }
}

/// The steps that the caller's environment has behind it, in one statement whose cost grows with nothing.
///
/// # Errors
/// [`ServiceError::Forbidden`](crate::server::error::ServiceError::Forbidden) for who may not see what the environment holds.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn checklist(caller: &Caller) -> ServiceResult<Checklist> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let found = table::set_up(&mut conn, caller.environment.id).await?;
    Ok(Checklist([
        (Step::Application, found.application),
        (Step::Account, found.account),
        (Step::Users, found.users),
        (Step::ImpersonationOn, found.impersonation_on),
        (Step::Impersonated, found.impersonated),
    ]))
}
