//! What the rules are about, and the rules: pure, below the database, whose rows become these or nothing.

pub mod actor;
pub mod delivery;
pub mod policy;
pub mod session;
pub mod subject;
