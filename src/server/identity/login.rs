//! The hosted sign-in page: e-mail and password, and back to where the browser came from.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::authorize::answered;
use super::selection;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::page::{self, Page, icon};
use crate::server::oauth::browser::Browser;
use crate::server::oauth::parameters::{BrowserForm, BrowserQuery, Parameters};
use crate::server::oauth::provider::Provider;
use crate::server::oauth::{cookies, hint, parking};
use crate::server::platform::text::isolated;
use crate::server::platform::url::is_path;
use crate::server::service::registry::relying_party::{self, Application};
use crate::server::service::session::sign_in::{self, Before};

/// Where the browser goes after signing in, and for which application that is.
pub struct Destination {
    pub path: String,
    /// What stands for it in the form: the path, or a short name.
    continued: String,
    pub application: Option<Arc<Application>>,
    /// The way through the sign-in leads to an application.
    leads_on: bool,
    /// The e-mail that the application suggests.
    email: String,
    /// What ended, where the browser was sent here because of it.
    ended: Option<String>,
}

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
        Err(error) => page::failed(error, &provider.client.request_id),
    }
}

pub async fn submit(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    match sign_in_with(&provider, &form).await {
        Ok(response) => response,
        Err(error) => page::failed(error, &provider.client.request_id),
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
        sign_in::sign_in(&provider.state, &provider.environment, email, password, before, &provider.client).await;
    let problem = match outcome {
        Ok(signed_in) => {
            let path = answered(provider, &destination.path, signed_in.session_id);
            let mut response = Redirect::to(&path).into_response();
            cookies::keep(provider, &mut response, &signed_in.cookie);
            cookies::set_device(provider, &mut response, &signed_in.device);
            return Ok(response);
        }
        Err(ServiceError::Invalid { message, .. }) => (StatusCode::UNPROCESSABLE_ENTITY, message, None),
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

/// Reads where to go on: a sign-in of one of this environment's applications, or one of its account pages. Anything
/// else, and any other host, is the list of sessions instead.
///
/// # Errors
/// The page for a sign-in that is too long, or stood open for too long.
pub async fn destination(provider: &Provider, wanted: Option<&str>) -> ServiceResult<Result<Destination, Response>> {
    let continued = wanted.unwrap_or_default();
    let wanted = match parking::read(provider, continued).await? {
        Ok(wanted) => wanted,
        Err(page) => return Ok(Err(page)),
    };
    let wanted = if is_inside(&wanted) { wanted.as_str() } else { "" };
    let authorize = wanted.strip_prefix(&provider.path("/authorize?"));
    let account = format!("{}/", provider.path("/account"));
    let Some(query) = authorize else {
        let path = if wanted.starts_with(&account) { wanted.to_owned() } else { provider.path("/account/sessions") };
        return Ok(Ok(Destination {
            continued: path.clone(),
            path,
            application: None,
            leads_on: false,
            email: String::new(),
            ended: None,
        }));
    };
    let request = Parameters::parse(query);
    if request.has_nul() {
        return Err(ServiceError::invalid(
            "continue",
            "The address to go on to cannot be read. Begin at the application.",
        ));
    }
    let client_id = request.get("client_id").unwrap_or_default();
    let application = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let leads_on = match (&application, request.get("redirect_uri")) {
        (Some(application), Some(uri)) => {
            relying_party::is_login_redirect(&provider.state, application.id, uri).await?
        }
        _ => false,
    };
    let hint = request.get("login_hint").filter(|hint| hint::id_in(hint).is_none()).unwrap_or_default();
    Ok(Ok(Destination {
        path: wanted.to_owned(),
        continued: continued.to_owned(),
        application,
        leads_on,
        email: hint.trim().to_owned(),
        ended: None,
    }))
}

/// Whether `path` is a path of this host and can be read as nothing else.
fn is_inside(path: &str) -> bool {
    is_path(path) && !steps_up(path.split('?').next().unwrap_or_default())
}

/// Whether a browser could read `path` as one that is elsewhere: two dots go up, however they are written
/// (url.spec.whatwg.org, "double-dot URL path segment").
fn steps_up(path: &str) -> bool {
    path.to_ascii_lowercase().replace("%2e", ".").contains("..")
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

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn signing_in_leads_to_no_other_host() {
        for path in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "",
            "/a\r\nb",
            "/id/../x",
            "/id/%2e%2E/x",
            "/id/.%2e/x",
            "/a b",
        ] {
            assert!(!is_inside(path), "{path}");
        }
        assert!(is_inside("/id/production/authorize?client_id=a&redirect_uri=https%3A%2F%2Fa.example%2F.."));
    }
}
