//! The HTML document around the application: head, nonce, and the script that hydrates it.

use std::sync::Arc;

use leptos::prelude::*;

use super::app::App;

/// The hashed paths of what the document loads.
#[derive(Clone, Debug)]
pub struct DocumentOptions {
    pub js: Arc<str>,
    pub wasm: Arc<str>,
    pub css: Arc<str>,
    pub font: Arc<str>,
}

pub fn shell(_options: DocumentOptions) -> impl IntoView {
    view! { <html lang="en"><body><App/></body></html> }
}
