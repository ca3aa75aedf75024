//! The portal's pages over HTTP: who may see them, how they are drawn, and the forms that work without script.

pub(in crate::server) mod done;
pub mod guard;
pub mod impersonate;
pub(in crate::server) mod invitation;
pub(in crate::server) mod live;
pub(in crate::server) mod manage;
pub(in crate::server) mod pages;
pub mod rights;
pub(in crate::server) mod setup;
pub(in crate::server) mod sign_out;
