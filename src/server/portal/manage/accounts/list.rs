//! The list of accounts.

use axum::response::Response;
use maud::{Markup, html};

use super::below;
use crate::model::account_page::{AccountQuery, AccountsPage};
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::list::{Head, Table, Toolbar, pager, row};
use crate::server::portal::manage::parts::{ago_or, copyable, counted, empty, grouped, named, page_head};
use crate::server::service::directory::account as service;

const TITLE: &str = "Accounts";

pub async fn page(at: At) -> Response {
    let word = |name: &str| at.words.get(name).to_owned();
    let query = AccountQuery { q: word("q"), sort: word("sort"), cursor: word("cursor") };
    match service::list(&at.caller, &query).await {
        Ok(page) => {
            let content = drawn(&at, &page);
            at.page(TITLE, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn drawn(at: &At, page: &AccountsPage) -> Markup {
    let new = || html! { @if at.caller.roles.can_edit() { a.button.primary href=(at.path("accounts/new")) { "New account" } } };
    let toolbar = Toolbar {
        path: at.here(),
        words: &at.words,
        search: "Name or external id",
        filters: html! {},
        kept: &["sort"],
    };
    let rows = page.rows.iter().map(|account| {
        let href = at.path(&below(&account.external_id, Some(account.id)));
        let id = html! { span.dim { (copyable(&account.external_id, "external id")) } };
        row([
            ("col-account", named("building-2", &href, &account.name, id)),
            ("col-users number", html! { (grouped(account.users)) span.card-only { " users" } }),
            ("col-applications number", html! { (grouped(account.applications)) span.card-only { " applications" } }),
            ("col-activity", ago_or(page.now, account.active_at, "Never")),
        ])
    });
    let table = Table {
        class: "accounts-table",
        labelled_by: "accounts-title",
        heads: &[
            Head::Sorted("col-account", "Account", "name"),
            Head::Sorted("col-users number", "Users", "users"),
            Head::Plain("col-applications number", "Applications"),
            Head::Sorted("col-activity", "Last activity", "activity"),
        ],
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "name",
    };
    let is_searched = !at.words.get("q").is_empty();
    let summary =
        if is_searched { counted(page.rows.len() as i64, "account") + " here" } else { counted(page.total, "account") };
    html! {
        (page_head(TITLE, html! { "Customer organisations: who belongs to them, and which applications they have." }, new()))
        (toolbar.drawn())
        h2.visually-hidden #accounts-title { (TITLE) }
        @if page.rows.is_empty() && is_searched {
            div.card { (empty("search", "No account found", "No account has all of these words in its name or external id.",
                html! { a.button href=(at.here()) { "Clear the search" } })) }
        } @else if page.rows.is_empty() && page.total > 0 {
            div.card { (empty("building-2", "This page is empty", "The list has changed since the link was made.",
                html! { a.button href=(at.here()) { "To the first page" } })) }
        } @else if page.rows.is_empty() {
            div.card { (empty("building-2", "No accounts yet", "An account is a customer organisation. Users belong to it, and applications are given to it.", new())) }
        } @else {
            div.card.table-card {
                (table.drawn())
                (pager(at.here(), &at.words, &summary, page.previous.as_deref(), page.next.as_deref()))
            }
        }
    }
}
