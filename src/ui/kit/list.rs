//! Lists whose whole state is in the address: what is looked for, filtered and sorted, which page of the list it is, and which
//! record lies open over it. What all of them share; a page adds its filters and its table.

use std::ops::Deref;

use leptos::prelude::*;
use leptos_meta::Title;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::model::error::ApiError;
use crate::model::operator::{Roles, Shell};
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::filter::{Filters, apply_button};
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::{Loading, loaded_quietly, loaded_while};
use crate::ui::kit::state::{error_view, table_skeleton};

/// What the link to a page says that makes something new, and who sees it.
pub type Maker = (&'static str, fn(Roles) -> bool);

/// How a list's address is read, by the page and by whoever calls for its data before it is drawn.
pub struct Shape<Q: 'static> {
    /// The page's word in the address.
    pub page: &'static str,
    pub title: &'static str,
    /// The word that names the record whose drawer is open; empty where there is no drawer.
    pub opens: &'static str,
    /// All words that belong to what lies over the list.
    pub over: &'static [&'static str],
    /// Words that say which page of the list it is: a filter that changes begins at the first.
    pub turned: &'static [&'static str],
    /// The link to the page that makes a new one, for those who may: that one is the server's alone.
    pub makes: Option<Maker>,
    /// What the server is asked with the list's own words.
    pub query: fn(&Words) -> Q,
}

impl<Q> Shape<Q> {
    /// What the server is asked at this address.
    pub fn query_at(&self, words: &Words) -> Q {
        (self.query)(&words.clone().without(self.over))
    }

    /// The record whose drawer is open at this address.
    pub fn open_at(&self, words: &Words) -> Option<Uuid> {
        words.get(self.opens).parse().ok()
    }
}

/// A list on its page. What is not about its query is a [`ListPlace`].
pub struct List<Q: Send + Sync + 'static> {
    place: ListPlace,
    pub query: Memo<Q>,
}

impl<Q: Send + Sync + 'static> Clone for List<Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q: Send + Sync + 'static> Copy for List<Q> {}

impl<Q: Send + Sync + 'static> Deref for List<Q> {
    type Target = ListPlace;

    fn deref(&self) -> &ListPlace {
        &self.place
    }
}

impl<Q: PartialEq + Send + Sync + 'static> List<Q> {
    /// The list at the page's address.
    pub fn at(shape: &'static Shape<Q>) -> Self {
        let place = ListPlace::at(shape.page, shape.title, shape.opens, shape.over, shape.turned);
        let place = ListPlace { makes: shape.makes, ..place };
        Self { place, query: Memo::new(move |_| place.words.with(shape.query)) }
    }
}

/// Where a list is: what its sections need to make addresses.
#[derive(Clone, Copy)]
pub struct ListPlace {
    pub frame: Frame,
    pub path: Signal<String>,
    /// The list's own words, without what lies over it.
    pub words: Memo<Words>,
    /// The record whose drawer is open.
    pub open: Memo<Option<Uuid>>,
    page: &'static str,
    title: &'static str,
    turned: &'static [&'static str],
    makes: Option<Maker>,
}

