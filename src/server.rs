//! Everything that only the server has. Arrows point down: `identity`, `frontegg`, `web` and `job` call `service`,
//! `service` calls `db`.

pub mod cache;
pub mod cli;
pub mod crypto;
pub mod db;
pub mod error;
pub mod frontegg;
pub mod identity;
pub mod import;
pub mod job;
pub mod platform;
pub mod service;
pub mod state;
pub mod web;
