//! What an environment has: users, accounts, roles, applications, keys, and environments themselves. Each can be read and
//! written; the importer writes by the same code.

pub mod account;
pub mod application;
pub mod change;
pub mod checklist;
mod edit;
pub mod environment;
pub mod find;
pub mod given;
pub mod lookup;
pub mod overview;
pub mod retention;
pub mod role;
pub mod signing_key;
pub mod user;
pub mod validate;
pub mod version;
pub mod writer;
