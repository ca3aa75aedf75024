//! Applications: one that is new, one that is changed, its secret, and a test of the message that a session ended. The list and
//! the page of one are pages with the browser module; these are what only administrators open.

mod fields;

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use uuid::Uuid;

use self::fields::{FIELDS, entry, fields};
use super::at::At;
use super::entered::Entered;
use super::form::{Draft, Question};
use super::parts::{copyable, counted, icon, notice, page_head, section};
use crate::model::operator::Roles;
use crate::server::error::ServiceError;
use crate::server::portal::done::Done;
use crate::server::service::delivery::{Outcome, test_back_channel_logout};
use crate::server::service::directory::application::{self as service, ClientSecret, StoredApplication};

pub async fn new(at: At) -> Response {
    if let Err(error) = at.caller.require(Roles::can_administer) {
        return at.failed(error).await;
    }
    let content = new_form(&at, Draft::stored());
    at.page("New application", content).await
}

fn new_form(at: &At, draft: Draft<'_>) -> Markup {
    let lead = html! { "A client of OpenID Connect that signs its users in here." };
    html! {
        (page_head("New application", lead, html! {}))
        form.card.section.form.page-form method="post" action=(at.path("applications/new")) data-keep {
            (fields(draft, None))
            (draft.failure(&FIELDS))
            div.form-foot {
                button.button.primary type="submit" { "Make application" }
                a.button href=(at.path("applications")) rel="external" { "Cancel" }
            }
        }
    }
}

pub async fn create(at: At, entered: Entered) -> Response {
    let mut new = entry(&entered, None);
    if entered.get("kind") == "server" {
        new.client_secret = ClientSecret::New;
    }
    let name = new.name.clone();
    match service::create(&at.caller, new).await {
        Ok(saved) => match saved.secret {
            Some(secret) => secret_page(at, saved.written.id, &format!("{name} was made"), &secret, "").await,
            None => {
                at.done(&format!("applications/{}/connect", saved.written.id), Done::new(format!("{name} was made.")))
            }
        },
        Err(error) => {
            let refusal = at.refusal(error);
            let content = new_form(&at, Draft::refused(&entered, &refusal));
            at.refused(&refusal, "New application", content).await
        }
    }
}

/// A secret that nobody can read again, and where to go on.
async fn secret_page(at: At, id: Uuid, title: &str, secret: &str, said: &str) -> Response {
    let content = html! {
        (page_head(title, html! { "Copy its secret now: it is stored as a hash, and nobody can read it again." }, html! {}))
        div.card.section.form.page-form {
            div.secret {
                strong { "Client secret" }
                (copyable(secret, "client secret"))
            }
            @if !said.is_empty() { p.dim { (said) } }
            div.form-foot {
                a.button.primary href=(at.path(&format!("applications/{id}/connect"))) { "I have copied it: connect" (icon("arrow-right")) }
                a.button href=(at.path(&format!("applications/{id}"))) rel="external" { "To the application" }
            }
        }
    };
    at.page(title, content).await
}

