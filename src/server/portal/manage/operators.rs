//! Operators: the list, an invitation, and one operator with what can be done about them.

mod actions;
mod buttons;
mod invite;
mod one;

use axum::Router;
use axum::extract::FromRef;
use axum::response::Response;
use axum::routing::{get, post};
use maud::{Markup, html};

use super::at::At;
use super::list::{Head, Table, Toolbar, pager, row};
use super::parts::{ago_or, badge, counted, empty, named, notice, page_head, status};
use crate::model::percent::encode;
use crate::server::portal::pages::Pages;
use crate::server::service::operator::{self as service, HeldRoles, OperatorItem, OperatorsPage};
use crate::server::state::AppState;

/// The pages and actions.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Pages: FromRef<S>,
    AppState: FromRef<S>,
{
    Router::new()
        .route("/{environment}/operators", get(list))
        .route("/{environment}/operators/new", get(invite::new).post(invite::invite))
        .route("/{environment}/operators/{operator_id}", get(one::page).post(one::set_roles))
        .route("/{environment}/operators/{operator_id}/link", post(actions::link))
        .route("/{environment}/operators/{operator_id}/suspend", post(actions::suspend))
        .route("/{environment}/operators/{operator_id}/enable", post(actions::enable))
        .route("/{environment}/operators/{operator_id}/sign-out", post(actions::sign_out))
        .route("/{environment}/operators/{operator_id}/remove", post(actions::remove))
}

async fn list(at: At) -> Response {
    match service::list(&at.caller, at.words.get("q"), at.words.get("cursor")).await {
        Ok(page) => {
            let content = listed(&at, &page);
            at.page("Operators", content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn listed(at: &At, page: &OperatorsPage) -> Markup {
    let may_invite = !page.places.is_empty();
    let new = html! { @if may_invite { a.button.primary href=(at.path("operators/new")) { "Invite operator" } } };
    let lead = html! { "The people who sign in here, and what their roles let them do." };
    let rows = page.rows.iter().map(|operator| {
        let href = at.path(&format!("operators/{}", operator.id));
        row([
            ("col-operator", named("user", &href, &operator.name, html! { bdi.dim.truncate { (operator.email) } })),
            ("col-roles", roles(&operator.roles)),
            ("col-state", state(operator)),
            ("col-last", ago_or(page.now, operator.last_signed_in_at, "Never")),
        ])
    });
    let table = Table {
        class: "operators-table",
        labelled_by: "operators-title",
        heads: &[
            Head::Plain("col-operator", "Operator"),
            Head::Plain("col-roles", "Roles"),
            Head::Plain("col-state", "State"),
            Head::Plain("col-last", "Last sign-in"),
        ],
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "",
    };
    let toolbar =
        Toolbar { path: at.here(), words: &at.words, search: "Name or e-mail", filters: html! {}, kept: &[] }.drawn();
    let summary = counted(page.rows.len() as i64, "operator");
    html! {
        (page_head("Operators", lead, new))
        h2.visually-hidden #operators-title { "Operators" }
        (toolbar)
        div.card.table-card {
            @if page.rows.is_empty() {
                (empty("search", "Nobody found", "No operator has this in the name or the e-mail.",
                    html! { a.button href=(at.here()) { "Show all" } }))
            } @else {
                (table.drawn())
                (pager(at.here(), &at.words, &summary, page.previous.as_deref(), page.next.as_deref()))
            }
        }
        @if !may_invite { (notice("lock", html! { "Only an Owner can invite operators and change their roles." })) }
    }
}

/// Roles, each with where it holds.
fn roles(held: &[HeldRoles]) -> Markup {
    html! {
        @if held.is_empty() { span.dim { "None" } }
        span.badges {
            @for held in held {
                @let place = held.environment.as_ref().map_or("all environments", |one| one.name.as_str());
                (badge("outline", &format!("{} in {place}", held.roles.labels())))
            }
        }
    }
}

fn state(operator: &OperatorItem) -> Markup {
    match (operator.invited, operator.suspended) {
        (true, _) => status("open", "Invited"),
        (_, true) => status("bad", "Suspended"),
        _ => status("good", "Active"),
    }
}

/// Where the link leads that is shown once.
fn address(state: &AppState, code: &str) -> String {
    format!("{}/invitation?link={}", state.origin(), encode(code))
}

/// The field with the roles at a place: `roles` where they hold everywhere.
fn field_of(slug: Option<&str>) -> String {
    slug.map_or_else(|| "roles".to_owned(), |slug| format!("roles.{slug}"))
}
