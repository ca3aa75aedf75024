//! `/invitation`: the page on which an operator chooses a password, opened by a link that works once. It needs no script.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::manage::entered::Entered;
use super::manage::form::{Draft, Field};
use crate::model::error::ApiError;
use crate::server::error::ServiceError;
use crate::server::http::caller::{self, operator_cookie};
use crate::server::http::origin::origin;
use crate::server::http::page::{self, Page};
use crate::server::platform::text;
use crate::server::service::operator::{self as service, LinkHolder};
use crate::server::state::AppState;
use crate::ui::kit::address::Words;

const UNEQUAL: &str = "The two are not the same. Type the password twice.";

/// The form.
pub async fn form(State(state): State<AppState>, RawQuery(query): RawQuery, parts: Parts) -> Response {
    let words = Words::parse(query.as_deref().unwrap_or_default());
    let code = words.get("link");
    match service::link_holder(&state, code).await {
        Ok(Some(holder)) => drawn(&holder, code, Draft::stored(), StatusCode::OK),
        Ok(None) => over(),
        Err(error) => page::failed(error, &origin(&state, &parts).request_id),
    }
}

/// Stores the password, and leads on to the portal, signed in.
pub async fn choose(State(state): State<AppState>, parts: Parts, entered: Entered) -> Response {
    let (from, code) = (origin(&state, &parts), entered.get("link"));
    let (password, again) = (entered.typed("password"), entered.typed("password_again"));
    // As they are hashed: a second keyboard or a phone's suggestion may compose letters otherwise.
    let outcome = match text::password(password) == text::password(again) {
        true => {
            let replaced = operator_cookie(&state, &parts.headers);
            service::choose_password(&state, code, password, replaced.as_deref(), &from).await
        }
        false => Err(ServiceError::invalid("password_again", UNEQUAL)),
    };
    let error = match outcome {
        Ok(signed_in) => {
            let mut response = Redirect::to("/").into_response();
            caller::add_cookies(&state, &signed_in, &mut response);
            return response;
        }
        Err(error) => error.into_api(&from.request_id),
    };
    match service::link_holder(&state, code).await {
        Ok(Some(holder)) if error != ApiError::NotFound => {
            drawn(&holder, code, Draft::refused(&entered, &error), caller::status(&error))
        }
        Ok(_) => over(),
        Err(error) => page::failed(error, &from.request_id),
    }
}

fn drawn(holder: &LinkHolder, code: &str, draft: Draft<'_>, status: StatusCode) -> Response {
    let (title, go) = match holder.is_invitation {
        true => ("You are invited", "Choose it and sign in"),
        false => ("Choose another password", "Set it and sign in"),
    };
    let password = Field {
        name: "password",
        label: "Password",
        kind: "password",
        autocomplete: "new-password",
        required: true,
        hint: "At least 12 characters. A few words are easier to remember than signs.",
        ..Field::default()
    };
    let again = Field { name: "password_again", label: "The same again", hint: "", ..password };
    let body = html! {
        h1 { (title) }
        @if holder.is_invitation {
            p.dim { "Choose a password, " bdi { (holder.name) } ", and you are signed in to the portal as " bdi { (holder.email) } "." }
        } @else {
            p.dim { "For " bdi { (holder.email) } ". All that is signed in with the one before ends." }
        }
        form.form method="post" action="/invitation" {
            input type="hidden" name="link" value=(code);
            // For password managers, which keep the new password under this name.
            input type="text" name="email" value=(holder.email) autocomplete="username" hidden readonly;
            (draft.text(password, ""))
            (draft.text(again, ""))
            (draft.failure(&["password", "password_again"]))
            button.button.primary.wide type="submit" { (go) }
        }
    };
    Page::card(title, body).status(status).into_response()
}

fn over() -> Response {
    page::plain(
        StatusCode::GONE,
        "This link does not work any more",
        "It was used already, a newer one was made, or its time is over. Ask whoever sent it for another.",
    )
}