pub async fn edit(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match service::stored(&at.caller, id).await {
        Ok(stored) => {
            let content = edit_form(&at, &stored, Draft::stored());
            at.page(&stored.application.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn edit_form(at: &At, stored: &StoredApplication, draft: Draft<'_>) -> Markup {
    let application = &stored.application;
    let path = at.path(&format!("applications/{}", application.id));
    let lead = html! { (copyable(&application.client_id, "client id")) };
    let connect = html! {
        a.button href=(format!("{path}/connect")) { (icon("link")) "Connect" }
        (deletion(stored, &path))
    };
    html! {
        (page_head(&application.name, lead, connect))
        form.card.section.form.page-form method="post" action=(format!("{path}/edit")) data-keep {
            (draft.version(application.version))
            (fields(draft, Some(stored)))
            (draft.failure(&FIELDS))
            div.form-foot {
                button.button.primary type="submit" { "Save" }
                a.button href=(path) rel="external" { "Cancel" }
            }
        }
        (secret_section(stored, &path))
        (logout_section(stored, &path))
    }
}

fn deletion(stored: &StoredApplication, path: &str) -> Markup {
    let accounts = match stored.accounts {
        1001.. => "More than 1,000 accounts lose it.".to_owned(),
        1 => "1 account loses it.".to_owned(),
        accounts => format!("{} lose it.", counted(accounts, "account")),
    };
    let running = match stored.running {
        0 => "No impersonation runs in it.".to_owned(),
        1 => "1 running impersonation ends.".to_owned(),
        201.. => "More than 200 running impersonations end.".to_owned(),
        running => format!("{running} running impersonations end."),
    };
    Question {
        id: "delete",
        button: html! { "Delete" },
        class: "button danger",
        title: &format!("Delete {}?", stored.application.name),
        text: html! { p { (accounts) " " (running) " Its tokens stop working at once. This cannot be undone." } },
        action: &format!("{path}/delete"),
        fields: html! {},
        go: "Delete application",
    }
    .drawn()
}

fn secret_section(stored: &StoredApplication, path: &str) -> Markup {
    let application = &stored.application;
    let has = application.client_secret_hash.is_some();
    let (button, go) = if has { ("Replace the secret", "Replace it") } else { ("Give it a secret", "Give it one") };
    let question = Question {
        id: "secret",
        button: html! { (button) },
        class: "button small",
        title: &format!("{button}?"),
        text: html! {
            p { "The new secret is shown once." }
        },
        action: &format!("{path}/secret"),
        fields: html! {
            input type="hidden" name="version" value=(application.version);
            @if has {
                label.box {
                    input type="checkbox" name="overlap" value="true" checked;
                    span { "The one in use works for 24 more hours" span.dim { "Leave it unchecked where it got into wrong hands." } }
                }
            }
        },
        go,
    };
    section(
        "secret-title",
        "Client secret",
        question.drawn(),
        html! {
            @if !has { p.dim { "A public client: it proves itself by PKCE alone. That is right for an application that runs in a browser only." } }
            @else { p.dim { "It is stored as a hash, and nobody can read it." } }
            @if let Some((_, until)) = &application.former_secret {
                (notice("timer", html! { "The secret before this one works until " (super::parts::moment(*until)) "." }))
            }
        },
    )
}

fn logout_section(stored: &StoredApplication, path: &str) -> Markup {
    let uri = stored.application.backchannel_logout_uri.as_deref();
    let test = html! { @if uri.is_some() { form.one-button method="post" action=(format!("{path}/test-logout")) { button.button.small type="submit" { "Send a test" } } } };
    section(
        "logout-title",
        "Back-channel logout",
        test,
        html! {
            @match uri {
                Some(uri) => p.dim { "Told of ended sessions at " code { (uri) } ". A test is about a session that never was: it ends nothing." }
                None => p.dim { "It has no address to be told at: it learns of an ended session at its next call." }
            }
        },
    )
}

pub async fn update(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let stored = match service::stored(&at.caller, id).await {
        Ok(stored) => stored,
        Err(error) => return at.failed(error).await,
    };
    let refusal = match service::update(&at.caller, entry(&entered, Some(&stored))).await {
        Ok(_) => return at.done(&format!("applications/{id}/edit"), Done::new("The application was saved.")),
        Err(error) => at.refusal(error),
    };
    match service::stored(&at.caller, id).await {
        Ok(stored) => {
            let content = edit_form(&at, &stored, Draft::refused(&entered, &refusal));
            at.refused(&refusal, &stored.application.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

pub async fn secret(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let replaced = async {
        let stored = service::stored(&at.caller, id).await?;
        let mut change = service::to_change(&at.caller, &stored.application.client_id).await?;
        change.version = entered.version();
        change.client_secret = ClientSecret::New;
        change.keeps_former_secret = entered.has("overlap");
        let saved = service::update(&at.caller, change).await?;
        Ok::<_, ServiceError>((stored.application.name, saved.secret.unwrap_or_default()))
    };
    match replaced.await {
        Ok((name, secret)) => {
            let said = if entered.has("overlap") {
                "The one before works for 24 more hours."
            } else {
                "The one before works no more."
            };
            secret_page(at, id, &format!("{name} has a new secret"), &secret, said).await
        }
        Err(error) => at.failed(error).await,
    }
}

pub async fn delete(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let deleted = async {
        let stored = service::stored(&at.caller, id).await?;
        service::delete(&at.caller, &stored.application.client_id).await?;
        Ok::<_, ServiceError>(stored.application.name)
    };
    match deleted.await {
        Ok(name) => {
            let content = html! {
                (page_head("Application deleted", html! { (name) " was deleted." }, html! {}))
                a.button.primary href=(at.path("applications")) rel="external" { "To the applications" }
            };
            at.page("Application deleted", content).await
        }
        Err(error) => at.failed(error).await,
    }
}

pub async fn test_logout(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let back = format!("applications/{id}/edit");
    match test_back_channel_logout(&at.caller, id).await {
        Ok(Outcome::Heard(status)) => {
            at.done(&back, Done::new(format!("The test was heard: the application answered {status}.")))
        }
        Ok(Outcome::Unheard { error, .. }) => at.done(&back, Done::failed(format!("The test was not heard: {error}."))),
        Err(error) => at.failed(error).await,
    }
}
