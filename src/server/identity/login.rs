//! The hosted sign-in page: e-mail and password, and back to where the browser came from.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::destination::{Destination, destination};
use super::reauthentication::answered;
use super::selection;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::page::{self, Page, icon};
use crate::server::oauth::browser::Browser;
use crate::server::oauth::cookies;
use crate::server::oauth::parameters::{BrowserForm, BrowserQuery, Parameters};
use crate::server::oauth::provider::Provider;
use crate::server::platform::text::isolated;
use crate::server::service::session::sign_in::{self, Before};

pub async fn form(provider: Provider, BrowserQuery(parameters): BrowserQuery) -> Response {
    // Of two addresses none is gone on to; signing in still works.
    let wanted = parameters.get("continue").filter(|_| !parameters.has_repeated());
    let shown = async {
        let ended = selection::said(&provider, parameters.get("ended")).await?;
        Ok(destination(&provider, wanted).await?.map(|destination| Destination { ended, ..destination }))
    };
    match shown.await {
        Ok(Err(page)) => page,
        Ok(Ok(destination)) => sign_in_page(&provider, &destination, &destination.email, None),
        Err(error) => page::failed(error, &provider.origin.request_id),
    }
}

pub async fn submit(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    match sign_in_with(&provider, &form).await {
        Ok(response) => response,
        Err(error) => page::failed(error, &provider.origin.request_id),
    }
}

async fn sign_in_with(provider: &Provider, form: &Parameters) -> ServiceResult<Response> {
    if form.has_repeated() {
        let sentence = "The form had a field twice. Go back and send it again as it is.";
        return Ok(page::plain(StatusCode::BAD_REQUEST, "This sign-in cannot go on", sentence));
    }
    let destination = match destination(provider, form.get("continue")).await? {
        Ok(destination) => destination,
        Err(page) => return Ok(page),
    };
    let email = form.get("email").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    let cookie = cookies::browser(provider);
    let before = Before { session: Browser::of(provider).await?.own(), cookie: cookie.as_deref() };
    let outcome =
        sign_in::sign_in(&provider.state, &provider.environment, email, password, before, &provider.origin).await;
    let problem = match outcome {
        Ok(signed_in) => {
            let path = answered(provider, &destination.path, signed_in.session_id);
            let mut response = Redirect::to(&path).into_response();
            cookies::keep(provider, &mut response, &signed_in.cookie);
            cookies::set_device(provider, &mut response, &signed_in.device);
            return Ok(response);
        }
        Err(ServiceError::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors.to_string(), None),
        Err(ServiceError::RateLimited { retry_after_seconds: wait }) => {
            let message = format!("Too many attempts. Try again in {wait} seconds.");
            (StatusCode::TOO_MANY_REQUESTS, message, Some(wait))
        }
        Err(error) => return Err(error),
    };
    let (status, message, wait) = problem;
    let mut response = sign_in_page(provider, &destination, email, Some((status, &message)));
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    Ok(response)
}

fn sign_in_page(
    provider: &Provider,
    destination: &Destination,
    email: &str,
    problem: Option<(StatusCode, &str)>,
) -> Response {
    let title = match &destination.application {
        Some(application) => format!("Sign in to {}", isolated(&application.name)),
        None => "Sign in".to_owned(),
    };
    let invalid = problem.map(|_| "true");
    let described = problem.map(|_| "problem");
    let body = html! {
        h1 { (title) }
        // To whom an application is named, its environment's name says nothing.
        @if destination.application.is_none() { p.dim { (provider.environment.name) } }
        form.form method="post" action=(provider.path("/login")) {
            @if let Some(ended) = &destination.ended {
                p.notice.amber role="note" { (icon("venetian-mask")) span { (ended) } }
            }
            @if let Some((_, message)) = problem {
                p.notice.bad #problem role="alert" { (icon("triangle-alert")) span { (message) } }
            }
            input type="hidden" name="continue" value=(destination.continued);
            div.field {
                label.label for="email" { "E-mail" }
                // Not an e-mail input: browsers rewrite its domain and refuse letters with accents.
                input.input #email type="text" inputmode="email" autocapitalize="none" spellcheck="false" name="email"
                    value=(email) autocomplete="username" required
                    autofocus[email.is_empty()] aria-invalid=[invalid] aria-describedby=[described];
            }
            div.field {
                label.label for="password" { "Password" }
                input.input #password type="password" name="password" autocomplete="current-password" required
                    autofocus[!email.is_empty()] aria-invalid=[invalid] aria-describedby=[described];
            }
            button.button.primary.wide type="submit" { "Sign in" }
        }
        p.dim { "Forgotten your password? Ask whoever gave you your account for a link with which you choose a new one." }
    };
    let status = problem.map_or(StatusCode::OK, |(status, _)| status);
    let page = Page::card(&title, body).status(status);
    if destination.leads_on { page.leads_on() } else { page }.into_response()
}
