//! A form that was sent when the sign-in had ended: whoever sent it signs in on the page that answers, and goes on with all
//! that was entered.

use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::entered::Entered;
use crate::model::error::ApiError;
use crate::server::http::caller::{self, local_path, operator_cookie};
use crate::server::http::origin::origin;
use crate::server::http::page::Page;
use crate::server::service::operator as service;
use crate::server::state::AppState;

const TITLE: &str = "Your sign-in has ended";
/// Fields of a form that are not put into another page: secrets are typed again.
const SECRETS: [&str; 2] = ["password", "password_again"];

/// Where whoever is not signed in signs in again.
const WAY_IN: &str = "/sign-in/again";

pub fn is_way_in(path: &str) -> bool {
    path == WAY_IN
}

/// Whether the form of a managed page was sent: what it holds must not get lost. Those that begin an impersonation open a tab
/// of their own and lead back to the page that they were sent from.
pub fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let begins = ["/impersonate", "/reopen"].iter().any(|end| request.uri().path().ends_with(end));
    request.method() == Method::POST && kind.starts_with("application/x-www-form-urlencoded") && !begins
}

/// Nobody is signed in, and nothing was sent that could get lost.
pub fn signed_out() -> Response {
    answer(
        StatusCode::UNAUTHORIZED,
        html! { p.dim { "Sign in again to go on." } a.button.wide href="/sign-in" { "Sign in" } },
    )
}

/// Asks for a new sign-in, with what was entered kept in the page.
pub async fn ask(request: Request) -> Response {
    let path = request.uri().path().to_owned();
    match Entered::from_request(request, &()).await {
        Ok(entered) => answer(StatusCode::UNAUTHORIZED, question(&path, &entered, "", None)),
        Err(refused) => refused,
    }
}

/// Signs in, and leads on to the form that was sent: nothing of it is done before its sender says so once more.
pub async fn sign_in(State(state): State<AppState>, parts: Parts, entered: Entered) -> Response {
    let path = entered.get("sign_in.path");
    let Some(path) = local_path(path).filter(|path| !path.contains('?')) else { return signed_out() };
    let from = origin(&state, &parts);
    let (email, password) = (entered.get("sign_in.email"), entered.typed("sign_in.password"));
    let password = zeroize::Zeroizing::new(password.to_owned());
    let cookie = operator_cookie(&state, &parts.headers);
    match service::sign_in_instead(&state, &from, email, &password, cookie.as_deref()).await {
        Ok(signed_in) => {
            let mut response = answer(StatusCode::OK, go_on(path, &entered));
            caller::add_cookies(&state, &signed_in, &mut response);
            response
        }
        Err(error) => {
            let refusal = error.into_api(&from.request_id);
            answer(caller::status(&refusal), question(path, &entered, email, Some(&refusal)))
        }
    }
}

fn question(path: &str, entered: &Entered, email: &str, refusal: Option<&ApiError>) -> Markup {
    html! {
        p.dim { "Nothing was changed, and nothing that you entered is lost: sign in again to go on." }
        form.form method="post" action=(WAY_IN) data-plain {
            input type="hidden" name="sign_in.path" value=(path);
            (kept(entered))
            div.field {
                label.label for="again-email" { "E-mail" }
                input.input #again-email type="email" name="sign_in.email" autocomplete="username" required value=(email);
            }
            div.field {
                label.label for="again-password" { "Password" }
                input.input #again-password type="password" name="sign_in.password" autocomplete="current-password" required;
                @if let Some(refusal) = refusal { p.field-error role="alert" { span { (refusal) } } }
            }
            button.button.primary.wide type="submit" { "Sign in" }
        }
    }
}

fn go_on(path: &str, entered: &Entered) -> Markup {
    html! {
        p.dim { "You are signed in again. What you entered is still here, and not saved yet." }
        form.form method="post" action=(path) data-plain {
            (kept(entered))
            button.button.primary.wide type="submit" { "Go on and save it" }
        }
        a.button.wide href=(path) { "Leave it" }
    }
}

fn kept(entered: &Entered) -> Markup {
    html! {
        @for (name, value) in entered.fields() {
            @if !name.starts_with("sign_in.") && !SECRETS.contains(&name) { input type="hidden" name=(name) value=(value); }
        }
    }
}

fn answer(status: StatusCode, body: Markup) -> Response {
    Page::card(TITLE, html! { h1 { (TITLE) } (body) }).status(status).into_response()
}
