//! What requests of applications read: which environment, which client, which keys and cookies.

pub mod accounts;
pub mod length;
pub mod names;
pub mod problem;
pub mod relying_party;
pub mod sdk;
pub mod users;
