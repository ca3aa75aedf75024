//! Changing a user: fields, metadata, memberships, locks, links, and the end.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use uuid::Uuid;

use super::fields::{EMAIL, NAME, REASON, given};
use super::memberships;
use crate::model::error::ApiError;
use crate::model::user::UserStatus;
use crate::model::user_edit::{UserEditing, UserRemoval};
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Field, Question, button_form};
use crate::server::portal::manage::parts::{ago, badge, copyable, counted, facts, notice, page_head, section};
use crate::server::service::directory::user::{self as service, Profile};

/// The fields of the form that say themselves what is wrong with them.
const FIELDS: [&str; 7] = ["name", "email", "picture_url", "external_id", "locale", "metadata", "active_account"];

/// What the forms of the page begin with: one of them may have been refused.
#[derive(Clone, Copy, Default)]
pub struct Drafts<'a> {
    pub profile: Draft<'a>,
    pub lock: Draft<'a>,
    pub membership: Draft<'a>,
    /// Of what has no field.
    pub other: Draft<'a>,
}

pub async fn page(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    drawn(at, id, Drafts::default(), None).await
}

/// The page as it is by now. With a refusal it has the status of that.
pub async fn drawn(at: At, id: Uuid, drafts: Drafts<'_>, refusal: Option<&ApiError>) -> Response {
    let editing = match service::editing(&at.caller, id).await {
        Ok(editing) => editing,
        Err(error) => return at.failed(error).await,
    };
    let removal = match at.caller.roles.can_administer() {
        true => service::removal(&at.caller, id).await.ok(),
        false => None,
    };
    let content = content(&at, &editing, removal.as_ref(), drafts);
    let title = editing.user.name;
    match refusal {
        Some(refusal) => at.refused(refusal, &title, content).await,
        None => at.page(&title, content).await,
    }
}

fn content(at: &At, editing: &UserEditing, removal: Option<&UserRemoval>, drafts: Drafts<'_>) -> Markup {
    let user = &editing.user;
    let path = at.path(&format!("users/{}", user.id));
    let actions = html! {
        a.button href=(path) { "Back to the user" }
        @if let Some(removal) = removal { (deletion(&path, removal)) }
    };
    html! {
        (page_head(&user.name, html! { (copyable(&user.id.to_string(), "id")) }, actions))
        (drafts.other.failure(&[]))
        @if editing.is_protected {
            (notice("shield-check", html! { "This user holds a protected permission: another address, links and deleting are an Owner's affair." }))
        }
        div.columns {
            div.column { (profile(&path, editing, drafts.profile)) (memberships::sections(at, &path, editing, drafts.membership)) }
            div.column.aside { (standing(at, &path, editing, drafts.lock)) (links(at, &path, editing)) }
        }
    }
}

fn profile(path: &str, editing: &UserEditing, draft: Draft<'_>) -> Markup {
    let user = &editing.user;
    let stored = |text: &Option<String>| text.clone().unwrap_or_default();
    let optional = Field { note: "optional", ..Field::default() };
    let picture = Field {
        name: "picture_url",
        label: "Picture",
        kind: "url",
        maxlength: 2000,
        placeholder: "https://…",
        ..optional
    };
    let external = Field {
        name: "external_id",
        label: "External id",
        is_code: true,
        maxlength: 200,
        hint: "What the company's own directory calls the user.",
        ..optional
    };
    let locale = Field {
        name: "locale",
        label: "Language",
        is_code: true,
        maxlength: 100,
        placeholder: "de-CH",
        hint: "A language tag.",
        ..optional
    };
    let metadata = Field {
        name: "metadata",
        label: "Metadata",
        is_code: true,
        check: "json",
        hint: "A JSON object of at most 16 kB.",
        ..optional
    };
    let verified = Field {
        name: "email_verified",
        label: "The address is verified",
        hint: "Another address is not verified until somebody says so once more.",
        ..Field::default()
    };
    let active = user.accounts.iter().find(|account| account.active).map_or("", |account| account.external_id.as_str());
    let mut accounts: Vec<(&str, &str)> = if active.is_empty() { vec![("", "None")] } else { Vec::new() };
    accounts.extend(user.accounts.iter().map(|account| (account.external_id.as_str(), account.name.as_str())));
    let choice = Field {
        name: "active_account",
        label: "Active account",
        hint: "Where the user works after signing in.",
        ..Field::default()
    };
    html! {
        form.card.section.form method="post" action=(format!("{path}/edit")) data-keep {
            (draft.version(user.version))
            (draft.text(NAME, &user.name))
            (draft.text(EMAIL, &user.email))
            (draft.switch(verified, user.email_verified))
            @if !user.accounts.is_empty() { (draft.choice(choice, &accounts, active)) }
            (draft.text(locale, &stored(&editing.locale)))
            (draft.text(picture, &stored(&user.picture_url)))
            (draft.text(external, &stored(&editing.external_id)))
            (draft.area(metadata, &stored(&editing.metadata)))
            (draft.failure(&FIELDS))
            div.form-foot { button.button.primary type="submit" { "Save" } a.button href=(path) { "Cancel" } }
        }
    }
}

