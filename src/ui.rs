//! The portal's pages and components. They name `model` and `rpc`, never the server, and compile the same for both sides.
//!
//! A page is set-up (signals, resources) and sections; a section is a plain function from data to a view. `docs/ui.md` says how
//! one is made.

pub mod component;
pub mod frame;
pub mod impersonate;
pub mod kit;
pub mod page;
