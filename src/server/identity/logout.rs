//! Sign-out that an application initiates (OpenID Connect RP-Initiated Logout 1.0). With an id token of a session that
//! the browser holds it happens at once; else the browser is asked first, for then anybody could have sent it here.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use uuid::Uuid;

use super::selection::{self, Then};
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::http::page::{self, Page};
use crate::server::oauth::browser::Browser;
use crate::server::oauth::hint::{self, IdHint};
use crate::server::oauth::parameters::{BrowserForm, BrowserQuery, Parameters, with_query};
use crate::server::oauth::problem::RefusedRequest;
use crate::server::oauth::provider::Provider;
use crate::server::platform::text::isolated;
use crate::server::platform::url::in_ascii;
use crate::server::service::registry::relying_party;
use crate::server::service::session::{self, sign_in};

pub async fn get(provider: Provider, BrowserQuery(parameters): BrowserQuery) -> Response {
    answer(&provider, &parameters, false).await.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

pub async fn post(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    answer(&provider, &form, false).await.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

/// The form of the page that asks.
pub async fn confirm(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    answer(&provider, &form, true).await.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

/// The page for a mistake of the application, which is counted.
fn wrong(provider: &Provider, application: Option<&Application>, sentence: &'static str) -> Response {
    let refused = RefusedRequest::new(ProblemKind::AuthorizationRequest, sentence, "");
    refused.page(provider, application, "This sign-out cannot go on")
}

async fn answer(provider: &Provider, parameters: &Parameters, confirmed: bool) -> ServiceResult<Response> {
    if parameters.has_repeated() {
        let application = match parameters.get("client_id") {
            Some(named) => relying_party::application(&provider.state, provider.environment.id, named).await?,
            None => None,
        };
        let sentence = "The application sent a parameter of its sign-out twice. Tell its developers.";
        return Ok(wrong(provider, application.as_deref(), sentence));
    }
    let id_hint = match parameters.get("id_token_hint") {
        Some(token) => hint::id_token(provider, token).await?,
        None => None,
    };
    let hinted = id_hint.as_ref().map(|id_hint| id_hint.client_id.as_str());
    let client_id = parameters.get("client_id");
    let application = match client_id.or(hinted) {
        Some(client_id) => relying_party::application(&provider.state, provider.environment.id, client_id).await?,
        None => None,
    };
    if client_id.is_some() && application.is_none() {
        let sentence = "No application of this environment has this client_id. Tell its developers.";
        let refused = RefusedRequest::new(ProblemKind::ClientId, sentence, client_id.unwrap_or_default());
        return Ok(refused.page(provider, None, "This sign-out cannot go on"));
    }
    if hinted.is_some_and(|hinted| client_id.is_some_and(|client_id| client_id != hinted)) {
        let sentence =
            "The application signed out with an id token that was issued to another one. Tell its developers.";
        return Ok(wrong(provider, application.as_deref(), sentence));
    }
    let unchecked = application.is_none() && parameters.get("post_logout_redirect_uri").is_some();
    let Ok(target) = target(provider, parameters, application.as_deref()).await? else {
        let sentence =
            "The application wants to return to an address that is not registered for it. Tell its developers.";
        let uri = parameters.get("post_logout_redirect_uri").unwrap_or_default();
        let refused = RefusedRequest::new(ProblemKind::LogoutRedirectUri, sentence, uri);
        return Ok(refused.page(provider, application.as_deref(), "This sign-out cannot go on"));
    };
    let question = Question { provider, parameters, target: target.as_deref(), unchecked };
    let browser = Browser::of(provider).await?;
    if confirmed {
        let named = parameters.get("session").and_then(|text| Uuid::try_parse(text).ok());
        if let Some(named) = named.filter(|named| browser.holds(*named)) {
            return question.sign_out(named).await;
        }
    }
    if let Some(id_hint) = id_hint.as_ref().filter(|id_hint| !id_hint.past) {
        return hinted_sign_out(&question, &browser, id_hint, confirmed).await;
    }
    let sessions = match &application {
        Some(application) => browser.running_for(provider, application).await?,
        None => browser.running_all(provider).await?,
    };
    let hinted = id_hint.map(|id_hint| id_hint.session_id);
    if let Some(named) = sessions.iter().find(|session| Some(session.id) == hinted) {
        return Ok(question.ask(named));
    }
    match sessions.as_slice() {
        [] => Ok(question.done()),
        [only] => Ok(question.ask(only)),
        several => question.ask_which(several).await,
    }
}

/// At once where the browser holds the session of the id token. Where it does not, somebody else may have sent it here,
/// or the application posted from its own site, which leaves cookies behind: then the browser is asked (section 2).
async fn hinted_sign_out(
    question: &Question<'_>,
    browser: &Browser,
    id_hint: &IdHint,
    confirmed: bool,
) -> ServiceResult<Response> {
    let provider = question.provider;
    let live = session::live(&provider.state, provider.environment.id, id_hint.session_id).await?;
    match live {
        Some(session) if confirmed || browser.holds(session.id) => question.sign_out(session.id).await,
        Some(session) => Ok(question.ask(&session)),
        None => past_sign_out(question, browser, id_hint).await,
    }
}

/// The session of the id token is over. Where its user has signed in here anew since, it is the same person who signs out: of
/// what runs now, and not only of what is gone.
async fn past_sign_out(question: &Question<'_>, browser: &Browser, id_hint: &IdHint) -> ServiceResult<Response> {
    let provider = question.provider;
    let own = match browser.own() {
        Some(own) => session::live(&provider.state, provider.environment.id, own).await?,
        None => None,
    };
    let Some(own) = own.filter(|own| own.user_id == id_hint.user_id) else { return Ok(question.done()) };
    let was_here = browser.ended(provider, id_hint.session_id).await?;
    if was_here.as_ref().is_some_and(Session::is_impersonation) {
        return Ok(question.done());
    }
    if was_here.is_some() { question.sign_out(own.id).await } else { Ok(question.ask(&own)) }
}

/// Where the browser goes afterwards, or an error where nobody registered that. Nowhere where it cannot be said whose address
/// it is.
async fn target(
    provider: &Provider,
    parameters: &Parameters,
    application: Option<&Application>,
) -> ServiceResult<Result<Option<String>, ()>> {
    let Some(uri) = parameters.get("post_logout_redirect_uri") else { return Ok(Ok(None)) };
    let Some(application) = application else { return Ok(Ok(None)) };
    if !relying_party::is_logout_redirect(&provider.state, application.id, uri).await? {
        return Ok(Err(()));
    }
    let url = match parameters.get("state") {
        Some(state) => with_query(uri, &[("state", state)]),
        None => in_ascii(uri),
    };
    Ok(Ok(Some(url)))
}

/// A sign-out that was asked for.
struct Question<'a> {
    provider: &'a Provider,
    parameters: &'a Parameters,
    /// Where the browser goes afterwards.
    target: Option<&'a str>,
    /// Whether the application named an address and not itself.
    unchecked: bool,
}

impl Question<'_> {
    async fn sign_out(&self, session_id: Uuid) -> ServiceResult<Response> {
        let Provider { state, environment, origin, .. } = self.provider;
        sign_in::sign_out(state, environment.id, session_id, origin).await?;
        Ok(self.done())
    }

    fn done(&self) -> Response {
        match self.target {
            Some(url) => Redirect::to(url).into_response(),
            None if self.unchecked => {
                page::plain(StatusCode::OK, "You are signed out", &format!("{STAYS} You can close this tab."))
            }
            None => page::plain(StatusCode::OK, "You are signed out", "You can close this tab."),
        }
    }

    fn ask(&self, session: &Session) -> Response {
        let (title, button) = if session.is_impersonation() {
            (format!("End the impersonation of {}?", isolated(&session.user_name)), "End session")
        } else {
            (format!("Sign out {}?", isolated(&session.user_name)), "Sign out")
        };
        let body = html! {
            h1 { (title) }
            p.dim { "Applications that you opened with this session will ask you to sign in again." }
            @if self.unchecked { p.dim { (STAYS) } }
            form.form method="post" action=(self.provider.path("/logout/confirm")) {
                input type="hidden" name="session" value=(session.id);
                (self.fields())
                button.button.primary.wide type="submit" { (button) }
            }
        };
        let page = Page::card(&title, body);
        if self.target.is_some() { page.leads_on() } else { page }.into_response()
    }

    async fn ask_which(&self, sessions: &[Session]) -> ServiceResult<Response> {
        let sentence = "Several sessions run in this browser, and the application did not say which one it means.";
        let sentence = if self.unchecked { format!("{sentence} {STAYS}") } else { sentence.to_owned() };
        let title = "Which session do you want to end?";
        let then = Then::SignOut(self.fields(), self.target.is_some());
        selection::ask(self.provider, title, &sentence, sessions, &then).await
    }

    /// What the application sent, for the form.
    fn fields(&self) -> Markup {
        let kept = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];
        html! {
            @for name in kept {
                @if let Some(value) = self.parameters.get(name) { input type="hidden" name=(name) value=(value); }
            }
        }
    }
}

const STAYS: &str = "The application named an address to return to, but not which application it is, so that nobody can say \
                     whose address that is: the browser stays here.";
