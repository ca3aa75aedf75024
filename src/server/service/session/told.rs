//! The end of a session in one sentence, for people: operators read it in the audit trail, customers in their account's log.

use crate::model::session::{EndReason, SessionKind};
use crate::server::domain::actor::Actor;
use crate::server::domain::session::Session;

/// Who ended what, or why it ended by itself.
pub fn told(session: &Session, reason: EndReason, by: &Actor) -> String {
    let user = session.user_name.as_str();
    let operator = session.operator_name.as_deref().unwrap_or("an operator");
    let what = match session.kind {
        SessionKind::Impersonation => format!("impersonation of {user}"),
        SessionKind::Password => format!("session of {user}"),
    };
    // Of an impersonation both people are named, the one who acted and the one in whose name.
    let whole = match session.kind {
        SessionKind::Impersonation => format!("impersonation of {user} by {operator}"),
        SessionKind::Password => what.clone(),
    };
    let of_operator = match session.kind {
        SessionKind::Impersonation => format!("the impersonation by {operator}"),
        SessionKind::Password => "one of their own sessions".to_owned(),
    };
    let because = |why: &str| format!("The {whole} ended because {why}");
    match reason {
        EndReason::Expired => format!("The {whole} ran out"),
        EndReason::EndedByOperator => format!("{} ended the {what}", at_work(by).unwrap_or(operator)),
        EndReason::RevokedByUser => format!("{user} ended {of_operator}"),
        EndReason::RevokedByAdministrator => {
            format!("{} ended the {whole}", at_work(by).unwrap_or("An administrator"))
        }
        EndReason::SignedOut => match session.kind {
            SessionKind::Impersonation => format!("The {whole} was signed out"),
            SessionKind::Password => format!("{user} signed out"),
        },
        EndReason::OperatorLostRight => because(&format!("{operator} may not do that any more")),
        EndReason::OperatorSignedOut => because(&format!("{operator} signed out of the portal")),
        EndReason::TargetLockedOrRemoved => because(&format!("{user} cannot sign in there any more")),
        EndReason::SettingsTurnedOff => because("impersonation was turned off"),
        EndReason::AccountOrApplicationRemoved => because("its account or its application is not there any more"),
        EndReason::EnvironmentArchived => because("the environment was archived"),
        EndReason::RefreshTokenReused => because("an old refresh token was used again"),
        EndReason::AuthorizationCodeReused => because("an authorization code was used twice"),
        EndReason::PasswordChanged => because("the password was changed"),
        EndReason::TooManySessions => because(&format!("{user} began too many others")),
    }
}

/// The name of whoever works in the portal, or for those who do.
fn at_work(by: &Actor) -> Option<&str> {
    match by {
        Actor::Operator(_) | Actor::Agent(_) => Some(by.name()),
        Actor::User(_) | Actor::Client(_) | Actor::System => None,
    }
}
