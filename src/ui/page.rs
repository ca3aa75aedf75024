//! Pages, one per route.

pub mod application;
pub mod applications;
pub mod audit;
pub mod home;
pub mod impersonation;
pub mod keys;
pub mod managed;
pub mod not_found;
pub mod sign_in;
pub mod user;
pub mod users;

/// The name of the record that a page is of, where the server draws it: the breadcrumb stands before the page.
pub fn record(environment: &str, pathname: &str) -> Option<String> {
    let path: Vec<&str> = pathname.split('/').collect();
    match path[..] {
        _ if let Some(title) = managed::title() => Some(title),
        ["", _, "users", id] => user::name(environment.to_owned(), id),
        ["", _, "applications", id] => application::name(environment.to_owned(), id),
        _ => None,
    }
}
