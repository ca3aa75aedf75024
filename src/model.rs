//! What server and browser share: plain types and validation, no I/O.

pub mod account;
pub mod account_page;
pub mod application;
pub mod audit;
pub mod denial;
pub mod device;
pub mod environment;
pub mod error;
pub mod find;
pub mod impersonation;
pub mod json;
pub mod key;
pub mod mode;
pub mod operator;
pub mod percent;
pub mod problem;
pub mod role;
pub mod search;
pub mod session;
pub mod text;
pub mod time;
pub mod typed;
pub mod user;
pub mod user_edit;
pub mod validate;
pub mod words;
