//! The list kit: a search and filters that are a GET form, a table, and links to the pages beside it. All of it is in the
//! address, so that a list can be linked, reloaded and gone back to.

use maud::{Markup, html};

use super::parts::icon;
use crate::ui::kit::address::Words;

/// The search and the filters of a list at `path`.
pub struct Toolbar<'a> {
    pub path: &'a str,
    pub words: &'a Words,
    /// What the search looks through: `Name or id`.
    pub search: &'a str,
    /// Selects and the like.
    pub filters: Markup,
    /// Words of the address that stay while one searches: the sort.
    pub kept: &'a [&'a str],
}

impl Toolbar<'_> {
    pub fn drawn(self) -> Markup {
        let Self { path, words, search, filters, kept } = self;
        let q = words.get("q");
        html! {
            form.toolbar method="get" action=(path) role="search" data-search {
                label.search {
                    (icon("search"))
                    span.visually-hidden { (search) }
                    input.input type="search" name="q" placeholder=(search) maxlength="200" autocomplete="off"
                        spellcheck="false" value=(q);
                }
                (filters)
                @for name in kept { @if !words.get(name).is_empty() { input type="hidden" name=(name) value=(words.get(name)); } }
                button.button.small.without-script type="submit" { "Apply" }
                @if !q.is_empty() { a.link href=(words.clone().without(&["q", "cursor"]).on(path)) { "Clear" } }
            }
        }
    }
}

/// A filter of one choice among some.
pub fn select_filter(words: &Words, name: &str, label: &str, glyph: &str, options: &[(&str, &str)]) -> Markup {
    let chosen = words.get(name);
    html! {
        span class=(if chosen.is_empty() { "filter" } else { "filter active" }) {
            label {
                (icon(glyph))
                span.visually-hidden { (label) }
                select name=(name) data-send {
                    option value="" selected[chosen.is_empty()] { (label) }
                    @for (value, text) in options { option value=(value) selected[*value == chosen] { (text) } }
                }
            }
        }
    }
}

/// The head of a column.
pub enum Head<'a> {
    /// The class of the column, and its name.
    Plain(&'a str, &'a str),
    /// The same, and the word by which the list is sorted by it.
    Sorted(&'a str, &'a str, &'a str),
    /// A column of buttons, whose name is only read out.
    Actions(&'a str),
}

/// A table of these rows, each as [`row`] makes one. Its name is the element `labelled_by`.
pub struct Table<'a> {
    pub class: &'a str,
    pub labelled_by: &'a str,
    pub heads: &'a [Head<'a>],
    pub rows: Vec<Markup>,
    /// Where its heads lead that sort.
    pub path: &'a str,
    pub words: &'a Words,
    /// How it is sorted where the address says nothing.
    pub sort: &'a str,
}

impl Table<'_> {
    pub fn drawn(self) -> Markup {
        html! {
            table class=(format!("table {}", self.class)) aria-labelledby=(self.labelled_by) {
                thead { tr { @for head in self.heads { (self.head(head)) } } }
                tbody { @for row in &self.rows { (row) } }
            }
        }
    }

    fn head(&self, head: &Head<'_>) -> Markup {
        match head {
            Head::Plain(class, label) => html! { th scope="col" class=(class) { span { (label) } } },
            Head::Actions(label) => {
                html! { th.col-actions scope="col" { span.visually-hidden { (label) } } }
            }
            Head::Sorted(class, label, word) => {
                let sort = match self.words.get("sort") {
                    "" => self.sort,
                    sort => sort,
                };
                let (is_up, is_down) = (sort == *word, sort.strip_prefix('-') == Some(word));
                let aria = if is_up {
                    Some("ascending")
                } else if is_down {
                    Some("descending")
                } else {
                    None
                };
                let next = if is_up { format!("-{word}") } else { (*word).to_owned() };
                let href = self.words.clone().without(&["cursor", "sort"]).with("sort", &next).on(self.path);
                html! {
                    th scope="col" class=(class) aria-sort=[aria] {
                        a.sort href=(href) {
                            span { (label) }
                            @if is_up { (icon("arrow-up")) } @else if is_down { (icon("arrow-down")) }
                        }
                    }
                }
            }
        }
    }
}

/// A row of cells, each with the class of its column.
pub fn row(cells: impl IntoIterator<Item = (&'static str, Markup)>) -> Markup {
    html! { tr { @for (class, content) in cells { td class=(class) { (content) } } } }
}

/// The foot of a list: what is shown, and the pages beside it, whose cursors come from the server.
pub fn pager(path: &str, words: &Words, summary: &str, previous: Option<&str>, next: Option<&str>) -> Markup {
    let to = |cursor: &str| words.clone().without(&["cursor"]).with("cursor", cursor).on(path);
    html! {
        nav.pager aria-label="Pages" {
            p { (summary) }
            div.pager-links {
                (step(previous.map(to), "prev", html! { (icon("chevron-left")) span { "Previous" } }))
                (step(next.map(to), "next", html! { span { "Next" } (icon("chevron-right")) }))
            }
        }
    }
}

fn step(href: Option<String>, rel: &str, face: Markup) -> Markup {
    match href {
        Some(href) => html! { a.button.small rel=(rel) href=(href) { (face) } },
        None => html! { span.button.small.disabled aria-disabled="true" { (face) } },
    }
}
