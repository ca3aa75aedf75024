//! Many users at once: choosing them, a preview of what will happen, and what became of each.

use axum::response::Response;
use maud::{Markup, html};
use uuid::Uuid;

use super::fields::{self, ACCOUNT, REASON, chosen_roles};
use crate::model::error::ApiError;
use crate::model::operator::Roles;
use crate::model::search::Amount;
use crate::model::user::{UserQuery, UserStatus, UsersPage};
use crate::model::user_edit::{BulkAction, BulkEffect, BulkOutcome, BulkPlan, BulkResult, SELECTED_MAX};
use crate::server::error::ServiceResult;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Field};
use crate::server::portal::manage::list::{Head, Table, Toolbar, pager, row, select_filter};
use crate::server::portal::manage::parts::{badge, counted, empty, page_head, stacked, status};
use crate::server::service::directory::role;
use crate::server::service::directory::user as service;

const TITLE: &str = "Several users";
const FIELDS: [&str; 3] = ["action", "reason", "account"];

/// What can be done, by its word in the form.
const ACTIONS: [(&str, &str); 5] = [
    ("lock", "Lock"),
    ("unlock", "Unlock"),
    ("add", "Add to an account"),
    ("remove", "Remove from an account"),
    ("delete", "Delete"),
];

fn action(entered: &Entered) -> Option<BulkAction> {
    let account = entered.get("account").to_owned();
    Some(match entered.get("action") {
        "lock" => BulkAction::Lock { reason: entered.get("reason").to_owned() },
        "unlock" => BulkAction::Unlock,
        "add" => BulkAction::AddToAccount { account, roles: chosen_roles(entered) },
        "remove" => BulkAction::RemoveFromAccount { account },
        "delete" => BulkAction::Delete,
        _ => return None,
    })
}

fn ids(entered: &Entered) -> Vec<Uuid> {
    entered.all("users").filter_map(|id| id.parse().ok()).collect()
}

/// What the list shows, by its words in the address or in the form.
fn listed<'w>(word: impl Fn(&'static str) -> &'w str) -> UserQuery {
    let word = |name| word(name).to_owned();
    UserQuery {
        q: word("q"),
        account: word("in_account"),
        status: word("status"),
        sort: "name".to_owned(),
        cursor: word("cursor"),
        ..UserQuery::default()
    }
}

pub async fn choose(at: At) -> Response {
    drawn(at, Draft::stored(), &Entered::default(), None).await
}

async fn drawn(at: At, draft: Draft<'_>, entered: &Entered, refusal: Option<&ApiError>) -> Response {
    match chooser(&at, draft, entered).await {
        Ok(content) => match refusal {
            Some(refusal) => at.refused(refusal, TITLE, content).await,
            None => at.page(TITLE, content).await,
        },
        Err(error) => at.failed(error).await,
    }
}

async fn chooser(at: &At, draft: Draft<'_>, entered: &Entered) -> ServiceResult<Markup> {
    at.caller.require(Roles::can_edit)?;
    let query = listed(|name| at.words.get(name));
    let page = service::list(&at.caller, &query).await?;
    let roles: Vec<(String, String)> =
        role::list(&at.caller).await?.rows.into_iter().map(|role| (role.key, role.name)).collect();
    let statuses: Vec<(&str, &str)> = UserStatus::ALL.iter().map(|one| (one.as_str(), one.label())).collect();
    let path = at.path("users/bulk");
    let toolbar = Toolbar {
        path: &path,
        words: &at.words,
        search: "Name, e-mail, account or id",
        filters: select_filter(&at.words, "status", "Status", "circle-dot", &statuses),
        kept: &["in_account"],
    };
    let may_delete = at.caller.roles.can_administer();
    let actions: Vec<(&str, &str)> = ACTIONS.into_iter().filter(|(word, _)| *word != "delete" || may_delete).collect();
    Ok(html! {
        (page_head(TITLE, html! { "Choose users, say what is to happen, and see what it would do before it is done." },
            html! { a.button href=(at.path("users")) { "Back to users" } }))
        (toolbar.drawn())
        form method="post" action=(path) {
            input type="hidden" name="step" value="preview";
            @for name in ["q", "in_account", "status"] { input type="hidden" name=(name) value=(at.words.get(name)); }
            (rows(at, &page, entered))
            div.card.section.form {
                (draft.choice(Field { name: "action", label: "What is to happen", ..Field::default() }, &actions, "lock"))
                (draft.text(Field { required: false, note: "to lock", ..REASON }, ""))
                (draft.text(Field { note: "to add or remove", ..ACCOUNT }, at.words.get("in_account")))
                (fields::roles("Roles, to add", &roles, &chosen_roles(entered)))
                (draft.failure(&FIELDS))
                div.form-foot { button.button.primary type="submit" { "Preview" } }
            }
        }
    })
}

