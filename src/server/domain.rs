//! What the rules are about, and the rules: pure, below the database, whose rows become these or nothing.

pub mod actor;
pub mod application;
pub mod delivery;
pub mod environment;
pub mod event;
pub mod grants;
pub mod key;
pub mod policy;
pub mod problem;
pub mod retention;
pub mod session;
pub mod start;
pub mod subject;
pub mod tally;
pub mod trail;
