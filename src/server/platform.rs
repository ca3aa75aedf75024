//! What all the rest stands on: clock, randomness, the network, texts, limits. Injected, or without any state of ours.

pub mod client_address;
pub mod clock;
pub(in crate::server) mod closed;
pub mod cookies;
pub mod lines;
pub mod metrics;
pub mod outbound;
pub mod random;
pub mod rate_limit;
pub mod request;
pub mod sha256;
pub mod telemetry;
pub mod text;
pub mod traces;
pub mod url;
