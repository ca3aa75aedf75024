//! Environments: the list in its order, one that is new, one that is changed, archived or taken out again.

use axum::Router;
use axum::extract::{FromRef, Path};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use uuid::Uuid;

use super::at::At;
use super::entered::Entered;
use super::form::{Draft, Field, Question, button_form};
use super::list::{Head, Table, row};
use super::parts::{ago, badge, copyable, counted, icon, named, notice, page_head, status};
use crate::model::environment::Colour;
use crate::model::error::ApiError;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::portal::done::Done;
use crate::server::portal::pages::Pages;
use crate::server::service::directory::environment::{self as service, EnvironmentItem, Look};
use crate::server::state::AppState;

const FIELDS: [&str; 3] = ["name", "slug", "colour"];

/// The pages and actions.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Pages: FromRef<S>,
    AppState: FromRef<S>,
{
    Router::new()
        .route("/{environment}/environments", get(list))
        .route("/{environment}/environments/new", get(new).post(create))
        .route("/{environment}/environments/{environment_id}", get(page).post(change))
        .route("/{environment}/environments/{environment_id}/move", post(move_by))
        .route("/{environment}/environments/{environment_id}/archive", post(archive))
        .route("/{environment}/environments/{environment_id}/restore", post(restore))
}

async fn list(at: At) -> Response {
    match service::list(&at.caller.at_server()).await {
        Ok(rows) => {
            let content = listed(&at, &rows);
            at.page("Environments", content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn listed(at: &At, all: &[EnvironmentItem]) -> Markup {
    let now = at.caller.state.now();
    let lead = html! { "Users, applications and settings of one environment are apart from those of all others." };
    let new = html! { a.button.primary href=(at.path("environments/new")) { "New environment" } };
    let rows = all.iter().enumerate().map(|(place, one)| {
        let path = at.path(&format!("environments/{}", one.id));
        let (first, last) = (place == 0, place + 1 == all.len());
        let state = match one.archived_at {
            Some(time) => html! { (status("", "Archived")) " " span.dim { (ago(now, time)) } },
            None => status("good", "In use"),
        };
        row([
            (
                "col-environment",
                named("circle-dot", &path, &one.name, html! { span.dim { (copyable(&one.slug, "word")) } }),
            ),
            ("col-colour", html! { (badge("outline", one.colour.map_or("By its place", Colour::label))) }),
            ("col-host", html! { @if let Some(host) = &one.host { code { (host) } } @else { span.dim { "–" } } }),
            ("col-state", state),
            (
                "col-actions",
                html! {
                    div.badges {
                        (mover(&path, "up", "arrow-up", &format!("Move {} up", one.name), first))
                        (mover(&path, "down", "arrow-down", &format!("Move {} down", one.name), last))
                    }
                },
            ),
        ])
    });
    let table = Table {
        class: "environments-table",
        labelled_by: "environments-title",
        heads: &[
            Head::Plain("col-environment", "Environment"),
            Head::Plain("col-colour", "Colour"),
            Head::Plain("col-host", "Own host"),
            Head::Plain("col-state", "State"),
            Head::Actions("Order"),
        ],
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "",
    };
    html! {
        (page_head("Environments", lead, new))
        h2.visually-hidden #environments-title { "Environments" }
        div.card.table-card { (table.drawn()) }
    }
}

fn mover(path: &str, way: &str, glyph: &str, label: &str, is_end: bool) -> Markup {
    let face = html! { (icon(glyph)) span.visually-hidden { (label) } };
    if is_end {
        return html! { span.icon-button.small.disabled aria-hidden="true" { (icon(glyph)) } };
    }
    button_form(&format!("{path}/move"), &[("way", way)], "icon-button small", face)
}

async fn new(at: At) -> Response {
    // Who may not is told so before anything is typed.
    match service::list(&at.caller.at_server()).await {
        Ok(_) => {
            let content = new_form(&at, Draft::stored());
            at.page("New environment", content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn new_form(at: &At, draft: Draft<'_>) -> Markup {
    let lead = html! { "It begins empty, with signing keys of its own and impersonation turned off." };
    let slug = Field {
        name: "slug",
        label: "Word in addresses",
        required: true,
        maxlength: 40,
        is_code: true,
        check: "slug:name",
        hint: "Lower-case letters, digits and hyphens. It stays as it is: the issuer of its tokens has it.",
        ..Field::default()
    };
    html! {
        (page_head("New environment", lead, html! {}))
        form.card.section.form.page-form method="post" action=(at.path("environments/new")) data-keep {
            (draft.text(name_field(), ""))
            (draft.text(slug, ""))
            (draft.failure(&FIELDS))
            div.form-foot {
                button.button.primary type="submit" { "Make environment" }
                a.button href=(at.path("environments")) { "Cancel" }
            }
        }
    }
}

fn name_field() -> Field<'static> {
    Field { name: "name", label: "Name", required: true, maxlength: 200, placeholder: "Staging", ..Field::default() }
}

async fn create(at: At, entered: Entered) -> Response {
    match service::create(&at.caller.at_server(), entered.get("slug"), entered.get("name")).await {
        Ok(made) => at.done("environments", Done::new(format!("The environment {} was made.", made.name))),
        Err(error) => {
            let refusal = at.refusal(error);
            let content = new_form(&at, Draft::refused(&entered, &refusal));
            at.refused(&refusal, "New environment", content).await
        }
    }
}

async fn read(at: &At, id: Uuid) -> ServiceResult<EnvironmentItem> {
    let all = service::list(&at.caller.at_server()).await?;
    all.into_iter().find(|one| one.id == id).ok_or(ServiceError::NotFound)
}

async fn page(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match read(&at, id).await {
        Ok(one) => {
            let content = drawn(&at, &one, Draft::stored());
            at.page(&one.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn drawn(at: &At, one: &EnvironmentItem, draft: Draft<'_>) -> Markup {
    let path = at.path(&format!("environments/{}", one.id));
    let actions = match one.archived_at {
        Some(_) => button_form(&format!("{path}/restore"), &[], "button", html! { "Restore" }),
        None => archiving(one, &path),
    };
    let mut colours = vec![("", "By its place")];
    colours.extend(Colour::ALL.map(|colour| (colour.as_str(), colour.label())));
    let colour = Field {
        name: "colour",
        label: "Colour",
        hint: "In the switcher, so that nobody mistakes one environment for another. Pink draws a line along the top as well.",
        ..Field::default()
    };
    html! {
        (page_head(&one.name, html! { (copyable(&one.slug, "word")) }, actions))
        @if one.archived_at.is_some() {
            (notice("info", html! { "It is archived: nobody sees it, its provider answers as if it were not there, and nothing of it is deleted." }))
        }
        form.card.section.form.page-form method="post" action=(path) data-keep {
            (draft.version(one.version))
            (draft.text(name_field(), &one.name))
            (draft.choice(colour, &colours, one.colour.map_or("", Colour::as_str)))
            (draft.failure(&FIELDS))
            div.form-foot { button.button.primary type="submit" { "Save" } a.button href=(at.path("environments")) { "Cancel" } }
        }
    }
}

fn archiving(one: &EnvironmentItem, path: &str) -> Markup {
    Question {
        id: "archive",
        button: html! { "Archive" },
        class: "button danger",
        title: &format!("Archive {}?", one.name),
        text: html! { p { "All impersonations in it end, its users cannot sign in, and it is hidden from everybody. Nothing is deleted: it can be restored." } },
        action: &format!("{path}/archive"),
        fields: html! {},
        go: "Archive",
    }
    .drawn()
}

async fn change(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let look = Look { name: entered.get("name"), colour: Colour::parse(entered.get("colour")) };
    let refusal = match service::change(&at.caller.at_server(), id, look, entered.version()).await {
        Ok(_) => return at.done(&format!("environments/{id}"), Done::new("The environment was saved.")),
        Err(error) => at.refusal(error),
    };
    refused(at, id, refusal, Some(&entered)).await
}

/// The page as it is by now, with what was entered and why it was refused.
async fn refused(at: At, id: Uuid, refusal: ApiError, entered: Option<&Entered>) -> Response {
    match read(&at, id).await {
        Ok(one) => {
            let nothing = Entered::default();
            let draft = Draft::refused(entered.unwrap_or(&nothing), &refusal);
            let content = drawn(&at, &one, draft);
            at.refused(&refusal, &one.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

async fn move_by(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    match service::move_by(&at.caller.at_server(), id, entered.get("way") == "up").await {
        Ok(()) => at.done("environments", Done::new("The order was saved.")),
        Err(error) => at.failed(error).await,
    }
}

async fn archive(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let undo = at.path(&format!("environments/{id}/restore"));
    match service::archive(&at.caller.at_server(), id).await {
        // The page may have been one of the environment itself, which is not there any more.
        Ok(_) if at.caller.environment.id == id => Redirect::to("/").into_response(),
        Ok(ended) => {
            let said = format!(
                "The environment is archived; {} ended.",
                counted(ended.impersonations as i64, "impersonation")
            );
            at.done("environments", Done::new(said).undone_by(undo, &[]))
        }
        Err(error @ ServiceError::Invalid(_)) => {
            let refusal = at.refusal(error);
            refused(at, id, refusal, None).await
        }
        Err(error) => at.failed(error).await,
    }
}

async fn restore(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match service::restore(&at.caller.at_server(), id).await {
        Ok(()) => at.done(&format!("environments/{id}"), Done::new("The environment is in use again.")),
        Err(error) => at.failed(error).await,
    }
}
