//! What a list or page shows when it has nothing, is not there yet, or failed.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use crate::model::error::ApiError;
use crate::model::percent::encode;
use crate::ui::kit::address::Words;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;

/// Nothing here: says why, and what to do.
pub fn empty(glyph: &'static str, title: &'static str, text: &'static str, action: AnyView) -> AnyView {
    empty_because(glyph, title, text.to_owned(), action)
}

/// The same with a sentence that is put together.
pub fn empty_because(glyph: &'static str, title: &'static str, text: String, action: AnyView) -> AnyView {
    view! {
        <div class="empty">
            <span class="empty-glyph">{icon(glyph)}</span>
            <h2>{title}</h2>
            <p>{text}</p>
            {action}
        </div>
    }
    .erased()
}

/// What happened and what to do next. An ended sign-in leads to the sign-in page and back.
pub fn error_view(error: ApiError) -> AnyView {
    match error {
        ApiError::Unauthenticated => {
            let location = use_location();
            let navigate = use_navigate();
            let target = move || sign_in_again(&location.pathname.get_untracked(), &location.search.get_untracked());
            let href = target();
            effect(move || navigate(&target(), NavigateOptions { replace: true, ..NavigateOptions::default() }));
            view! {
                <div class="empty" role="alert">
                    <span class="empty-glyph">{icon("lock")}</span>
                    <h2>"Your sign-in has ended"</h2>
                    <p>"Sign in again to go on where you were."</p>
                    <a class="button" href=href>"Sign in"</a>
                </div>
            }
            .erased()
        }
        ApiError::NotFound => missing(),
        ApiError::Forbidden => empty(
            "lock",
            "Your role does not allow this",
            "Ask an Owner of the environment for a role that does. Impersonator alone shows no data: it is an addition to another.",
            nothing(),
        ),
        error => view! {
            <div class="empty" role="alert">
                <span class="empty-glyph bad">{icon("triangle-alert")}</span>
                <h2>"This could not be shown"</h2>
                <p>{error.to_string()}</p>
                <button type="button" class="button needs-script" on:click=|_| _ = location().reload()>
                    {icon("refresh-cw")}
                    <span>"Try again"</span>
                </button>
            </div>
        }
        .erased(),
    }
}

/// The same for what does not exist and for what may not be seen.
pub fn missing() -> AnyView {
    empty(
        "circle-help",
        "Nothing here",
        "This page does not exist, or you may not see it. Check the address, or choose another environment.",
        view! { <a class="button" href="/">"Go to users"</a> }.erased(),
    )
}

/// The sign-in page, and from there back to the page at this address.
pub fn sign_in_again(path: &str, search: &str) -> String {
    // What an earlier attempt left in the address is not true any more.
    let words = Words::parse(search).without(&["__err", "__path"]);
    "/sign-in?return_to=".to_owned() + &encode(&words.on(path))
}

/// An error beside a form: one line, read out. Where the sign-in has ended, the way to a new one, in another tab: what was
/// typed here stays.
pub fn failure(error: ApiError) -> AnyView {
    let text = match error {
        ApiError::Unauthenticated => {
            let location = use_location();
            let href = sign_in_again(&location.pathname.get_untracked(), &location.search.get_untracked());
            view! {
                "Your sign-in has ended. "
                {sign_in_link(href)}
                ", then try again here: what you entered stays."
            }
            .erased()
        }
        error => error.to_string().erased(),
    };
    view! {
        <p class="notice bad" role="alert">
            {icon("circle-alert")}
            <span>{text}</span>
        </p>
    }
    .erased()
}

/// *Sign in again*, beside a page that is to stay as it is.
pub fn sign_in_link(href: String) -> AnyView {
    view! { <a class="link" href=href target="_blank" rel="noopener external">"Sign in again"</a> }.erased()
}

/// Grey rows in the place of a table, as high as its rows.
pub fn table_skeleton() -> AnyView {
    view! {
        <div class="card skeleton-table" aria-hidden="true">
            {(0..10).map(|_| view! { <div class="skeleton-row"><i></i><b></b><b></b><b></b></div> }).collect_view()}
        </div>
    }
    .erased()
}

/// Grey blocks in the place of a page with two columns.
pub fn page_skeleton() -> AnyView {
    view! {
        <div class="skeleton-page" aria-hidden="true">
            <i></i>
            <div class="columns">
                <div class="column"><b></b><b></b></div>
                <div class="column aside"><b></b></div>
            </div>
        </div>
    }
    .erased()
}

pub fn nothing() -> AnyView {
    ().erased()
}

#[cfg(test)]
mod tests {
    use super::sign_in_again;

    #[test]
    fn the_way_to_a_new_sign_in_leads_back_to_the_page_without_what_failed_before() {
        let to = sign_in_again("/qa/keys", "?__path=%2Frpc%2Fkeys&__err=x&algorithm=ES256");
        assert_eq!(to, "/sign-in?return_to=%2Fqa%2Fkeys%3Falgorithm%3DES256");
        assert_eq!(sign_in_again("/qa/users", ""), "/sign-in?return_to=%2Fqa%2Fusers");
    }
}
