//! `/sign-out`: asks whoever signs out of the portal by a plain form that did not say what ends with it.

use axum::Extension;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::model::operator::ending_with_sign_out;
use crate::server::domain::actor::{Actor, Operator};
use crate::server::http::origin::origin;
use crate::server::http::page::{self, Page};
use crate::server::service::caller::ServerCaller;
use crate::server::service::operator as service;
use crate::server::state::AppState;

/// The question, with a form that carries the number which it shows.
pub async fn ask(State(state): State<AppState>, Extension(operator): Extension<Operator>, parts: Parts) -> Response {
    let caller = ServerCaller { origin: origin(&state, &parts), actor: Actor::Operator(operator), state };
    match service::ending_with_sign_out(&caller).await {
        Ok(ending) => question(ending),
        Err(error) => page::failed(error, &caller.origin.request_id),
    }
}

fn question(ending: i64) -> Response {
    let title = "Sign out?";
    let body = html! {
        h1 { (title) }
        @if ending > 0 { p.dim { (ending_with_sign_out(ending)) " Nothing has ended yet." } }
        form.form method="post" action="/rpc/sign-out" {
            input type="hidden" name="ending" value=(ending);
            button.button.danger.wide type="submit" { "Sign out" }
        }
        a.button.wide href="/" { "Stay" }
    };
    Page::card(title, body).into_response()
}
