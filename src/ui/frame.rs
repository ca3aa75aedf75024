//! What is around every page: the routes, the document, the navigation. Nothing in the portal names it but the server, which
//! draws with it.

pub mod app;
pub mod document;
mod layout;
pub mod needs;
mod title;
