//! Server functions: what the portal's pages call. They change with those pages, and are public HTTP all the same: every one
//! names its caller first and calls one service function.

pub mod accounts;
pub mod applications;
pub mod audit;
pub mod impersonation;
pub mod keys;
pub mod operator;
pub mod users;
