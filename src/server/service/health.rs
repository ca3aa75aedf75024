//! How the server is: whether it can serve, and what is measured of it.

pub mod measure;
pub mod readiness;
