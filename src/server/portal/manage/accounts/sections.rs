//! The parts of an account's page.

use maud::{Markup, html};
use uuid::Uuid;

use super::below;
use crate::model::account_page::{AccountDetail, AccountLog, AccountSessions};
use crate::model::user::UserQuery;
use crate::server::error::ServiceResult;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::form::{Question, button_form};
use crate::server::portal::manage::list::{Head, Table, pager, row};
use crate::server::portal::manage::parts::{
    ago, ago_or, badge, copyable, counted, empty, flush_section, row_link, stacked, status,
};
use crate::server::service::directory::user;
use crate::ui::kit::address::Words;

fn table(at: &At, labelled_by: &str, heads: &[Head<'_>], rows: Vec<Markup>) -> Markup {
    Table { class: "", labelled_by, heads, rows, path: at.here(), words: &at.words, sort: "" }.drawn()
}

fn user_link(at: &At, id: Uuid, name: &str, email: &str) -> Markup {
    stacked(row_link(&at.path(&format!("users/{id}")), name), html! { bdi { (email) } })
}

/// The account's users, by name.
pub async fn members(at: &At, account: &AccountDetail) -> ServiceResult<Markup> {
    let query = UserQuery {
        account: account.external_id.clone(),
        cursor: at.words.get("cursor").to_owned(),
        sort: "name".to_owned(),
        ..UserQuery::default()
    };
    let page = user::list(&at.caller, &query).await?;
    let rows = page.rows.iter().map(|member| {
        row([
            ("col-user", user_link(at, member.id, &member.name, &member.email)),
            ("col-status", html! { (member.status.label()) }),
            ("col-activity", ago_or(page.now, member.last_visit_at, "Never")),
        ])
    });
    let heads = [
        Head::Plain("col-user", "User"),
        Head::Plain("col-status", "Status"),
        Head::Plain("col-activity", "Last visit"),
    ];
    let (add, change) = (
        Words::default().with("account", &account.external_id),
        Words::default().with("in_account", &account.external_id),
    );
    let beside = html! {
        @if at.caller.roles.can_edit() {
            a.button.small href=(add.on(&at.path("users/new"))) { "New user" }
            a.button.small href=(change.on(&at.path("users/bulk"))) { "Change several" }
        }
    };
    Ok(flush_section(
        "members-title",
        "Members",
        beside,
        html! {
            @if page.rows.is_empty() { (empty("users", "No members", "Nobody belongs to this account.", html! {})) }
            @else {
                (table(at, "members-title", &heads, rows.collect()))
                (pager(at.here(), &at.words, &counted(account.users, "user"), page.previous.as_deref(), page.next.as_deref()))
            }
        },
    ))
}

/// The account's applications: assigning, the default, withdrawing.
pub fn applications(at: &At, account: &AccountDetail) -> Markup {
    let may = at.caller.roles.can_edit();
    let path = format!("{}/applications", at.path(&below(&account.external_id, Some(account.id))));
    let version = account.version.to_string();
    let rows = account.applications.iter().enumerate().map(|(number, application)| {
        let fields = [("version", version.as_str()), ("client_id", application.client_id.as_str()), ("default", "true")];
        let withdrawal = Question {
            id: &format!("withdraw-{number}"),
            button: html! { "Withdraw" },
            class: "button small danger",
            title: &format!("Take {} from {}?", application.name, account.name),
            text: html! { p { "Impersonations that run in it in this account end at once. Its users cannot choose the account there any more." } },
            action: &format!("{path}/withdraw"),
            fields: html! {
                input type="hidden" name="version" value=(version);
                input type="hidden" name="client_id" value=(application.client_id);
            },
            go: "Withdraw",
        };
        row([
            ("col-application", stacked(html! { bdi { (application.name) } }, copyable(&application.client_id, "client id"))),
            ("col-default", html! {
                @if application.is_default { (badge("accent", "Default")) }
                @else if may { (button_form(&path, &fields, "button small", html! { "Make default" })) }
            }),
            ("col-actions", html! { @if may { (withdrawal.drawn()) } }),
        ])
    });
    let heads = [
        Head::Plain("col-application", "Application"),
        Head::Plain("col-default", "Default"),
        Head::Actions("Actions"),
    ];
    let none = account.applications.is_empty();
    html! {
        (flush_section("applications-title", "Applications", html! {}, html! {
            @if none { (empty("app-window", "No applications", "Nobody can work in this account before it has an application.", html! {})) }
            @else { (table(at, "applications-title", &heads, rows.collect())) }
        }))
        @if may && !account.others.is_empty() {
            form.card.section.form method="post" action=(path) {
                input type="hidden" name="version" value=(version);
                div.field {
                    label.label for="assign-client" { "Give it another application" }
                    div.select {
                        select.input #assign-client name="client_id" {
                            @for application in &account.others { option value=(application.client_id) { (application.name) } }
                        }
                    }
                }
                label.box { input type="checkbox" name="default" value="true" checked[none]; span { "As the default one" } }
                div.form-foot { button.button type="submit" { "Assign" } }
            }
        }
    }
}

