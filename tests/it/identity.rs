//! The OpenID provider through the real router: what applications, browsers and users get.

mod account;
mod authorize;
mod browser_calls;
mod client;
mod client_credentials;
mod deadline;
mod embedded;
pub mod flow;
mod hand_off;
mod introspection;
mod logout;
mod private_key_jwt;
mod refresh;
mod sign_in;
mod tabs;
mod token;
mod token_exchange;
