//! Making a user.

use axum::response::Response;
use maud::{Markup, html};

use super::fields::{self, ACCOUNT, EMAIL, NAME, chosen_roles, foot};
use crate::model::operator::Roles;
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Field};
use crate::server::portal::manage::parts::page_head;
use crate::server::service::directory::given::Given;
use crate::server::service::directory::role;
use crate::server::service::directory::user::{self as service, Membership, User};

const TITLE: &str = "New user";
/// The fields of the form that say themselves what is wrong with them.
const FIELDS: [&str; 3] = ["name", "email", "account"];

pub async fn page(at: At) -> Response {
    if let Err(error) = at.caller.require(Roles::can_edit) {
        return at.failed(error).await;
    }
    match form(&at, Draft::stored(), &[]).await {
        Ok(content) => at.page(TITLE, content).await,
        Err(error) => at.failed(error).await,
    }
}

async fn form(at: &At, draft: Draft<'_>, chosen: &[String]) -> crate::server::error::ServiceResult<Markup> {
    let roles = role::list(&at.caller).await?.rows.into_iter().map(|role| (role.key, role.name)).collect::<Vec<_>>();
    let verified = Field {
        name: "email_verified",
        label: "The address is verified",
        hint: "Somebody whose address is not verified cannot sign in before following a link.",
        ..Field::default()
    };
    Ok(html! {
        (page_head(TITLE, html! { "Without a password: make an invitation link on the user's page afterwards." }, html! {}))
        form.card.section.form.page-form method="post" action=(at.path("users/new")) data-keep {
            (draft.text(NAME, ""))
            (draft.text(EMAIL, ""))
            (draft.switch(verified, false))
            (draft.text(Field { note: "optional", ..ACCOUNT }, at.words.get("account")))
            (fields::roles("Roles in this account", &roles, chosen))
            (foot(draft, &FIELDS, "Make user", &at.path("users")))
        }
    })
}

pub async fn create(at: At, entered: Entered) -> Response {
    let roles = chosen_roles(&entered);
    let account = entered.get("account").to_owned();
    let memberships = match account.is_empty() {
        true => Given::Kept,
        false => Given::Set(vec![Membership { account, roles: roles.clone(), disabled: false, line: 0 }]),
    };
    let new = User {
        email: entered.get("email").to_owned(),
        name: Some(entered.get("name").to_owned()),
        email_verified: Some(entered.has("email_verified")),
        memberships,
        ..User::default()
    };
    let error = match service::create(&at.caller, new).await {
        Ok(made) => return at.done(&format!("users/{}/edit", made.id), Done::new("The user was made.")),
        Err(error) => error,
    };
    let refusal = at.refusal(error);
    match form(&at, Draft::refused(&entered, &refusal), &roles).await {
        Ok(content) => at.refused(&refusal, TITLE, content).await,
        Err(error) => at.failed(error).await,
    }
}
