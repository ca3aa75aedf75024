//! What an application got wrong of late, and what to do about it.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::model::problem::ProblemItem;
use crate::ui::component::copy::copyable;
use crate::ui::component::table::{count, flush_section, row, table};
use crate::ui::component::time::ago;
use crate::ui::kit::clock::Now;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::state::{empty, nothing};

/// The section of one application.
pub fn problems(problems: &[ProblemItem], now: DateTime<Utc>) -> AnyView {
    if problems.is_empty() {
        let text = "What the application gets wrong is shown here for a day: addresses that are not registered, a wrong \
                    secret, codes that do not work.";
        return section(nothing(), empty("shield-check", "No problems within a day", text, nothing()));
    }
    section(count(problems.len().to_string()), rows(problems, now))
}

/// The section of those whom nobody knows; nothing where there are none.
pub fn problems_of_nobody(problems: &[ProblemItem], now: DateTime<Utc>) -> AnyView {
    if problems.is_empty() { nothing() } else { section(count(problems.len().to_string()), rows(problems, now)) }
}

fn section(beside: AnyView, content: AnyView) -> AnyView {
    flush_section("problems-title", "Recent problems", beside, content)
}

fn rows(problems: &[ProblemItem], now: DateTime<Utc>) -> AnyView {
    let now = Now::of(now);
    let heads = [("col-problem", "What was refused"), ("col-last", "Last")];
    let rows = problems.iter().map(|problem| problem_row(problem, now)).collect();
    table("table problem-table", "problems-title", &heads, rows)
}

fn problem_row(problem: &ProblemItem, now: Now) -> AnyView {
    let value = problem.value.clone();
    let value = (!value.is_empty()).then(|| view! { <code class="reason"><bdi>{value}</bdi></code> }.erased());
    let times = match problem.occurrences {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let what = view! {
        <div class="stacked">
            <span>{problem.kind.label()}</span>
            {value}
            <span class="dim">{problem.kind.advice()}</span>
        </div>
    };
    let last = view! {
        <div class="stacked">
            {ago(problem.last_at, now)}
            <span class="dim">{times}</span>
            <span class="dim">{copyable(problem.request_id.clone(), "request id")}</span>
        </div>
    };
    row(false, [("col-problem", what.erased()), ("col-last", last.erased())])
}