fn rows(at: &At, page: &UsersPage, entered: &Entered) -> Markup {
    let chosen = ids(entered);
    let hidden = chosen.iter().filter(|id| !page.rows.iter().any(|row| row.id == **id));
    let rows = page.rows.iter().map(|user| {
        let label = format!("Select {}", user.name);
        row([
            ("col-select", html! {
                input type="checkbox" name="users" value=(user.id) aria-label=(label) checked[chosen.contains(&user.id)];
            }),
            ("col-user", stacked(html! { bdi { (user.name) } }, html! { bdi { (user.email) } })),
            ("col-account", html! { bdi { (user.main_account.as_deref().unwrap_or("None")) } }),
            ("col-status", html! { (user.status.label()) }),
        ])
    });
    let heads = [
        Head::Actions("Select"),
        Head::Plain("col-user", "User"),
        Head::Plain("col-account", "Main account"),
        Head::Plain("col-status", "Status"),
    ];
    let table = Table {
        class: "bulk-table",
        labelled_by: "bulk-title",
        heads: &heads,
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "",
    };
    let summary = match page.matching {
        Amount::Exactly(count) => counted(count, "user"),
        Amount::MoreThan(count) => format!("More than {}", counted(count, "user")),
    };
    html! {
        h2.visually-hidden #bulk-title { "Users" }
        @for id in hidden { input type="hidden" name="users" value=(id); }
        @if page.rows.is_empty() {
            div.card { (empty("users", "Nobody here", "No user matches.", html! {})) }
        } @else {
            div.card.table-card {
                label.box.check-all.needs-script { input type="checkbox" data-check-all="users"; span { "All on this page" } }
                (table.drawn())
                (pager(at.here(), &at.words, &summary, page.previous.as_deref(), page.next.as_deref()))
            }
        }
        label.box {
            input type="checkbox" name="all" value="true" checked[entered.has("all")];
            span { "All that the list shows on its pages, " (summary) }
        }
        p.hint { "At most " (SELECTED_MAX) " at once." }
    }
}

pub async fn post(at: At, entered: Entered) -> Response {
    let Some(action) = action(&entered) else {
        let refusal = ApiError::invalid("action", "Say what is to happen.");
        return drawn(at, Draft::refused(&entered, &refusal), &entered, Some(&refusal)).await;
    };
    let ids = match entered.has("all") && entered.get("step") != "apply" {
        true => service::matching(&at.caller, &listed(|name| entered.get(name))).await,
        false => Ok(ids(&entered)),
    };
    let ids = match ids {
        Ok(ids) => ids,
        Err(error) => return at.failed(error).await,
    };
    let outcome = match entered.get("step") {
        "apply" => service::apply(&at.caller, &ids, &action).await.map(|results| result_page(&at, &results)),
        _ => service::plan(&at.caller, &ids, &action).await.map(|plan| preview_page(&at, &plan, &action, &entered)),
    };
    match outcome {
        Ok(content) => at.page(TITLE, content).await,
        Err(error) => {
            let refusal = at.refusal(error);
            drawn(at, Draft::refused(&entered, &refusal), &entered, Some(&refusal)).await
        }
    }
}

