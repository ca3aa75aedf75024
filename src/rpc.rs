//! Server functions: the portal's public HTTP API. Every one names its caller first and calls one service function.

pub mod accounts;
pub mod applications;
pub mod audit;
pub mod impersonation;
pub mod keys;
pub mod operator;
pub mod users;