impl ListPlace {
    fn at(
        page: &'static str,
        title: &'static str,
        opens: &'static str,
        over: &'static [&'static str],
        turned: &'static [&'static str],
    ) -> Self {
        let (frame, words) = (Frame::current(), use_words());
        Self {
            frame,
            path: frame.path(page),
            words: Memo::new(move |_| words.get().without(over)),
            open: Memo::new(move |_| words.with(|words| words.get(opens).parse().ok())),
            page,
            title,
            turned,
            makes: None,
        }
    }

    /// The list with one word changed, from its first page. An empty value removes the word.
    pub fn changed(self, name: &str, value: &str) -> String {
        self.first_page().with(name, value).on(&self.path.get())
    }

    /// The same page of the list, with one word more.
    pub fn and(self, name: &str, value: &str) -> String {
        self.words.get().with(name, value).on(&self.path.get())
    }

    /// The list as it is behind the drawer.
    pub fn closed(self) -> String {
        self.words.with(|words| words.on(&self.path.get()))
    }

    /// The list's words on its first page.
    pub fn first_page(self) -> Words {
        self.words.get().without(self.turned)
    }

    /// One word of the address.
    pub fn word(self, name: &'static str) -> Memo<String> {
        Memo::new(move |_| self.words.with(|words| words.get(name).to_owned()))
    }

    /// The address without a filter.
    pub fn without(self, name: &'static str) -> Memo<String> {
        Memo::new(move |_| self.changed(name, ""))
    }

    /// The form of the list's filters: a GET form, so that its words are the address. `is_filtered` offers to clear them all.
    pub fn toolbar(self, filters: Filters, fields: AnyView, is_filtered: Option<Signal<bool>>) -> AnyView {
        let clear = move || {
            let is_filtered = is_filtered.is_some_and(|is_filtered| is_filtered.get());
            is_filtered.then(|| view! { <a class="link" href=self.path data-noscroll="true">"Clear all"</a> }.erased())
        };
        view! {
            <form
                class="toolbar"
                method="get"
                action=self.path
                role="search"
                aria-label=self.title
                on:submit=move |event| filters.submitted(event)
            >
                {fields}
                {apply_button()}
                {clear}
            </form>
        }
        .erased()
    }

    /// The page: its head with `lead` beneath the title, the toolbar, and what `data` brings. What is shown stays, and is
    /// marked as old, until newer data is there.
    pub fn view<T>(
        self,
        lead: AnyView,
        toolbar: AnyView,
        data: Loading<T>,
        render: impl Fn(T) -> AnyView + Copy + Send + Sync + 'static,
    ) -> AnyView
    where
        T: Clone + DeserializeOwned + Send + Sync + 'static,
    {
        let pending = RwSignal::new(false);
        let content = loaded_while(data, table_skeleton, pending, render, move |error| self.failed(error));
        self.framed(lead, toolbar, pending, content)
    }

    /// What stands in the list's place where it could not be read. The filters above stay as they are.
    fn failed(self, error: ApiError) -> AnyView {
        if error != ApiError::TooLong {
            return error_view(error);
        }
        view! {
            <div class="empty" role="alert">
                <span class="empty-glyph">{icon("timer")}</span>
                <h2>"This takes too long to find"</h2>
                <p>{self.words.with_untracked(narrower)}</p>
            </div>
        }
        .erased()
    }

    fn framed(self, lead: AnyView, toolbar: AnyView, pending: RwSignal<bool>, content: AnyView) -> AnyView {
        view! {
            <Title text=self.title/>
            <header class="page-head">
                <div>
                    <h1 id=format!("{}-title", self.page)>{self.title}</h1>
                    {lead}
                </div>
                {self.makes.map(|makes| new_link(self.frame, self.path, makes))}
            </header>
            {toolbar}
            <div class="pending-region" aria-busy=move || pending.get().to_string()>
                {content}
            </div>
        }
        .erased()
    }
}

fn new_link(frame: Frame, path: Signal<String>, (label, may): Maker) -> AnyView {
    let link = move |shell: Shell| {
        let href = move || path.get() + "/new";
        may(shell.roles).then(|| view! { <a class="button" href=href rel="external">{label}</a> }).erased()
    };
    loaded_quietly(frame.shell, link)
}

/// What to ask for instead of these words, which take too long to find.
fn narrower(words: &Words) -> String {
    let has = |names: &[&str]| names.iter().any(|name| !words.get(name).is_empty());
    let mut advice = vec![if has(&["q"]) {
        "type more of a name, a whole e-mail address or an id"
    } else {
        "search for a name, an e-mail address or an id"
    }];
    if has(&["account", "status", "exclude", "action", "severity", "only"]) {
        advice.push("leave a filter out");
    }
    if has(&["from", "to"]) {
        advice.push("choose fewer days");
    }
    format!("It was stopped. Ask for less: {}. What you asked for still stands above.", advice.join("; "))
}

#[cfg(test)]
mod tests {
    use super::narrower;
    use crate::ui::kit::address::Words;

    #[test]
    fn what_takes_too_long_is_narrowed_by_what_was_asked_for() {
        let said = |words: &str| narrower(&Words::parse(words));
        assert_eq!(
            said("sort=name"),
            "It was stopped. Ask for less: search for a name, an e-mail address or an id. What you asked for still stands \
             above."
        );
        assert_eq!(
            said("q=an&account=northwind&from=2026-11-01"),
            "It was stopped. Ask for less: type more of a name, a whole e-mail address or an id; leave a filter out; choose \
             fewer days. What you asked for still stands above."
        );
    }
}
