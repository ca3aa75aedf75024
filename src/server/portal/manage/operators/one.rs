//! One operator: roles, portal sessions, impersonations.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use uuid::Uuid;

use super::invite::{chosen, roles_fields};
use super::{buttons, roles, state};
use crate::model::error::ApiError;
use crate::model::time::exact;
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::Draft;
use crate::server::portal::manage::list::{Head, Table, pager, row};
use crate::server::portal::manage::parts::{
    ago, ago_or, counted, facts, flush_section, notice, page_head, section, stacked,
};
use crate::server::service::operator::{self as service, OperatorDetail, PlaceToGrant};

pub async fn page(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match service::detail(&at.caller, id, at.words.get("cursor")).await {
        Ok(detail) => {
            let content = drawn(&at, &detail, Draft::stored());
            at.page(&detail.operator.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

/// Makes the roles what the form says, wherever the sender may grant any.
pub async fn set_roles(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let before = match service::detail(&at.caller, id, "").await {
        Ok(detail) => detail,
        Err(error) => return at.failed(error).await,
    };
    let wanted = chosen(&entered, &grantable(&before));
    let refusal = match service::set_roles(&at.caller.at_server(), id, &wanted, entered.version()).await {
        Ok(_) => {
            let said = Done::new(format!("The roles of {} were saved.", before.operator.name));
            return at.done(&format!("operators/{id}"), said);
        }
        Err(error) => at.refusal(error),
    };
    // As they are by now: somebody else may have changed them.
    match service::detail(&at.caller, id, "").await {
        Ok(detail) => {
            let content = drawn(&at, &detail, Draft::refused(&entered, &refusal));
            at.refused(&refusal, &detail.operator.name, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

/// Where the caller may grant roles.
fn grantable(detail: &OperatorDetail) -> Vec<PlaceToGrant> {
    detail.places.iter().filter(|place| place.may_grant).cloned().collect()
}

/// The page, with a notice above where something about the operator was refused.
pub fn drawn(at: &At, detail: &OperatorDetail, draft: Draft<'_>) -> Markup {
    let operator = &detail.operator;
    let path = at.path(&format!("operators/{}", operator.id));
    let lead = html! { bdi { (operator.email) } @if detail.is_own { " · this is you" } };
    html! {
        (page_head(&operator.name, lead, buttons::buttons(detail, &path)))
        (section("about-title", "About", html! {}, html! {
            (facts([
                ("State", state(operator)),
                ("Roles", roles(&operator.roles)),
                ("Last sign-in", ago_or(detail.now, operator.last_signed_in_at, "Never")),
                ("Operator since", ago(detail.now, detail.created_at)),
                ("Link", link(detail)),
            ]))
        }))
        (granting(detail, &path, draft))
        (sessions(detail))
        (impersonations(at, detail))
    }
}

fn link(detail: &OperatorDetail) -> Markup {
    match detail.link_expires_at {
        Some(expires_at) => html! { "Works until " time datetime=(expires_at.to_rfc3339()) { (exact(expires_at)) } },
        None => html! { span.dim { "None that works" } },
    }
}

fn granting(detail: &OperatorDetail, path: &str, draft: Draft<'_>) -> Markup {
    let places = grantable(detail);
    if places.is_empty() {
        return html! { (notice("lock", html! { "Only an Owner can change roles, suspend or remove." })) };
    }
    let has_everywhere = places.iter().any(|place| place.environment.is_none());
    let own: &[&str] = if has_everywhere { &["roles"] } else { &[] };
    // Boxes show what was chosen; where somebody else was faster, what is stored by now stands beneath.
    let hint = |place: &PlaceToGrant| match (draft.is_overtaken(), place.granted.is_empty()) {
        (false, _) => String::new(),
        (true, true) => "Stored by now: none".to_owned(),
        (true, false) => format!("Stored by now: {}", place.granted.labels()),
    };
    html! {
        (section("roles-title", "Change roles", html! {}, html! {
            form.form method="post" action=(path) data-keep {
                (draft.version(detail.version))
                (roles_fields(draft, &places, hint))
                (draft.failure(own))
                div.form-foot { button.button.primary type="submit" { "Save roles" } }
            }
        }))
    }
}

fn sessions(detail: &OperatorDetail) -> Markup {
    let rows = detail.sessions.iter().map(|session| {
        let browser = session.user_agent.as_deref().unwrap_or("Unknown browser");
        row([
            ("col-browser", html! { span.truncate title=(browser) { (browser) } }),
            ("col-address", html! { (session.ip_address.as_deref().unwrap_or("–")) }),
            ("col-began", ago(detail.now, session.created_at)),
            ("col-until", html! { (exact(session.expires_at)) }),
        ])
    });
    let table = Table {
        class: "portal-sessions",
        labelled_by: "sessions-title",
        heads: &[
            Head::Plain("col-browser", "Browser"),
            Head::Plain("col-address", "Address"),
            Head::Plain("col-began", "Signed in"),
            Head::Plain("col-until", "At the latest until"),
        ],
        rows: rows.collect(),
        path: "",
        words: &Default::default(),
        sort: "",
    };
    html! {
        (flush_section("sessions-title", "Portal sessions", html! {}, html! {
            @if detail.sessions.is_empty() { p.dim.section-line { "Not signed in anywhere." } } @else { (table.drawn()) }
            @if detail.more_sessions { p.dim.section-line { "And older ones." } }
        }))
    }
}

fn impersonations(at: &At, detail: &OperatorDetail) -> Markup {
    let rows = detail.impersonations.iter().map(|one| {
        let user = at.path(&format!("users/{}", one.user_id));
        let place = [one.account.as_deref(), one.application.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        let ended = match (one.ended_at, one.end_reason) {
            (Some(ended_at), Some(reason)) => stacked(ago(detail.now, ended_at), html! { (reason.label()) }),
            _ => html! { span.badge.amber { "Live" } },
        };
        row([
            ("col-user", html! { a.truncate href=(user) rel="external" { bdi { (one.user_name) } } }),
            ("col-place", html! { bdi { (place.join(" · ")) } }),
            (
                "col-reason",
                stacked(
                    html! { bdi { (one.reason.as_deref().unwrap_or_default()) } },
                    html! { bdi { (one.ticket.as_deref().unwrap_or_default()) } },
                ),
            ),
            (
                "col-began",
                html! { a href=(at.path(&format!("sessions/{}", one.id))) { (ago(detail.now, one.started_at)) } },
            ),
            ("col-ended", ended),
        ])
    });
    let table = Table {
        class: "operator-impersonations",
        labelled_by: "impersonations-title",
        heads: &[
            Head::Plain("col-user", "User"),
            Head::Plain("col-place", "Account and application"),
            Head::Plain("col-reason", "Reason"),
            Head::Plain("col-began", "Began"),
            Head::Plain("col-ended", "Ended"),
        ],
        rows: rows.collect(),
        path: at.here(),
        words: &at.words,
        sort: "",
    };
    let title = format!("Impersonations in {}", at.caller.environment.name);
    let summary = counted(detail.impersonations.len() as i64, "impersonation");
    html! {
        (flush_section("impersonations-title", &title, html! {}, html! {
            @if detail.impersonations.is_empty() { p.dim.section-line { "None." } } @else {
                (table.drawn())
                (pager(at.here(), &at.words, &summary, detail.previous.as_deref(), detail.next.as_deref()))
            }
        }))
    }
}

/// The page of an operator about whom something was refused.
pub async fn refused(at: At, id: Uuid, refusal: ApiError) -> Response {
    match service::detail(&at.caller, id, "").await {
        Ok(detail) => {
            let entered = Entered::default();
            let notice = Draft::refused(&entered, &refusal).failure(&[]);
            let page = drawn(&at, &detail, Draft::stored());
            at.refused(&refusal, &detail.operator.name, html! { (notice) (page) }).await
        }
        Err(error) => at.failed(error).await,
    }
}
