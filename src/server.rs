//! Everything that only the server has. Arrows point down: the doors (`portal`, `identity`, `frontegg`) stand on `oauth` and
//! `http`, these, `job` and `cli` call `service`, `service` calls `db`. The whole plan is in docs/architecture.md.

pub mod cache;
pub mod cli;
pub mod crypto;
pub mod db;
pub mod domain;
pub mod error;
pub mod frontegg;
pub mod http;
pub mod identity;
pub mod job;
pub mod oauth;
pub mod platform;
pub mod portal;
pub mod router;
pub mod service;
pub mod state;
