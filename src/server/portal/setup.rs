//! `/setup`: the first page of an installation without operators, opened by a link that the server prints. It needs no script.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::manage::entered::Entered;
use super::manage::form::{Draft, Field};
use crate::model::error::ApiError;
use crate::server::error::ServiceError;
use crate::server::http::caller;
use crate::server::http::origin::origin;
use crate::server::http::page::{self, Page};
use crate::server::platform::text;
use crate::server::service::setup::{self as service, Open, SetUp};
use crate::server::state::AppState;
use crate::ui::kit::address::Words;

const FIELDS: [&str; 6] = ["name", "email", "password", "password_again", "environment", "slug"];

/// The form.
pub async fn form(State(state): State<AppState>, RawQuery(query): RawQuery, parts: Parts) -> Response {
    let words = Words::parse(query.as_deref().unwrap_or_default());
    let code = words.get("link");
    match service::open(&state, code).await {
        Ok(Some(open)) => drawn(&open, code, Draft::stored(), StatusCode::OK),
        Ok(None) => over(),
        Err(error) => page::failed(error, &origin(&state, &parts).request_id),
    }
}

/// Makes the first Owner and the first environment, and leads on to its users, signed in.
pub async fn set_up(State(state): State<AppState>, parts: Parts, entered: Entered) -> Response {
    let (from, code) = (origin(&state, &parts), entered.get("link"));
    let (password, again) = (entered.typed("password"), entered.typed("password_again"));
    let wanted = SetUp {
        name: entered.get("name"),
        email: entered.get("email"),
        password,
        environment: entered.get("environment"),
        slug: entered.get("slug"),
    };
    let outcome = match text::password(password) == text::password(again) {
        true => service::set_up(&state, code, wanted, &from).await,
        false => Err(ServiceError::invalid("password_again", "The two are not the same. Type the password twice.")),
    };
    let error = match outcome {
        Ok((signed_in, path)) => {
            let mut response = Redirect::to(&path).into_response();
            caller::add_cookies(&state, &signed_in, &mut response);
            return response;
        }
        Err(error) => error.into_api(&from.request_id),
    };
    match service::open(&state, code).await {
        Ok(Some(open)) if error != ApiError::NotFound => {
            drawn(&open, code, Draft::refused(&entered, &error), caller::status(&error))
        }
        Ok(_) => over(),
        Err(error) => page::failed(error, &from.request_id),
    }
}

fn drawn(open: &Open, code: &str, draft: Draft<'_>, status: StatusCode) -> Response {
    let title = "Set up Understudy";
    let name = Field {
        name: "name",
        label: "Your name",
        autocomplete: "name",
        required: true,
        maxlength: 200,
        ..Field::default()
    };
    let email = Field {
        name: "email",
        label: "E-mail",
        kind: "email",
        autocomplete: "username",
        required: true,
        hint: "You sign in with it.",
        ..Field::default()
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
    let environment = Field {
        name: "environment",
        label: "First environment",
        placeholder: "Production",
        required: true,
        maxlength: 200,
        hint: "Users, applications and settings of one environment are apart from those of all others.",
        ..Field::default()
    };
    let slug = Field {
        name: "slug",
        label: "Its word in addresses",
        note: "optional",
        placeholder: "production",
        maxlength: 40,
        is_code: true,
        hint: "Lower-case letters, digits and hyphens. Left empty, it is made of the name. It stays as it is.",
        ..Field::default()
    };
    let body = html! {
        h1 { (title) }
        p.dim { "You become its first Owner, who may do everything, and can invite others then." }
        form.form method="post" action="/setup" {
            input type="hidden" name="link" value=(code);
            (draft.text(name, ""))
            (draft.text(email, ""))
            (draft.text(password, ""))
            (draft.text(again, ""))
            @if open.needs_environment {
                (draft.text(environment, ""))
                (draft.text(slug, ""))
            }
            (draft.failure(&FIELDS))
            button.button.primary.wide type="submit" { "Set up and sign in" }
        }
    };
    Page::card(title, body).status(status).into_response()
}

fn over() -> Response {
    page::plain(
        StatusCode::GONE,
        "This link does not work any more",
        "It was used already, its hour is over, or there is an operator: then sign in. Whoever runs the server prints another \
         with `understudy setup-link` where nobody can.",
    )
}
