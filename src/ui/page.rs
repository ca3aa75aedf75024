//! Pages, one per route.

pub mod application;
pub mod applications;
pub mod audit;
pub mod home;
pub mod impersonation;
pub mod keys;
pub mod not_found;
pub mod sign_in;
pub mod user;
pub mod users;