/// Sessions in the account: those of its users, or impersonations.
pub fn sessions(at: &At, page: &AccountSessions, impersonations: bool) -> Markup {
    let rows = page.rows.iter().map(|one| {
        let session = &one.session;
        let state = match (session.is_live(page.now), session.end_reason) {
            (true, _) => status("good", "Running"),
            (false, Some(reason)) => status("", reason.label()),
            (false, None) => status("", "Expired"),
        };
        let second = match impersonations {
            true => stacked(
                html! { bdi { (session.operator_name.as_deref().unwrap_or_default()) } },
                html! { bdi { (session.reason.as_deref().unwrap_or_default()) } },
            ),
            false => html! { bdi { (session.ip_address.as_deref().unwrap_or_default()) } },
        };
        row([
            ("col-user", user_link(at, one.user_id, &one.user_name, &one.user_email)),
            ("col-second", second),
            ("col-application", html! { bdi { (session.application_name.as_deref().unwrap_or_default()) } }),
            ("col-began", html! { a.link href=(at.path(&format!("sessions/{}", session.id))) { (ago(page.now, session.started_at)) } }),
            ("col-state", state),
        ])
    });
    let (title, second) = if impersonations { ("Impersonations", "By, and why") } else { ("Login sessions", "From") };
    let heads = [
        Head::Plain("col-user", "User"),
        Head::Plain("col-second", second),
        Head::Plain("col-application", "Application"),
        Head::Plain("col-began", "Began"),
        Head::Plain("col-state", "State"),
    ];
    flush_section(
        "sessions-title",
        title,
        html! {},
        html! {
            @if page.rows.is_empty() { (empty("timer", "None", "No such session is kept of this account.", html! {})) }
            @else {
                (table(at, "sessions-title", &heads, rows.collect()))
                (pager(at.here(), &at.words, "Newest first", page.previous.as_deref(), page.next.as_deref()))
            }
        },
    )
}

/// The account's own log.
pub fn log(at: &At, page: &AccountLog) -> Markup {
    let rows = page.rows.iter().map(|event| {
        row([
            ("col-time", ago(page.now, event.occurred_at)),
            ("col-event", stacked(html! { bdi { (event.description) } }, html! { code { (event.action) } })),
            ("col-actor", html! { bdi { (event.actor_name) } }),
        ])
    });
    let heads = [Head::Plain("col-time", "When"), Head::Plain("col-event", "What"), Head::Plain("col-actor", "Who")];
    flush_section(
        "log-title",
        "As the account's administrators see it",
        html! {},
        html! {
            @if page.rows.is_empty() { (empty("scroll-text", "Nothing yet", "Nothing happened in this account that its administrators can see.", html! {})) }
            @else {
                (table(at, "log-title", &heads, rows.collect()))
                (pager(at.here(), &at.words, "Newest first", page.previous.as_deref(), page.next.as_deref()))
            }
        },
    )
}
