//! The OpenID provider through the real router: what applications, browsers and users get.

mod account;
mod authorize;
mod browser_calls;
mod client;
mod deadline;
mod embedded;
mod flow;
mod hand_off;
mod introspection;
mod logout;
mod refresh;
mod sign_in;
mod tabs;
mod token;
