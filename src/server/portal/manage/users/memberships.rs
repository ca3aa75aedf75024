//! The accounts of a user, as they are drawn: one form for each, and one for another.

use maud::{Markup, html};

use super::fields::{self, ACCOUNT};
use crate::model::user::UserAccount;
use crate::model::user_edit::UserEditing;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::form::{Draft, Field, Question};
use crate::server::portal::manage::parts::{badge, section};

/// One section an account, and one to add another.
pub fn sections(at: &At, path: &str, editing: &UserEditing, draft: Draft<'_>) -> Markup {
    html! {
        (section("memberships-title", "Accounts", html! { span.count { (editing.user.accounts.len()) } }, html! {
            @for (number, account) in editing.user.accounts.iter().enumerate() {
                (one(at, path, editing, number, account))
            }
            @if editing.user.accounts.is_empty() { p.dim { "The user belongs to no account." } }
        }))
        (section("another-title", "Add to an account", html! {}, html! {
            form.form method="post" action=(format!("{path}/memberships")) data-keep {
                (draft.version(editing.user.version))
                input type="hidden" name="new" value="true";
                (draft.text(Field { required: true, ..ACCOUNT }, ""))
                (fields::roles("Roles", &editing.roles, &[]))
                (draft.failure(&["account"]))
                div.form-foot { button.button type="submit" { "Add" } }
            }
        }))
    }
}

fn one(at: &At, path: &str, editing: &UserEditing, number: usize, account: &UserAccount) -> Markup {
    let version = editing.user.version;
    let keys = editing.role_keys.get(number).cloned().unwrap_or_default();
    let hidden = html! {
        input type="hidden" name="version" value=(version);
        input type="hidden" name="account" value=(account.external_id);
    };
    let href = at.path(&crate::server::portal::manage::accounts::below(&account.external_id, None));
    html! {
        details.membership {
            summary {
                bdi { (account.name) } " " span.dim { (account.roles.join(", ")) } " "
                @if account.active { (badge("accent", "Active account")) }
                @if account.disabled { (badge("bad", "Disabled here")) }
            }
            form.form method="post" action=(format!("{path}/memberships")) {
                (hidden)
                (fields::roles("Roles", &editing.roles, &keys))
                label.box {
                    input type="checkbox" name="disabled" value="true" checked[account.disabled];
                    span { "Disabled in this account" }
                }
                div.form-foot {
                    button.button type="submit" { "Save" }
                    a.button href=(href) { "Account" }
                }
            }
            (Question {
                id: &format!("remove-{number}"),
                button: html! { "Remove from this account" },
                class: "button danger small",
                title: &format!("Remove {} from {}?", editing.user.name, account.name),
                text: html! { p { "The user loses " (keys.len()) " roles there. Impersonations in this account end." } },
                action: &format!("{path}/memberships/remove"),
                fields: hidden,
                go: "Remove",
            }.drawn())
        }
    }
}
