//! Trading a hand-off code for tokens (RFC 8693): how an impersonation reaches an application that signs its users in
//! itself. The operator is bound in the code, so the application names no actor.

use uuid::Uuid;

use super::conclude::{Wanted, conclude};
use super::{Granted, TokenError, TokenResult};
use crate::server::domain::application::Application;
use crate::server::service::caller::Origin;
use crate::server::service::impersonation::hand_off::{self, HandOffRefusal, Presenter};
use crate::server::state::AppState;

/// A hand-off code as an application presents it.
pub struct Exchange<'a> {
    pub code: &'a str,
    /// The scope of the tokens, known words only.
    pub scope: &'a str,
    /// The proof of a page, which has no secret.
    pub code_verifier: Option<&'a str>,
}

/// Redeems a hand-off code: once, within its time, by the application for which it was made.
///
/// # Errors
/// [`TokenError::Request`] for everything that does not fit (RFC 8693 section 2.2.2); all but an unknown code is in the
/// audit trail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn exchange_hand_off(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    presented: &Exchange<'_>,
    origin: &Origin,
) -> TokenResult<Granted> {
    let mut tx = state.db.write().await?;
    let presenter = if application.is_public() {
        Presenter::Page { application, code_verifier: presented.code_verifier }
    } else {
        Presenter::Application(application)
    };
    let opened = match hand_off::redeem_in(state, &mut tx, environment_id, presented.code, presenter, origin).await? {
        Ok(opened) => opened,
        Err(refusal) => {
            tx.commit().await?;
            return Err(TokenError::request(sentence(refusal)));
        }
    };
    let session = opened.session;
    let wanted = Wanted { scope: presented.scope.to_owned(), with_refresh_token: true, ..Wanted::default() };
    conclude(state, tx, session, application, wanted).await.map_err(TokenError::of_request)
}

/// For the application's developer. A stranger learns no more than that the code is not for it.
fn sentence(refusal: HandOffRefusal) -> &'static str {
    match refusal {
        HandOffRefusal::Unknown
        | HandOffRefusal::ForeignApplication
        | HandOffRefusal::ForeignOperator
        | HandOffRefusal::NoOperator => "the hand-off code is unknown or was not made for this client",
        HandOffRefusal::OtherLoginMethod => {
            "the hand-off code is for the hosted pages: this client is not set to embedded login"
        }
        HandOffRefusal::NoProof => {
            "a client without a secret first claims the code at /hand-off/claim with a code_challenge, and sends the \
             code_verifier here"
        }
        HandOffRefusal::Replayed => "the hand-off code was used already",
        HandOffRefusal::Expired => "the hand-off code has expired",
        HandOffRefusal::BrowserFull => "the browser holds too many running sessions",
        HandOffRefusal::Ended(_) => "the impersonation has ended",
    }
}
