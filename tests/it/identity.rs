//! The OpenID provider through the real router: what applications, browsers and users get.

mod account;
mod authorize;
mod back_channel_logout;
mod browser_calls;
mod client;
mod deadline;
mod embedded;
pub mod flow;
mod hand_off;
mod introspection;
mod keys;
mod logout;
mod refresh;
mod sign_in;
mod tabs;
mod token;
mod upkeep;
