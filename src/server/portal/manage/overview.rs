//! The first page of an environment: what is left to set up, what runs, and how often operators stepped in.

use axum::response::Response;
use chrono::{NaiveDate, TimeDelta};
use maud::{Markup, html};

use super::at::At;
use super::parts::{counted, empty, flush_section, grouped, icon, notice, page_head, section};
use crate::server::service::directory::checklist::{Checklist, Step};
use crate::server::service::directory::overview::{DAYS, Overview, overview};

pub async fn page(at: At) -> Response {
    match overview(&at.caller).await {
        Ok(found) => {
            let content = drawn(&at, &found);
            at.page("Overview", content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn drawn(at: &At, found: &Overview) -> Markup {
    let live = html! {
        @if found.running > 0 {
            a.button href=(at.path("impersonation")) rel="external" { (icon("venetian-mask")) (counted(found.running, "live session")) }
        }
    };
    html! {
        (page_head("Overview", html! { "What operators do in " bdi { (at.caller.environment.name) } "." }, live))
        @if !found.checklist.is_done() { (left_to_do(at, &found.checklist)) }
        (starts(found))
        div.columns.overview-columns {
            (most("operators", "By operator", "user", &found.operators))
            (most("accounts", "By account", "building-2", &found.accounts))
            (most("applications", "By application", "app-window", &found.applications))
            (longest(at, found))
        }
        p.dim.overview-refused {
            a.link href=(at.path("audit?action=impersonation.denied")) rel="external" { "What was refused" }
            " stands in the audit trail."
        }
    }
}

fn left_to_do(at: &At, list: &Checklist) -> Markup {
    let done = list.0.iter().filter(|(_, done)| *done).count();
    let count = html! { span.count { (done) " of " (list.0.len()) } };
    section(
        "steps-title",
        "Get started",
        count,
        html! {
            ol.steps {
                @for (step, done) in list.0 {
                    @let (text, beneath, path) = words(step);
                    li.step.done[done] {
                        (icon(if done { "check" } else { "circle-dot" }))
                        div {
                            @if done { span { (text) } span.visually-hidden { ", done" } } @else { a.row-link href=(at.path(path)) rel="external" { (text) } }
                            p.dim { (beneath) }
                        }
                    }
                }
            }
        },
    )
}

/// What a step is called, what it is for, and where it is taken.
fn words(step: Step) -> (&'static str, &'static str, &'static str) {
    match step {
        Step::Application => {
            ("Connect an application", "It signs its users in here, over OpenID Connect.", "applications/new")
        }
        Step::Account => {
            ("Make an account", "A customer organisation, with the applications that it has.", "accounts/new")
        }
        Step::Users => ("Add users", "One at a time, or many by “understudy import”.", "users/new"),
        Step::ImpersonationOn => {
            ("Turn impersonation on", "It is off until somebody decides that it may be used.", "impersonation")
        }
        Step::Impersonated => ("Try it", "Choose a user, and step in for a stated reason.", "users"),
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%-d %b %Y").to_string()
}

/// How tall the tallest bar is, in the chart's own units.
const TALL: u64 = 100;

fn starts(found: &Overview) -> Markup {
    let most = found.days.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let title = format!("Impersonations of the last {DAYS} days");
    let total = html! { span.count { (grouped(found.total as i64)) } };
    section(
        "starts-title",
        &title,
        total,
        html! {
            @if found.total == 0 {
                (empty("venetian-mask", "None yet", "What operators start shows here once it is over.", html! {}))
            } @else {
                svg.chart viewBox=(format!("0 0 {} {TALL}", found.days.len() * 10)) preserveAspectRatio="none" role="img"
                    aria-label=(format!("{title}: {} in all, {most} on the busiest day", found.total)) {
                    @for (place, (date, count)) in found.days.iter().enumerate() {
                        @let tall = bar(*count, most);
                        rect x=(place * 10 + 1) y=(TALL - tall) width="8" height=(tall) { title { (day(*date)) ": " (count) } }
                    }
                }
                p.chart-ends { span { (day(found.days[0].0)) } span { "Today" } }
                details.chart-numbers {
                    summary { "The same in numbers" }
                    table.table {
                        thead { tr { th scope="col" { "Day, UTC" } th.number scope="col" { "Began" } } }
                        tbody { @for (date, count) in found.days.iter().rev().filter(|(_, count)| *count > 0) { tr { td { (day(*date)) } td.number { (grouped(*count as i64)) } } } }
                    }
                }
                @if found.more { (notice("info", html! { "There were more than can be added up: the latest are counted." })) }
            }
        },
    )
}

/// A day with any has a bar that is seen.
fn bar(count: u64, most: u64) -> u64 {
    if count == 0 { 0 } else { (count * TALL / most.max(1)).max(3) }
}

fn most(id: &str, title: &str, glyph: &str, rows: &[(String, u64)]) -> Markup {
    flush_section(
        &format!("{id}-title"),
        title,
        html! {},
        html! {
            @if rows.is_empty() { p.list-note { span.dim { "None" } } }
            ol.most {
                @for (name, count) in rows {
                    li { (icon(glyph)) span.truncate title=(name) { bdi { (name) } } span.number { (grouped(*count as i64)) } }
                }
            }
        },
    )
}

fn longest(at: &At, found: &Overview) -> Markup {
    flush_section(
        "longest-title",
        "Longest",
        html! {},
        html! {
            @if found.longest.is_empty() { p.list-note { span.dim { "None" } } }
            ol.most {
                @for (id, took) in &found.longest {
                    li { (icon("timer")) a.truncate.link href=(at.path(&format!("sessions/{id}"))) { "Its story" } span.number { (span(*took)) } }
                }
            }
        },
    )
}

fn span(took: TimeDelta) -> String {
    match took.num_seconds() {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
