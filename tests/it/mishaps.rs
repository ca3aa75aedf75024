//! Ordinary mishaps are no alarms, and theft is still one: what happens when answers are lost, pages run twice, and secrets
//! come from the wrong side.

mod codes;
mod documented;
mod embedded;
mod hand_off;
mod introspection;
mod large;
pub mod many_sessions;
mod refresh;
mod reports;
mod sdk_cookie;
mod seals;
mod self_service;
mod trail;
