//! Who is there: users, accounts, applications, environments.

pub mod applications;
pub mod environment;
pub mod signing_key;
pub mod users;
