//! Tables of plain rows. What a view is made of is its type, and each type is code in the browser module: here all heads,
//! rows and cells have one.

use leptos::prelude::*;

use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;

/// A table whose name is the element `labelled_by`. Each head is the class of its column and its text, which is read out
/// only where the column has actions.
pub fn table(
    class: &'static str,
    labelled_by: &'static str,
    heads: &[(&'static str, &'static str)],
    rows: Vec<AnyView>,
) -> AnyView {
    let heads = heads
        .iter()
        .map(|(class, label)| {
            let hidden = *class == "col-actions";
            view! {
                <th scope="col" class=*class>
                    <span class=hidden.then_some("visually-hidden")>{*label}</span>
                </th>
            }
        })
        .collect_view();
    view! {
        <table class=class aria-labelledby=labelled_by>
            <thead>
                <tr>{heads}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .erased()
}

/// A row of cells, each with the class of its column. What happened in an impersonation is marked.
pub fn row(impersonated: bool, cells: impl IntoIterator<Item = (&'static str, AnyView)>) -> AnyView {
    let cells: Vec<(&'static str, AnyView)> = cells.into_iter().collect();
    plain_row(impersonated, cells)
}

fn plain_row(impersonated: bool, cells: Vec<(&'static str, AnyView)>) -> AnyView {
    let cells = cells.into_iter().map(|(class, content)| view! { <td class=class>{content}</td> }).collect_view();
    view! { <tr class=impersonated.then_some("impersonated")>{cells}</tr> }.erased()
}

/// Two lines in one cell, the second one dim.
pub fn stacked(first: AnyView, second: AnyView) -> AnyView {
    view! {
        <div class="stacked">
            {first}
            <span class="dim">{second}</span>
        </div>
    }
    .erased()
}

/// A link with its e-mail or the like beneath, both cut off where they are too long.
pub fn named(glyph: &'static str, href: String, name: String, beneath: AnyView) -> AnyView {
    let title = name.clone();
    view! {
        <div class="with-icon">
            {icon(glyph)}
            <div class="stacked">
                <a class="truncate row-link" dir="auto" href=href title=title>{name}</a>
                {beneath}
            </div>
        </div>
    }
    .erased()
}

/// A section that is all table or list: its title, what belongs beside it, and the content.
pub fn flush_section(id: &'static str, title: &'static str, beside: AnyView, content: AnyView) -> AnyView {
    view! {
        <section class="card section flush" aria-labelledby=id>
            <div class="section-title">
                <h2 id=id>{title}</h2>
                {beside}
            </div>
            {content}
        </section>
    }
    .erased()
}

/// How many there are, beside a title.
pub fn count(text: String) -> AnyView {
    view! { <span class="count">{text}</span> }.erased()
}

/// A word with the mark of a state.
pub fn marked(class: &'static str, text: String) -> AnyView {
    view! { <span class=class>{text}</span> }.erased()
}
