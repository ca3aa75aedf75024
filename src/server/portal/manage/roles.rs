//! Roles: the list, one that is new, and one that is changed.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use uuid::Uuid;

use super::at::At;
use super::entered::Entered;
use super::form::{Draft, Field, Question};
use super::list::{Head, Table, row};
use super::parts::{badge, copyable, counted, empty, facts, grouped, named, notice, page_head, section};
use crate::model::operator::Roles;
use crate::model::role::{MEMBERS_COUNTED, RoleItem, RoleList};
use crate::server::portal::done::Done;
use crate::server::service::directory::given::Given;
use crate::server::service::directory::role::{self as service, RoleEntry};

/// The fields of the form that say themselves what is wrong with them.
const FIELDS: [&str; 3] = ["name", "key", "permissions"];

pub async fn list(at: At) -> Response {
    match service::list(&at.caller).await {
        Ok(roles) => {
            let content = listed(&at, &roles);
            at.page("Roles", content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn listed(at: &At, roles: &RoleList) -> Markup {
    let may = at.caller.roles.can_administer();
    let new = html! { @if may { a.button.primary href=(at.path("roles/new")) { "New role" } } };
    let lead = html! { "What members of an account may be, and the permissions that it adds up to in their tokens." };
    let rows = roles.rows.iter().map(|role| {
        let href = at.path(&format!("roles/{}", role.id));
        row([
            ("col-role", named("shield-check", &href, &role.name, html! { span.dim { (copyable(&role.key, "key")) } })),
            ("col-permissions", permissions(&role.permissions)),
            ("col-members number", html! { (members(role)) span.card-only { " members" } }),
        ])
    });
    let table = Table {
        class: "roles-table",
        labelled_by: "roles-title",
        heads: &[
            Head::Plain("col-role", "Role"),
            Head::Plain("col-permissions", "Permissions"),
            Head::Plain("col-members number", "Members"),
        ],
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "",
    };
    html! {
        (page_head("Roles", lead, new))
        h2.visually-hidden #roles-title { "Roles" }
        @if roles.rows.is_empty() {
            div.card { (empty("shield-check", "No roles yet", "A role gives the members of an account permissions, which applications read in their tokens.",
                html! { @if may { a.button.primary href=(at.path("roles/new")) { "New role" } } })) }
        } @else {
            div.card.table-card { (table.drawn()) }
        }
        @if roles.more { (notice("info", html! { "These are the first " (roles.rows.len()) " by key." })) }
    }
}

/// The first few as they are, and how many there are besides.
fn permissions(held: &[String]) -> Markup {
    html! {
        @if held.is_empty() { span.dim { "None" } }
        span.badges {
            @for permission in held.iter().take(6) { (badge("outline", permission)) }
            @if held.len() > 6 { span.dim title=(held[6..].join("\n")) { "and " (held.len() - 6) " more" } }
        }
    }
}

fn members(role: &RoleItem) -> String {
    if role.members > MEMBERS_COUNTED { format!("{}+", grouped(MEMBERS_COUNTED)) } else { grouped(role.members) }
}

pub async fn new(at: At) -> Response {
    if let Err(error) = at.caller.require(Roles::can_administer) {
        return at.failed(error).await;
    }
    let content = new_form(&at, Draft::stored());
    at.page("New role", content).await
}

fn new_form(at: &At, draft: Draft<'_>) -> Markup {
    html! {
        (page_head("New role", html! { "Members of any account can have it." }, html! {}))
        form.card.section.form.page-form method="post" action=(at.path("roles/new")) data-keep {
            (draft.text(Field { name: "name", label: "Name", required: true, maxlength: 200, placeholder: "Billing administrator", ..Field::default() }, ""))
            (draft.text(Field { name: "key", label: "Key", required: true, maxlength: 100, is_code: true, check: "slug:name", hint: "What files, tokens and the API call it. It stays as it is.", ..Field::default() }, ""))
            (permissions_field(draft, ""))
            (draft.failure(&FIELDS))
            div.form-foot {
                button.button.primary type="submit" { "Make role" }
                a.button href=(at.path("roles")) { "Cancel" }
            }
        }
    }
}

fn permissions_field(draft: Draft<'_>, stored: &str) -> Markup {
    draft.area(
        Field {
            name: "permissions",
            label: "Permissions",
            note: "one a line",
            is_code: true,
            placeholder: "invoices.read\ninvoices.write",
            hint: "Applications read them in their tokens.",
            ..Field::default()
        },
        stored,
    )
}

pub async fn create(at: At, entered: Entered) -> Response {
    let new = RoleEntry {
        key: entered.get("key").to_owned(),
        name: entered.get("name").to_owned(),
        permissions: Given::Set(entered.lines("permissions")),
        ..RoleEntry::default()
    };
    let name = new.name.clone();
    match service::create(&at.caller, new).await {
        Ok(_) => at.done("roles", Done::new(format!("The role {name} was made."))),
        Err(error) => {
            let refusal = at.refusal(error);
            let content = new_form(&at, Draft::refused(&entered, &refusal));
            at.refused(&refusal, "New role", content).await
        }
    }
}

pub async fn page(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match service::get(&at.caller, id).await {
        Ok(role) => {
            let content = one(&at, &role, Draft::stored());
            at.page(&role.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn one(at: &At, role: &RoleItem, draft: Draft<'_>) -> Markup {
    let path = at.path(&format!("roles/{}", role.id));
    let may = at.caller.roles.can_administer();
    let delete = html! { @if may { (deletion(role, &path)) } };
    let lead = html! { (copyable(&role.key, "key")) };
    html! {
        (page_head(&role.name, lead, delete))
        @if may {
            form.card.section.form.page-form method="post" action=(path) data-keep {
                (draft.version(role.version))
                (draft.text(Field { name: "name", label: "Name", required: true, maxlength: 200, ..Field::default() }, &role.name))
                (permissions_field(draft, &role.permissions.join("\n")))
                (draft.failure(&FIELDS))
                div.form-foot { button.button.primary type="submit" { "Save" } a.button href=(at.path("roles")) { "Cancel" } }
            }
        } @else {
            (section("permissions-title", "Permissions", html! {}, html! {
                (facts([("Permissions", permissions(&role.permissions)), ("Members", html! { (members(role)) })]))
                (notice("lock", html! { "Only an Owner or Admin of this environment can change roles." }))
            }))
        }
    }
}

fn deletion(role: &RoleItem, path: &str) -> Markup {
    let held = match role.members {
        0 => "Nobody has it.".to_owned(),
        held if held > MEMBERS_COUNTED => format!("More than {} lose it.", counted(MEMBERS_COUNTED, "membership")),
        held => format!("{} {} it.", counted(held, "membership"), if held == 1 { "loses" } else { "lose" }),
    };
    Question {
        id: "delete",
        button: html! { "Delete" },
        class: "button danger",
        title: &format!("Delete the role {}?", role.name),
        text: html! { p { (held) " What it permits is gone from the next token on. This cannot be undone." } },
        action: &format!("{path}/delete"),
        fields: html! {},
        go: "Delete role",
    }
    .drawn()
}

pub async fn update(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let role = match service::get(&at.caller, id).await {
        Ok(role) => role,
        Err(error) => return at.failed(error).await,
    };
    let change = RoleEntry {
        version: entered.version(),
        key: role.key,
        name: entered.get("name").to_owned(),
        permissions: Given::Set(entered.lines("permissions")),
        ..RoleEntry::default()
    };
    let refusal = match service::update(&at.caller, change).await {
        Ok(_) => return at.done(&format!("roles/{id}"), Done::new("The role was saved.")),
        Err(error) => at.refusal(error),
    };
    // As it is by now: somebody else may have changed it.
    match service::get(&at.caller, id).await {
        Ok(role) => {
            let content = one(&at, &role, Draft::refused(&entered, &refusal));
            at.refused(&refusal, &role.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

pub async fn delete(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let deleted = async {
        let role = service::get(&at.caller, id).await?;
        service::delete(&at.caller, &role.key).await?;
        Ok(role.name)
    };
    match deleted.await {
        Ok(name) => at.done("roles", Done::new(format!("The role {name} was deleted."))),
        Err(error) => at.failed(error).await,
    }
}
