//! Everything that only the server has. Arrows point down: `identity`, `frontegg`, `web` and `job` call `service`,
//! `service` calls `db`.

pub mod address;
pub mod cli;
pub mod client_address;
pub mod clock;
mod closed;
pub mod config;
pub mod configuration;
pub mod db;
pub mod device;
pub mod epoch_map;
pub mod error;
pub mod frontegg;
pub mod identity;
pub mod import;
pub mod job;
pub mod keyring;
pub mod outbound;
pub mod password;
pub mod problems;
pub mod random;
pub mod rate_limit;
pub mod secret;
pub mod service;
pub mod session_cache;
pub mod state;
pub mod telemetry;
pub mod text;
pub mod verified;
pub mod watchers;
pub mod web;
