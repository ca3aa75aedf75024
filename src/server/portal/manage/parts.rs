//! What managed pages are made of: heads, sections, facts, marks, times.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::model::time::{exact, relative};

/// An icon of the sprite. It says nothing to a screen reader; the text beside it does.
pub fn icon(name: &str) -> Markup {
    html! { svg.icon aria-hidden="true" { use href=(format!("/icons.svg#{name}")) {} } }
}

/// The head of a page: its title, what is said beneath it, and the buttons beside it.
pub fn page_head(title: &str, lead: Markup, actions: Markup) -> Markup {
    html! {
        header.page-head {
            div {
                h1 { bdi { (title) } }
                p.dim { (lead) }
            }
            div.page-actions { (actions) }
        }
    }
}

/// A card with a title; `beside` stands at its right.
pub fn section(id: &str, title: &str, beside: Markup, content: Markup) -> Markup {
    html! {
        section.card.section aria-labelledby=(id) {
            div.section-title { h2 id=(id) { (title) } (beside) }
            (content)
        }
    }
}

/// A card that is all table or list.
pub fn flush_section(id: &str, title: &str, beside: Markup, content: Markup) -> Markup {
    html! {
        section.card.section.flush aria-labelledby=(id) {
            div.section-title { h2 id=(id) { (title) } (beside) }
            (content)
        }
    }
}

/// Names and what they are, in two columns.
pub fn facts(facts: impl IntoIterator<Item = (&'static str, Markup)>) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts { dt { (name) } dd { (value) } }
        }
    }
}

/// Why there is nothing, and what to do about it.
pub fn empty(glyph: &str, title: &str, text: &str, action: Markup) -> Markup {
    html! {
        div.empty {
            span.empty-glyph { (icon(glyph)) }
            h2 { (title) }
            p { (text) }
            (action)
        }
    }
}

/// Something to know, beside what it is about.
pub fn notice(glyph: &str, text: Markup) -> Markup {
    html! { p.notice { (icon(glyph)) span { (text) } } }
}

/// An id or a secret in letters of one width, with a button that copies it.
pub fn copyable(text: &str, what: &str) -> Markup {
    let label = format!("Copy {what}");
    html! {
        span.copyable {
            code { (text) }
            button.icon-button.small.needs-script type="button" data-copy=(text) aria-label=(label) title=(label) {
                span.when-idle { (icon("copy")) }
                span.when-done { (icon("check")) }
            }
        }
    }
}

/// A short word with a colour: `outline`, `medium`, `bad`, or nothing.
pub fn badge(kind: &str, text: &str) -> Markup {
    html! { span class=(format!("badge {kind}")) { (text) } }
}

/// A word with the mark of a state: `good`, `open`, `bad`, or nothing.
pub fn status(kind: &str, text: &str) -> Markup {
    html! { span class=(format!("status {kind}")) { (text) } }
}

/// A time as people read it. The script says it in the reader's own zone on hover; without script it is exact there, in UTC.
pub fn ago(now: DateTime<Utc>, time: DateTime<Utc>) -> Markup {
    html! { time datetime=(time.to_rfc3339()) title=(exact(time)) { (relative(time, now)) } }
}

/// [`ago`], where it may never have been.
pub fn ago_or(now: DateTime<Utc>, time: Option<DateTime<Utc>>, never: &str) -> Markup {
    match time {
        Some(time) => ago(now, time),
        None => html! { span.dim { (never) } },
    }
}

/// A time, exactly.
pub fn moment(time: DateTime<Utc>) -> Markup {
    html! { time datetime=(time.to_rfc3339()) { (exact(time)) } }
}

/// A number as people read it: `1,000,000`.
pub fn grouped(number: i64) -> String {
    crate::ui::component::number::grouped(number)
}

/// `1 user`, `2 users`.
pub fn counted(number: i64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A link to a page of this server, in a table's first column: the row leads there.
pub fn row_link(href: &str, text: &str) -> Markup {
    html! { a.truncate.row-link dir="auto" href=(href) title=(text) { (text) } }
}

/// Two lines in one cell, the second one dim.
pub fn stacked(first: Markup, second: Markup) -> Markup {
    html! { div.stacked { (first) span.dim { (second) } } }
}

/// A row's first cell: an icon, the name that leads to its page, and a line beneath.
pub fn named(glyph: &str, href: &str, name: &str, beneath: Markup) -> Markup {
    html! { div.with-icon { (icon(glyph)) div.stacked { (row_link(href, name)) (beneath) } } }
}
