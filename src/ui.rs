//! The portal's pages and components.

pub mod app;
pub mod document;
