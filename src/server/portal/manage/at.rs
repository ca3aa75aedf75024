//! Where a managed page is, and who asks for it: what each handler begins with and ends by.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, MatchedPath, RawPathParams, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use maud::{Markup, html};

use super::parts::{empty, page_head};
use super::{SCRIPT, again};
use crate::model::error::ApiError;
use crate::model::percent::encode;
use crate::server::domain::actor::Operator;
use crate::server::error::ServiceError;
use crate::server::http::caller::status;
use crate::server::http::origin::origin;
use crate::server::http::page;
use crate::server::portal::done::Done;
use crate::server::portal::pages::{self, OwnPage, Pages};
use crate::server::portal::rights;
use crate::server::service;
use crate::server::service::caller::Caller;
use crate::ui::kit::address::Words;
use crate::ui::page::managed::Managed;

/// An operator at an address of an environment.
pub struct At {
    pub caller: Caller,
    /// What the address asks for: its words behind the question mark.
    pub words: Words,
    pages: Pages,
    parts: Parts,
}

impl<S> FromRequestParts<S> for At
where
    Pages: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let pages = Pages::from_ref(state);
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let slug = params
            .and_then(|params| params.iter().find(|(name, _)| *name == "environment").map(|(_, slug)| slug.to_owned()));
        let (Some(operator), Some(slug)) = (parts.extensions.get::<Operator>().cloned(), slug) else {
            return Err(again::signed_out());
        };
        let from = origin(&pages.app, parts);
        let request_id = from.request_id.clone();
        match service::operator::enter(&pages.app, operator, from, &slug).await {
            Ok(caller) => {
                let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
                let asked = rights::asked(parts.method.as_str(), path);
                let is_allowed = asked.is_some_and(|right| right.allows(caller.roles));
                let words = Words::parse(parts.uri.query().unwrap_or_default());
                let at = Self { caller, words, pages, parts: parts.clone() };
                if is_allowed { Ok(at) } else { Err(at.unshown(&ApiError::Forbidden).await) }
            }
            Err(ServiceError::NotFound | ServiceError::Forbidden) => Err(missing(pages, parts.clone()).await),
            Err(error) => Err(page::failed(error, &request_id)),
        }
    }
}

/// The same for what does not exist and for what may not be seen, in the frame.
async fn missing(pages: Pages, parts: Parts) -> Response {
    let mut response = pages::page(State(pages), axum::extract::Request::from_parts(parts, Default::default())).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

impl At {
    /// The address of something in this environment: `accounts/acme`.
    pub fn path(&self, below: &str) -> String {
        format!("/{}/{below}", encode(&self.caller.environment.slug))
    }

    /// The address of the page itself, without its words.
    pub fn here(&self) -> &str {
        self.parts.uri.path()
    }

    /// The page of this title.
    pub async fn page(self, title: &str, content: Markup) -> Response {
        self.drawn(StatusCode::OK, title, content).await
    }

    /// The page of a form that was refused, with what was entered in it.
    pub async fn refused(self, refusal: &ApiError, title: &str, content: Markup) -> Response {
        if *refusal == ApiError::Forbidden {
            return self.unshown(refusal).await;
        }
        self.drawn(status(refusal), title, content).await
    }

    /// Leads on to a page below the environment, which says what was done.
    pub fn done(&self, below: &str, done: Done) -> Response {
        done.lead_to(self.caller.state.is_https(), &self.path(below))
    }

    /// What is said of a use case that did not do what was asked. Our own faults are logged here.
    pub fn refusal(&self, error: ServiceError) -> ApiError {
        error.into_api(&self.caller.origin.request_id)
    }

    /// The page for what could not be read.
    pub async fn failed(self, error: ServiceError) -> Response {
        let refusal = self.refusal(error);
        if refusal == ApiError::NotFound {
            return missing(self.pages, self.parts).await;
        }
        self.unshown(&refusal).await
    }

    /// The page that says why there is nothing to show, and no form to try it with again.
    async fn unshown(self, refusal: &ApiError) -> Response {
        let (title, glyph) = match refusal {
            ApiError::Forbidden => ("Your role does not allow this", "lock"),
            _ => ("This could not be shown", "triangle-alert"),
        };
        let up = html! { a.button href=(self.path("users")) rel="external" { "Go to users" } };
        let why = empty(glyph, title, &refusal.to_string(), up);
        let content = html! { (page_head(title, html! {}, html! {})) div.card { (why) } };
        self.drawn(status(refusal), title, content).await
    }

    async fn drawn(self, status: StatusCode, title: &str, content: Markup) -> Response {
        let Self { caller, pages, parts, .. } = self;
        let is_https = caller.state.is_https();
        let done = Done::of(is_https, &parts.headers);
        let html = html! { @if let Some(done) = &done { (done.drawn()) } (content) };
        let content = Managed { title: title.to_owned(), html: Arc::from(html.into_string()) };
        let page = OwnPage { environment: caller.environment.slug, status, content, script: SCRIPT };
        let mut response = pages::own_page(&pages, parts, page).await;
        if done.is_some() {
            Done::forget(is_https, &mut response);
        }
        response
    }
}
