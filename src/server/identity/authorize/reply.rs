//! Where the answers of the authorization endpoint go, and how: by redirect, or as a form that posts itself (OAuth 2.0
//! Form Post Response Mode). Every one names the issuer (RFC 9207).

use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::request::AuthorizationError;
use crate::server::domain::application::Application;
use crate::server::http::page::Page;
use crate::server::oauth::parameters::{Parameters, with_query};
use crate::server::oauth::provider::Provider;
use crate::server::platform::text::isolated;
use crate::server::platform::url::origin_of;

/// Posts the one form of the page.
const SUBMIT: &str = "document.forms[0].submit();";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Query,
    FormPost,
}

/// Where answers go, once client and redirect URI are known to belong together.
pub struct Reply {
    pub redirect_uri: String,
    state: Option<String>,
    issuer: String,
    mode: Mode,
    /// For the page that goes on by itself.
    /// Its name, isolated.
    application: String,
}

impl Reply {
    /// A mode that is not known is refused later, by redirect.
    pub fn new(provider: &Provider, parameters: &Parameters, application: &Application, redirect_uri: &str) -> Self {
        let once = |name: &str| parameters.get(name).filter(|_| !parameters.is_repeated(name));
        let is_form_post = once("response_mode") == Some("form_post") && origin_of(redirect_uri).is_some();
        Self {
            redirect_uri: redirect_uri.to_owned(),
            state: once("state").map(ToOwned::to_owned),
            issuer: provider.issuer(),
            mode: if is_form_post { Mode::FormPost } else { Mode::Query },
            application: isolated(&application.name),
        }
    }

    pub fn code(&self, code: &str) -> Response {
        self.send(&[("code", code)])
    }

    pub fn error(&self, error: AuthorizationError) -> Response {
        self.send(&[("error", error.code), ("error_description", error.description)])
    }

    fn send(&self, pairs: &[(&str, &str)]) -> Response {
        let mut pairs = pairs.to_vec();
        if let Some(state) = &self.state {
            pairs.push(("state", state));
        }
        pairs.push(("iss", &self.issuer));
        match self.mode {
            Mode::Query => Redirect::to(&with_query(&self.redirect_uri, &pairs)).into_response(),
            Mode::FormPost => self.form(&pairs),
        }
    }

    /// The form goes on by itself where scripts run, and by its button where they do not. The application is told the
    /// origin that it comes from, which some hold against a list before they read a form.
    fn form(&self, pairs: &[(&str, &str)]) -> Response {
        let title = format!("Going on to {}…", self.application);
        let body = html! {
            div.with-icon { span.spinner aria-hidden="true" {} h1 { (title) } }
            form.form method="post" action=(self.redirect_uri) {
                @for (name, value) in pairs { input type="hidden" name=(name) value=(value); }
                button.button.primary.wide type="submit" { "Go on to " (self.application) }
            }
        };
        Page::card(&title, body).script(SUBMIT).leads_on().referrer("origin").into_response()
    }
}
