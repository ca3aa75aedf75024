//! The provider against the standards, clause by clause, and against everything that clients should not send.
//!
//! `docs/conformance.md` says which clause each test shows.

mod bad_input;
mod bearer;
mod best_practice;
mod client_credentials;
mod core;
mod discovery;
mod forge;
mod introspection;
mod issuer;
mod jwt_profile;
mod logout;
mod oauth;
mod pkce;
mod raw;
mod revocation;
mod third_party;
