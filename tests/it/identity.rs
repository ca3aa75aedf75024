//! The OpenID provider through the real router: what applications, browsers and users get.

mod account;
mod authorize;
mod back_channel_logout;
mod browser_calls;
mod browser_cookie;
mod client;
mod client_credentials;
mod deadline;
pub mod embedded;
pub mod flow;
mod form_post;
mod hand_off;
mod hints;
mod introspection;
mod keys;
mod logout;
mod nul;
mod password_link;
mod private_key_jwt;
mod reauthentication;
mod refresh;
mod sign_in;
mod tabs;
mod token;
mod token_exchange;
mod upkeep;
mod whom;
