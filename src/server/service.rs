//! Use cases. Each owns its transaction, its permission check and its audit row; none speaks HTTP.

pub mod audit;
pub mod authority;
pub mod caller;
pub mod delivery;
pub mod directory;
pub mod health;
pub mod impersonation;
pub mod import;
pub mod operator;
pub mod registry;
pub mod session;
pub mod setup;
pub mod tokens;
pub mod upkeep;
