//! What a server keeps in memory and can lose. What comes from the database is as good as if it had just been read: see
//! [`epoch_map`].

pub mod epoch_map;
pub mod problems;
pub mod readiness;
pub mod registry;
pub mod samples;
pub mod sessions;
pub mod verified;
pub mod watchers;
