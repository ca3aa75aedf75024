//! Making an account.

use axum::response::Response;
use maud::{Markup, html};

use super::below;
use crate::model::operator::Roles;
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Field};
use crate::server::portal::manage::parts::page_head;
use crate::server::service::directory::account::{self as service, Account};

const TITLE: &str = "New account";
/// The fields of the form that say themselves what is wrong with them.
const FIELDS: [&str; 2] = ["name", "external_id"];
pub const NAME: Field<'static> = Field {
    name: "name",
    label: "Name",
    required: true,
    maxlength: 200,
    placeholder: "Northwind Traders",
    note: "",
    hint: "",
    kind: "",
    autocomplete: "",
    is_code: false,
    check: "",
};

pub async fn page(at: At) -> Response {
    if let Err(error) = at.caller.require(Roles::can_edit) {
        return at.failed(error).await;
    }
    let content = form(&at, Draft::stored());
    at.page(TITLE, content).await
}

fn form(at: &At, draft: Draft<'_>) -> Markup {
    let external_id = Field {
        name: "external_id",
        label: "External id",
        maxlength: 100,
        is_code: true,
        check: "slug:name",
        hint: "What files, tokens and applications call it. It stays as it is.",
        placeholder: "northwind",
        ..NAME
    };
    html! {
        (page_head(TITLE, html! { "A customer organisation." }, html! {}))
        form.card.section.form.page-form method="post" action=(at.path("accounts/new")) data-keep {
            (draft.text(NAME, ""))
            (draft.text(external_id, ""))
            (draft.failure(&FIELDS))
            div.form-foot {
                button.button.primary type="submit" { "Make account" }
                a.button href=(at.path("accounts")) { "Cancel" }
            }
        }
    }
}

pub async fn create(at: At, entered: Entered) -> Response {
    let external_id = entered.get("external_id").to_owned();
    let new = Account { external_id: external_id.clone(), name: entered.get("name").to_owned(), ..Account::default() };
    match service::create(&at.caller, new).await {
        Ok(made) => at.done(&below(&external_id, Some(made.id)), Done::new("The account was made.")),
        Err(error) => {
            let refusal = at.refusal(error);
            let content = form(&at, Draft::refused(&entered, &refusal));
            at.refused(&refusal, TITLE, content).await
        }
    }
}
