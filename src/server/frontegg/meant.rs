//! Whom a call means that names nobody: decided once, for signing in silently and for signing out.

use super::call::{Call, Shown};
use super::cookies::{self, Found};
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::oauth::browser::{Asked, Browser, Choice};

pub enum Meant {
    Session(Box<Session>),
    /// Each of several could be.
    Several,
    /// Who could be is over, and nobody takes that place.
    Over,
    Nobody,
}

/// Whom this browser means, as the provider's own endpoint decides, and nobody else than the browser keeps for the
/// application: where the two disagree, one of them is another tab's. The provider's cookie is not there where the session
/// began on the application's own page; then what the browser keeps decides, unless it kept somebody else before.
pub async fn meant(call: &Call, browser: &Browser, application: &Application, asked: Asked) -> ServiceResult<Meant> {
    let provider = &call.provider;
    let kept = cookies::find(provider, application).await?;
    if let Found::Over = kept {
        return Ok(Meant::Over);
    }
    Ok(match (browser.for_application(provider, application, asked).await?, kept) {
        (Choice::Session(session), Found::Session { session: kept, .. }) if kept.id != session.id => Meant::Several,
        (Choice::Session(session), _) => Meant::Session(session),
        (Choice::Nobody, Found::Session { session, shared }) => {
            if shared && call.shown(&session).await? != Shown::This { Meant::Several } else { Meant::Session(session) }
        }
        (Choice::Several(_), _) => Meant::Several,
        (Choice::Over { .. }, _) => Meant::Over,
        (Choice::Nobody, _) => Meant::Nobody,
    })
}
