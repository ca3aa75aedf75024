//! Signing in without a page: what an SDK tries first at every load of a hosted application.

use axum::response::{IntoResponse, Response};

use super::answer::{self, SCOPE};
use super::call::{Call, require_public};
use super::cookies::{self, Found};
use super::error::{Answer, Refused};
use crate::server::db::session::StandingRow;
use crate::server::identity::choice::{Asked, Browser, Choice};
use crate::server::identity::provider::Provider;
use crate::server::service::browser;
use crate::server::service::relying_party::Application;
use crate::server::service::tokens::{self, Reissue};

/// The tokens of the session that is meant, or 401. A session that is over is nobody else's from then on: its cookie is
/// taken back, and the application asks anew.
pub async fn silent(call: Call) -> Answer<Response> {
    let application = call.application().await?;
    require_public(&application)?;
    match signed_in(&call, &application).await {
        Ok(response) => Ok(response),
        Err(refused) => {
            let mut response = refused.into_response();
            if let Found::Over = cookies::find(&call.provider, &application).await? {
                cookies::clear(&call.provider, &mut response, &application);
            }
            Ok(response)
        }
    }
}

async fn signed_in(call: &Call, application: &Application) -> Answer<Response> {
    let provider = &call.provider;
    let browser = Browser::of(provider).await?;
    let session = meant(provider, &browser, application).await?;
    if call.is_of_another(&session).await? {
        return Err(Refused::over("Somebody else signed in to this application in another tab."));
    }
    let wanted = Reissue {
        scope: SCOPE,
        with_refresh_token: true,
        family_id: cookies::family(provider, application, session.id).await?,
        tenant_id: call.input.get("tenantId"),
    };
    let granted =
        tokens::reissue(&provider.state, provider.environment.id, session.id, application, &wanted, &provider.client);
    let tokens = answer::sign(provider, application, granted.await?).await?;
    let mut response = tokens.hosted();
    cookies::keep(provider, &mut response, application, &tokens.session, tokens.family_id).await?;
    // It is who the application is here from now on, unless the provider's cookie does not know it.
    if let Some(browser_id) = browser.id().filter(|_| browser.holds(tokens.session.id)) {
        let unused = browser.is_unused(tokens.session.id);
        browser::note_last_use(&provider.state, browser_id, application.id, tokens.session.id, unused).await?;
    }
    Ok(response)
}

/// Whom this browser means, as the provider's own endpoint decides, and nobody else than the browser keeps for the
/// application: where the two disagree, one of them is another tab's. The provider's cookie is not there where the session
/// began on the application's own page.
async fn meant(provider: &Provider, browser: &Browser, application: &Application) -> Answer<Box<StandingRow>> {
    if let Some(session) = browser.just_handed_off(provider, application).await? {
        return Ok(session);
    }
    let kept = cookies::find(provider, application).await?;
    if let Found::Over = kept {
        return Err(Refused::over("The session has ended."));
    }
    match (browser.for_application(provider, application, Asked::anyone()).await?, kept) {
        (Choice::Session(session), Found::Session(kept)) if kept.id != session.id => {
            Err(Refused::over("Several users are signed in here. Sign in to say which one is meant."))
        }
        (Choice::Session(session), _) | (Choice::Nobody, Found::Session(session)) => Ok(session),
        (Choice::Several(_), _) => {
            Err(Refused::over("Several users are signed in here. Sign in to say which one is meant."))
        }
        (Choice::Over { .. }, _) => Err(Refused::over("The session has ended.")),
        (Choice::Nobody, _) => Err(Refused::over("Nobody is signed in.")),
    }
}
