//! The fields of a user that several forms have, and how they are read.

use maud::{Markup, html};

use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Field};
use crate::server::service::directory::given::Given;

pub const NAME: Field<'static> = Field {
    name: "name",
    label: "Name",
    required: true,
    maxlength: 200,
    note: "",
    hint: "",
    kind: "",
    autocomplete: "",
    placeholder: "Amara Okafor",
    is_code: false,
    check: "",
};

pub const EMAIL: Field<'static> = Field {
    name: "email",
    label: "E-mail",
    kind: "email",
    maxlength: 320,
    placeholder: "amara@northwind.example",
    ..NAME
};

pub const ACCOUNT: Field<'static> = Field {
    name: "account",
    label: "Account",
    hint: "Its external id, as the list of accounts shows it.",
    is_code: true,
    maxlength: 100,
    required: false,
    placeholder: "northwind",
    ..NAME
};

pub const REASON: Field<'static> = Field {
    name: "reason",
    label: "Why",
    hint: "Kept, shown on the user's page and in the audit trail.",
    maxlength: 500,
    placeholder: "Left the company",
    ..NAME
};

/// What a field says that may be empty.
pub fn given(entered: &Entered, name: &str) -> Given<String> {
    match (entered.has(name), entered.get(name)) {
        (false, _) => Given::Kept,
        (true, "") => Given::Cleared,
        (true, text) => Given::Set(text.to_owned()),
    }
}

/// Boxes for the roles of an environment, of which a page may have several sets: nothing refers to them by an id.
pub fn roles(legend: &str, roles: &[(String, String)], chosen: &[String]) -> Markup {
    html! {
        fieldset.field.boxes {
            legend.label { (legend) }
            @for (key, name) in roles {
                label.box {
                    input type="checkbox" name="roles" value=(key) checked[chosen.contains(key)];
                    span { bdi { (name) } }
                }
            }
            @if roles.is_empty() { p.hint { "This environment has no roles yet." } }
        }
    }
}

/// The roles that were chosen.
pub fn chosen_roles(entered: &Entered) -> Vec<String> {
    entered.all("roles").map(str::to_owned).collect()
}

/// A button and the way back.
pub fn foot(draft: Draft<'_>, fields: &[&str], go: &str, back: &str) -> Markup {
    html! {
        (draft.failure(fields))
        div.form-foot {
            button.button.primary type="submit" { (go) }
            a.button href=(back) { "Cancel" }
        }
    }
}
