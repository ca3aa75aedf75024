//! Pages, one per route.

pub mod application;
pub mod applications;
pub mod audit;
pub mod home;
pub mod impersonation;
pub mod keys;
pub mod not_found;
pub mod sign_in;
pub mod user;
pub mod users;

use leptos_router::location::Url;

use super::address::Words;
use super::component::loaded::ahead::Need;
use super::layout;

/// What the page at this address must have before it can be drawn, read from the address as the page itself reads it. None
/// where there is no page.
pub fn needs(url: &Url) -> Option<Vec<Need>> {
    let path: Vec<String> = url.path().split('/').filter(|part| !part.is_empty()).map(Url::unescape).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let words = Words::parse(url.search());
    let (environment, page) = match path[..] {
        ["sign-in"] => return Some(Vec::new()),
        [environment, page] => (environment, (page, None)),
        [environment, page, id] => (environment, (page, Some(id))),
        _ => return None,
    };
    let slug = environment.to_owned();
    let mut needs = match page {
        ("users", None) => users::needs(slug, &words),
        ("users", Some(id)) => user::needs(slug, id, &words),
        ("applications", None) => applications::needs(slug),
        ("applications", Some(id)) => application::needs(slug, id),
        ("impersonation", None) => impersonation::needs(slug),
        ("audit", None) => audit::needs(slug, &words),
        ("keys", None) => keys::needs(slug),
        _ => return None,
    };
    needs.push(layout::needs(environment.to_owned()));
    Some(needs)
}
