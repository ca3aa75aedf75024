//! The kit of all doors: what a request of any of them is asked, and what every answer has around it. Knows callers, cookies,
//! names and pages; nothing of tokens.

pub mod access;
pub mod assets;
pub mod body;
pub mod caller;
pub mod conditional;
pub mod cors;
pub(in crate::server) mod door;
pub(in crate::server) mod explain;
pub mod headers;
pub mod health;
pub mod host;
pub mod metrics;
pub(in crate::server) mod origin;
pub mod own_host;
pub mod own_pages;
pub mod page;
pub mod policy;
pub mod site;
