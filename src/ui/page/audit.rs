//! The audit trail of an environment: every event, searchable, each with all its fields in a drawer.

mod detail;
mod presets;
mod table;
mod toolbar;
pub mod words;

use leptos::prelude::*;

use crate::model::audit::AuditQuery;
use crate::rpc::audit::ListEvents;
use crate::ui::kit::address::Words;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::list::{self, Shape};
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::loading;

type List = list::List<AuditQuery>;

static SHAPE: Shape<AuditQuery> = Shape {
    page: "audit",
    title: "Audit trail",
    opens: "event",
    over: &["event"],
    turned: &["cursor", "find"],
    makes: None,
    query: query_of,
};

#[component]
pub fn AuditPage() -> impl IntoView {
    let list = List::at(&SHAPE);
    let events = loading(
        move || (list.frame.environment.get(), list.query.get()),
        |(environment, query)| ListEvents { environment, query },
    );
    let lead = view! {
        <p class="dim">
            "Everything that happened in this environment, newest first. Times are UTC. What is shown, as a file: "
            {export(list, "csv", "CSV")} ", " {export(list, "jsonl", "JSON Lines")}
        </p>
    };
    view! {
        {list.view(lead.erased(), toolbar::toolbar(list, events), events, move |page| table::table(list, page))}
        {detail::detail(list)}
    }
    .erased()
}

/// Exactly what the list shows, from its first page on.
fn export(list: List, format: &'static str, label: &'static str) -> AnyView {
    let href = move || {
        let words = list.words.get().without(SHAPE.turned).with("format", format);
        words.on(&(list.path.get() + "/export"))
    };
    view! { <a class="link" href=href rel="external" download="">{label}</a> }.erased()
}

/// What the page shows at this address.
pub fn needs(environment: String, words: &Words) -> Vec<Need> {
    let event = SHAPE.open_at(words).map(|event| detail::needs(environment.clone(), event));
    [Need::of(ListEvents { environment, query: SHAPE.query_at(words) })].into_iter().chain(event).collect()
}

fn query_of(words: &Words) -> AuditQuery {
    let word = |name| words.get(name).to_owned();
    AuditQuery {
        q: word("q"),
        action: word("action"),
        severity: word("severity"),
        account: word("account"),
        find: word("find"),
        only: word("only"),
        from: word("from"),
        to: word("to"),
        from_offset: word("from_offset"),
        to_offset: word("to_offset"),
        cursor: word("cursor"),
    }
}
