//! What an address leads to, for the server: it calls first and draws then.

use leptos_router::location::Url;

use crate::ui::frame::layout;
use crate::ui::kit::address::Words;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::page::{application, applications, audit, impersonation, keys, user, users};

/// What must be known of an address before it can be drawn.
pub struct Needs {
    pub data: Vec<Need>,
    /// Whether there is a page, and not only the frame around none.
    pub is_page: bool,
}

/// What the page at this address must have before it can be drawn, read from the address as the page itself reads it.
pub fn needs(url: &Url) -> Needs {
    let path: Vec<String> = url.path().split('/').filter(|part| !part.is_empty()).map(Url::unescape).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let words = Words::parse(url.search());
    let (environment, page) = match path[..] {
        ["sign-in"] => return Needs { data: Vec::new(), is_page: true },
        [environment, page] => (environment, of_page(environment, (page, None), &words)),
        [environment, page, id] => (environment, of_page(environment, (page, Some(id)), &words)),
        [environment, ..] => (environment, None),
        [] => return Needs { data: Vec::new(), is_page: false },
    };
    let is_page = page.is_some();
    let frame = layout::needs(environment.to_owned());
    Needs { data: page.into_iter().flatten().chain([frame]).collect(), is_page }
}

/// What the frame needs around a page that the server draws by itself.
pub fn of_frame(environment: &str) -> Needs {
    Needs { data: vec![layout::needs(environment.to_owned())], is_page: true }
}

/// What a page of an environment shows. None where there is no such page.
fn of_page(environment: &str, page: (&str, Option<&str>), words: &Words) -> Option<Vec<Need>> {
    let slug = environment.to_owned();
    Some(match page {
        ("users", None) => users::needs(slug, words),
        ("users", Some(id)) => user::needs(slug, id, words),
        ("applications", None) => applications::needs(slug, words),
        ("applications", Some(id)) => application::needs(slug, id),
        ("impersonation", None) => impersonation::needs(slug, words),
        ("audit", None) => audit::needs(slug, words),
        ("keys", None) => keys::needs(slug),
        _ => return None,
    })
}
