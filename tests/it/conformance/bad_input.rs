//! What clients should not send, and what strangers will: the answer names the mistake, and nothing has changed.

mod assertion;
mod authorize;
mod bodies;
mod code;
mod exchange;
mod forged;
mod mixing;
mod pages;
mod parameters;
mod refresh;
