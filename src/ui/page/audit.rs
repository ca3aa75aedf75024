//! The audit trail of an environment: every event, searchable, each with all its fields in a drawer.

mod detail;
mod presets;
mod table;
mod toolbar;
pub mod words;

use leptos::prelude::*;
use leptos_meta::Title;
use uuid::Uuid;

use crate::model::audit::AuditQuery;
use crate::rpc::audit::ListEvents;
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{loaded_while, loading};
use crate::ui::kit::state::table_skeleton;

/// Words of the address that are not the list's own.
const DETAIL_WORDS: [&str; 1] = ["event"];

#[component]
pub fn AuditPage() -> impl IntoView {
    let frame = Frame::current();
    let words = use_words();
    let list_words = Memo::new(move |_| words.get().without(&DETAIL_WORDS));
    let query = Memo::new(move |_| list_words.with(query_of));
    let events = loading(
        move || (frame.environment.get(), query.get()),
        |(environment, query)| ListEvents { environment, query },
    );
    let path = frame.path("audit");
    let list = List { frame, path, words: list_words, query, event: Memo::new(move |_| words.with(event_of)) };
    let pending = RwSignal::new(false);
    view! {
        <Title text="Audit trail"/>
        <header class="page-head">
            <div>
                <h1>"Audit trail"</h1>
                <p class="dim">"Everything that happened in this environment, newest first. Times are UTC."</p>
            </div>
        </header>
        {toolbar::toolbar(list, events)}
        <div class="pending-region" aria-busy=move || pending.get().to_string()>
            {loaded_while(events, table_skeleton, pending, move |page| table::table(list, page))}
        </div>
        {detail::detail(list)}
    }
    .erased()
}

/// What the sections of the list need to make addresses.
#[derive(Clone, Copy)]
pub struct List {
    pub frame: Frame,
    pub path: Signal<String>,
    /// The list's own words, without the open event.
    pub words: Memo<Words>,
    pub query: Memo<AuditQuery>,
    /// The event whose details are open.
    pub event: Memo<Option<Uuid>>,
}

impl List {
    /// The list with one word changed, from its first page. An empty value removes the word.
    pub fn changed(self, name: &str, value: &str) -> String {
        self.words.get().without(&["cursor", "find"]).with(name, value).on(&self.path.get())
    }

    /// The same page of the list, with one word more.
    pub fn and(self, name: &str, value: &str) -> String {
        self.words.get().with(name, value).on(&self.path.get())
    }
}

/// What the page shows at this address.
pub fn needs(environment: String, words: &Words) -> Vec<Need> {
    let query = query_of(&words.clone().without(&DETAIL_WORDS));
    let event = event_of(words).map(|event| detail::needs(environment.clone(), event));
    [Need::of(ListEvents { environment, query })].into_iter().chain(event).collect()
}

/// The event whose details the address opens.
fn event_of(words: &Words) -> Option<Uuid> {
    words.get("event").parse().ok()
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
