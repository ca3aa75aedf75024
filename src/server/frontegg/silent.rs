//! Signing in without a page: what an SDK tries first at every load of a hosted application.

use axum::response::{IntoResponse, Response};

use super::answer::{self, SCOPE};
use super::call::{Call, require_public};
use super::cookies::{self, Found};
use super::error::{Answer, Refused};
use crate::server::db::session::StandingRow;
use crate::server::identity::choice::{Browser, Choice};
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
    let session = meant(call, application).await?;
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
    Ok(response)
}

/// An impersonation that was handed off to this application just now: this tab was opened for it. Else the session that
/// the browser keeps for the application, which all tabs of it share. Else whom the provider's own cookies mean.
async fn meant(call: &Call, application: &Application) -> Answer<Box<StandingRow>> {
    let provider = &call.provider;
    let browser = Browser::of(provider).await?;
    if let Some(session) = browser.just_handed_off(provider, application).await? {
        return Ok(session);
    }
    match cookies::find(provider, application).await? {
        Found::Session(session) => Ok(session),
        Found::Over => Err(Refused::over("The session has ended.")),
        Found::Nothing => match browser.for_application(provider, application, None).await? {
            Choice::Session(session) => Ok(session),
            Choice::Gone | Choice::Nobody => Err(Refused::over("Nobody is signed in.")),
        },
    }
}
