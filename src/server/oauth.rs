//! What the doors share that read tokens and authorization requests: whose request it is, what it carries, whom it means,
//! and how it is refused.

pub(in crate::server) mod access;
pub(in crate::server) mod basic;
pub(in crate::server) mod browser;
pub(in crate::server) mod claims;
pub(in crate::server) mod client_auth;
pub(in crate::server) mod cookies;
pub(in crate::server) mod error;
pub(in crate::server) mod hint;
pub mod own_host;
pub(in crate::server) mod parameters;
pub(in crate::server) mod parking;
pub(in crate::server) mod problem;
pub(in crate::server) mod provider;
pub(in crate::server) mod unnoted;
