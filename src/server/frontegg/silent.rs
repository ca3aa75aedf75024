//! Signing in without a page: what an SDK tries first at every load of a hosted application.

use axum::response::{IntoResponse, Response};

use super::answer::{self, SCOPE};
use super::call::{Call, Shown, require_public};
use super::cookies::{self, Found};
use super::embedded::SEVERAL;
use super::error::{SdkError, SdkResult};
use super::meant::{Meant, meant};
use crate::server::domain::application::Application;
use crate::server::oauth::browser::{Asked, Browser};
use crate::server::service::session::browser;
use crate::server::service::tokens::{self, Reissue};

/// The tokens of the session that is meant, or 401. A session that is over is nobody else's from then on: its cookie is
/// taken back, and the application asks anew.
pub async fn silent(call: Call) -> SdkResult<Response> {
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

async fn signed_in(call: &Call, application: &Application) -> SdkResult<Response> {
    let provider = &call.provider;
    let browser = Browser::of(provider).await?;
    let session = match browser.just_handed_off(provider, application).await? {
        Some(session) => session,
        None => match meant(call, &browser, application, Asked::anyone()).await? {
            Meant::Session(session) => session,
            Meant::Several => return Err(SdkError::over(SEVERAL)),
            Meant::Over => return Err(SdkError::over("The session has ended.")),
            Meant::Nobody => return Err(SdkError::over("Nobody is signed in.")),
        },
    };
    if call.shown(&session).await? == Shown::Another {
        return Err(SdkError::over("Somebody else signed in to this application in another tab."));
    }
    let wanted = Reissue {
        scope: SCOPE,
        with_refresh_token: true,
        family_id: cookies::family(provider, application, session.id).await?,
        tenant_id: call.input.get("tenantId"),
    };
    let granted =
        tokens::reissue(&provider.state, provider.environment.id, session.id, application, &wanted, &provider.origin);
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
