//! Understudy: a self-hosted portal for user impersonation, and the identity provider that makes it real.
//!
//! The map of the crate, and the only feature gates in it. What pages do on one side only asks `ui::kit::IN_BROWSER`.
//!
//! - [`model`]: what server and browser share; plain types and validation.
//! - [`rpc`]: server functions, one file a noun. Each names its caller and calls one service function.
//! - [`ui`]: pages and components. Names `rpc` and `model`, never the server.
//! - `server`: everything that only the server has: `db`, `service`, the doors, `job`.

#![recursion_limit = "512"]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("Build the server with `ssr` or the browser module with `hydrate`, never both at once.");

pub mod model;
pub mod rpc;
#[cfg(feature = "ssr")]
pub mod server;
pub mod ui;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(ui::frame::app::App);
}
