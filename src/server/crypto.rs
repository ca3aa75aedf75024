//! Secrets: how they are made, kept, compared and sealed.

pub mod device;
pub mod keyring;
pub mod password;
pub mod pkce;
pub mod secret;
