//! Use cases. Each owns its transaction, its permission check and its audit row; none speaks HTTP.

pub mod applications;
pub mod audit;
pub mod caller;
pub mod client_token;
pub mod cursor;
pub mod environment;
pub mod failed_sign_in;
pub mod hand_off;
pub mod impersonation;
pub mod live;
pub mod logout_delivery;
pub mod operator;
pub mod password_link;
pub mod policy;
pub mod profile;
pub mod relying_party;
pub mod report;
pub mod sdk;
pub mod self_service;
pub mod session;
pub mod settings;
pub mod sign_in;
pub mod signing_key;
pub mod tokens;
pub mod upkeep;
pub mod users;
