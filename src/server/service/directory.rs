//! What an environment has: users, applications, keys, and environments themselves.

pub mod applications;
pub mod environment;
pub mod signing_key;
pub mod users;
