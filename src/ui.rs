//! The portal's pages and components. They name `model` and `rpc`, never the server, and compile the same for both sides.
//!
//! A page is set-up (signals, resources) and sections; a section is a plain function from data to a view.

pub mod address;
pub mod app;
pub mod clock;
pub mod component;
pub mod document;
pub mod end_session;
mod erase;
pub mod frame;
pub mod impersonate;
pub mod layout;
pub mod live;
pub mod needs;
pub mod page;
pub mod theme;
mod title;
