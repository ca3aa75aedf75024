//! `/{environment}/impersonate`: a link of the help desk, which knows an e-mail and perhaps an account's name. It leads to the
//! drawer with everything in place but the decision.

use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::at::At;
use super::parts::{empty, page_head};
use crate::model::error::ApiError;
use crate::server::error::ServiceError;
use crate::server::http::caller::LONGEST_PATH;
use crate::server::service::directory::lookup;
use crate::ui::kit::address::Words;

pub async fn open(at: At) -> Response {
    let email = at.words.get("email").to_owned();
    let user = match lookup::user_by_email(&at.caller, &email).await {
        Ok(user) => user,
        Err(ServiceError::NotFound) => return nobody(at, &email).await,
        Err(error) => return at.failed(error).await,
    };
    let account = match at.words.get("account") {
        "" => String::new(),
        said => match lookup::account_named(&at.caller, said).await {
            // What cannot be told is left as it was said: the drawer chooses the user's own account then.
            Ok(known) => known.unwrap_or_else(|| said.to_owned()),
            Err(error) => return at.failed(error).await,
        },
    };
    let word = |name: &str| at.words.get(name).to_owned();
    let words = Words::default().with("impersonate", "1").with("account", &account);
    let words = words.with("application", &word("application")).with("ticket", &word("ticket"));
    let path = at.path(&format!("users/{user}"));
    let with_all = words.clone().with("reason", &word("reason")).on(&path);
    let to = if with_all.len() <= LONGEST_PATH { with_all } else { words.on(&path) };
    Redirect::to(&to).into_response()
}

async fn nobody(at: At, email: &str) -> Response {
    let title = "Nobody here has this address";
    let text = match email {
        "" => "The link names nobody: it needs email=… with the address of a user.".to_owned(),
        email => format!("No user of {} has the e-mail {email}.", at.caller.environment.name),
    };
    let search = Words::default().with("q", email).on(&at.path("users"));
    let action = html! { a.button href=(search) rel="external" { "Search the users" } };
    let content =
        html! { (page_head("Impersonate", html! {}, html! {})) div.card { (empty("search", title, &text, action)) } };
    at.refused(&ApiError::NotFound, title, content).await
}
