//! The framework inside: what every page is made with, and what stands between us and Leptos. It knows no page.

pub mod address;
pub mod call;
pub mod clock;
pub mod effect;
pub mod erase;
pub mod field;
pub mod filter;
pub mod form;
pub mod frame;
pub mod icon;
pub mod list;
pub mod live;
pub mod loaded;
pub mod pager;
pub mod rows;
pub mod state;

/// Whether this is the browser's module. Known when the code is compiled, so that what only one side does is in that one alone.
pub const IN_BROWSER: bool = cfg!(target_arch = "wasm32");
