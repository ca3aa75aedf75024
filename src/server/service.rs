//! Use cases. Each owns its transaction, its permission check and its audit row; none speaks HTTP.

pub mod audit;
pub mod caller;
pub mod client_token;
pub mod cursor;
pub mod environment;
pub mod hand_off;
pub mod impersonation;
pub mod operator;
pub mod policy;
pub mod profile;
pub mod relying_party;
pub mod report;
pub mod sdk;
pub mod self_service;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod tokens;
pub mod users;
