//! The Frontegg SDKs' API through the real router: what the packages ask, in their words, and what they must not get.

mod bootstrap;
mod embedded;
mod hosted;
pub mod impersonation;
mod login_box;
mod logout;
mod origins;
pub mod sdk;
mod sessions;
mod tabs;
mod vendor;