fn sentence(plan: &BulkPlan, action: &BulkAction) -> String {
    let users = counted(plan.changing as i64, "user");
    let ends = || {
        format!(
            "{} and {} end",
            counted(plan.sessions, "running session"),
            counted(plan.impersonations, "impersonation")
        )
    };
    match action {
        BulkAction::Lock { reason } => format!("{users} will be locked: {reason}. {}.", ends()),
        BulkAction::Unlock => format!("{users} will be unlocked."),
        BulkAction::AddToAccount { account, .. } => format!("{users} will become members of {account}."),
        BulkAction::RemoveFromAccount { account } => format!("{users} will be removed from {account}."),
        BulkAction::Delete => format!(
            "{users} will be deleted for good. {}, and {} are removed.",
            ends(),
            counted(plan.memberships, "membership")
        ),
    }
}

fn preview_page(at: &At, plan: &BulkPlan, action: &BulkAction, entered: &Entered) -> Markup {
    let rows = plan.users.iter().map(|one| {
        let effect = match one.effect {
            BulkEffect::Changes => status("good", "Will be changed"),
            BulkEffect::Stays => status("", "Is so already"),
            BulkEffect::Refused => status("bad", "Only an Owner may"),
        };
        row([
            ("col-user", stacked(html! { bdi { (one.user.name) } }, html! { bdi { (one.user.email) } })),
            ("col-ends", html! { (counted(one.user.sessions, "session")) ", " (counted(one.user.impersonations, "impersonation")) }),
            ("col-effect", effect),
        ])
    });
    let heads = [
        Head::Plain("col-user", "User"),
        Head::Plain("col-ends", "Running"),
        Head::Plain("col-effect", "What will happen"),
    ];
    let table = Table {
        class: "bulk-table",
        labelled_by: "bulk-title",
        heads: &heads,
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "",
    };
    let gone = plan.gone as i64;
    html! {
        (page_head("What will happen", html! { bdi { (sentence(plan, action)) } }, html! {}))
        @if gone > 0 { p.notice { (counted(gone, "user")) " of the selection " (if gone == 1 { "is" } else { "are" }) " gone." } }
        h2.visually-hidden #bulk-title { "Users" }
        div.card.table-card { (table.drawn()) }
        form.form method="post" action=(at.path("users/bulk")) {
            input type="hidden" name="step" value="apply";
            @for (name, value) in entered.fields() {
                @if !["step", "all", "users"].contains(&name) { input type="hidden" name=(name) value=(value); }
            }
            @for one in &plan.users { input type="hidden" name="users" value=(one.user.id); }
            div.form-foot {
                button.button.primary.danger[*action == BulkAction::Delete] type="submit" disabled[plan.changing == 0] { "Do it" }
                a.button href=(at.path("users/bulk")) { "Cancel" }
            }
        }
    }
}

fn result_page(at: &At, results: &[BulkResult]) -> Markup {
    let count = |is: fn(&BulkOutcome) -> bool| results.iter().filter(|result| is(&result.outcome)).count() as i64;
    let changed = count(|outcome| *outcome == BulkOutcome::Changed);
    let failed = count(|outcome| matches!(outcome, BulkOutcome::Failed(_)));
    let rows = results.iter().map(|result| {
        let (mark, why) = match &result.outcome {
            BulkOutcome::Changed => (badge("good", "Done"), ""),
            BulkOutcome::Stayed => (badge("outline", "Was so already"), ""),
            BulkOutcome::Failed(why) => (badge("bad", "Not done"), why.as_str()),
        };
        let name = if result.name.is_empty() { result.id.to_string() } else { result.name.clone() };
        row([("col-user", html! { bdi { (name) } }), ("col-effect", html! { (mark) " " bdi { (why) } })])
    });
    let table = Table {
        class: "bulk-table",
        labelled_by: "bulk-title",
        heads: &[Head::Plain("col-user", "User"), Head::Plain("col-effect", "What became of it")],
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "",
    };
    let lead = html! { (counted(changed, "user")) " changed, " (failed) " not done." };
    html! {
        (page_head("What was done", lead, html! { a.button href=(at.path("users")) { "Back to users" } }))
        h2.visually-hidden #bulk-title { "Users" }
        div.card.table-card { (table.drawn()) }
    }
}