/// Whether the user may sign in, and what changes that.
fn standing(at: &At, path: &str, editing: &UserEditing, draft: Draft<'_>) -> Markup {
    let user = &editing.user;
    let version = user.version.to_string();
    let seen = [("version", version.as_str())];
    let state = match user.status {
        UserStatus::Active => badge("good", "Active"),
        UserStatus::Invited => badge("medium", "Not verified"),
        UserStatus::Locked => badge("bad", "Locked"),
    };
    let now = at.caller.state.now();
    html! {
        (section("standing-title", "Standing", state, html! {
            @if let Some(locked_at) = editing.locked_at {
                (facts([
                    ("Locked", ago(now, locked_at)),
                    ("Why", html! { bdi { (editing.lock_reason.as_deref().unwrap_or("Nobody said why.")) } }),
                ]))
                (draft.failure(&[]))
                (button_form(&format!("{path}/unlock"), &seen, "button", html! { "Unlock" }))
            } @else {
                form.form method="post" action=(format!("{path}/lock")) data-keep {
                    (draft.version(user.version))
                    (draft.text(REASON, ""))
                    (draft.failure(&["reason"]))
                    p.hint { "Locking ends the user's sessions and every impersonation at once." }
                    button.button.danger type="submit" { "Lock user" }
                }
            }
            @if !user.email_verified {
                (button_form(&format!("{path}/verify"), &seen, "button", html! { "Mark as verified" }))
            }
        }))
    }
}

/// Ways in, which come to the same as being the user.
fn links(at: &At, path: &str, editing: &UserEditing) -> Markup {
    let may = at.caller.roles.can_unprotect() || at.caller.roles.can_administer() && !editing.is_protected;
    let password = if editing.has_password { "Has a password." } else { "Has no password yet." };
    html! {
        @if may && editing.locked_at.is_none() {
            (section("links-title", "Links", html! {}, html! {
                p.dim { (password) " Whoever has such a link becomes the user: send it to nobody else. A new one ends the one before." }
                (button_form(&format!("{path}/link"), &[("purpose", "invitation")], "button", html! { "Invitation, 72 hours" }))
                (button_form(&format!("{path}/link"), &[("purpose", "reset")], "button", html! { "Password reset, 1 hour" }))
            }))
        }
    }
}

fn deletion(path: &str, removal: &UserRemoval) -> Markup {
    Question {
        id: "delete",
        button: html! { "Delete" },
        class: "button danger",
        title: &format!("Delete {}?", removal.name),
        text: html! {
            p {
                "Ends " (counted(removal.sessions, "running session")) " and " (counted(removal.impersonations, "impersonation"))
                ", and removes " (counted(removal.memberships, "membership")) "."
            }
            p { "The audit trail keeps what was done, and no longer says who this was. This cannot be undone." }
        },
        action: &format!("{path}/delete"),
        fields: html! {},
        go: "Delete user",
    }
    .drawn()
}

pub async fn save(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let is_verified = entered.has("email_verified");
    let profile = Profile {
        version: entered.version(),
        name: Some(entered.get("name").to_owned()),
        email: Some(entered.get("email").to_owned()),
        // A switch that nobody touched says nothing of another address.
        email_verified: Some(is_verified).filter(|now| *now != (entered.get("was.email_verified") == "true")),
        external_id: given(&entered, "external_id"),
        picture_url: given(&entered, "picture_url"),
        locale: given(&entered, "locale"),
        metadata: given(&entered, "metadata"),
        active_account: Some(entered.get("active_account").to_owned()).filter(|account| !account.is_empty()),
    };
    match service::change_profile(&at.caller, id, profile).await {
        Ok(_) => at.done(&format!("users/{id}/edit"), Done::new("The user was saved.")),
        Err(error) => {
            let refusal = at.refusal(error);
            let drafts = Drafts { profile: Draft::refused(&entered, &refusal), ..Drafts::default() };
            drawn(at, id, drafts, Some(&refusal)).await
        }
    }
}
