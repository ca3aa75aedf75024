//! The hosted page on which a user chooses a password, opened by a link that works once.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::server::crypto::password::MIN_LENGTH;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::page::{self, Page, icon};
use crate::server::oauth::parameters::{BrowserForm, BrowserQuery};
use crate::server::oauth::provider::Provider;
use crate::server::platform::text;
use crate::server::service::session::password_link;

pub async fn form(provider: Provider, BrowserQuery(parameters): BrowserQuery) -> Response {
    let code = parameters.get("link").unwrap_or_default();
    shown(&provider, code, None).await.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

pub async fn submit(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    let code = form.get("link").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    chosen(&provider, code, password, form.get("again").unwrap_or_default())
        .await
        .unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

async fn chosen(provider: &Provider, code: &str, password: &str, again: &str) -> ServiceResult<Response> {
    // As they are hashed: a second keyboard or a phone's suggestion may compose letters otherwise.
    if text::password(password) != text::password(again) {
        return shown(provider, code, Some("The two are not the same. Type the password twice.")).await;
    }
    match password_link::choose(&provider.state, provider.environment.id, code, password, &provider.origin).await {
        Ok(()) => {
            let title = "Your password is set";
            let body = html! {
                h1 { (title) }
                p.dim { "You were signed out everywhere. Sign in with it from now on." }
                a.button.primary.wide href=(provider.path("/login")) { "Sign in" }
            };
            Ok(Page::card(title, body).into_response())
        }
        Err(ServiceError::Invalid(errors)) => shown(provider, code, Some(&errors.to_string())).await,
        Err(ServiceError::NotFound) => Ok(over()),
        Err(error) => Err(error),
    }
}

async fn shown(provider: &Provider, code: &str, problem: Option<&str>) -> ServiceResult<Response> {
    let Some(user) = password_link::holder(&provider.state, provider.environment.id, code).await? else {
        return Ok(over());
    };
    let title = "Choose a password";
    let invalid = problem.map(|_| "true");
    let described = if problem.is_some() { "problem rule" } else { "rule" };
    let body = html! {
        h1 { (title) }
        p.dim { "For " bdi { (user.email) } " in " (provider.environment.name) "." }
        form.form method="post" action=(provider.path("/password")) {
            @if let Some(message) = problem {
                p.notice.bad #problem role="alert" { (icon("triangle-alert")) span { (message) } }
            }
            input type="hidden" name="link" value=(code);
            // For password managers, which keep the new password under this name.
            input type="text" name="email" value=(user.email) autocomplete="username" hidden readonly;
            div.field {
                label.label for="password" { "New password" }
                input.input #password type="password" name="password" autocomplete="new-password" required autofocus
                    minlength=(MIN_LENGTH) aria-invalid=[invalid] aria-describedby=(described);
                p.dim #rule { "At least " (MIN_LENGTH) " characters. A few words are easier to remember than signs." }
            }
            div.field {
                label.label for="again" { "The same again" }
                input.input #again type="password" name="again" autocomplete="new-password" required aria-invalid=[invalid];
            }
            button.button.primary.wide type="submit" { "Set password" }
        }
    };
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(Page::card(title, body).status(status).into_response())
}

fn over() -> Response {
    page::plain(
        StatusCode::GONE,
        "This link does not work any more",
        "It was used already, a newer one was made, or 72 hours have passed. Ask whoever sent it for another.",
    )
}
