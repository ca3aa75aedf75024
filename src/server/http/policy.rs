//! What a page's own text may load, run and send to: the Content-Security-Policy of every document.

use axum::http::{HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::server::crypto::secret;

/// The policy of a rendered page, with the nonce of its own scripts.
pub fn set_document_policy() {
    let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), leptos::nonce::use_nonce()) else { return };
    if let Ok(value) = HeaderValue::from_str(&document_policy(&nonce)) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// WebAssembly needs `wasm-unsafe-eval`; nothing else may be evaluated, and nothing loaded from elsewhere.
fn document_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'; object-src 'none'"
    )
}

/// Where a form of a plain page may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forms {
    Here,
    /// At an application, and wherever that leads on to. Some browsers hold every redirect that follows a form against the
    /// page's policy, and end without a word at the first address that it does not name (w3c/webappsec-csp, issue 8).
    /// Where an application leads is not known here: tenants have hosts, and apps schemes, of their own.
    Anywhere,
}

/// The policy of a plain page that runs one script, known by its text, or none.
pub fn plain_policy(script: Option<&str>, forms: Forms) -> String {
    let hash = script.map(|text| STANDARD.encode(secret::hash(text)));
    let script = hash.map_or_else(|| "'none'".to_owned(), |hash| format!("'sha256-{hash}'"));
    let forms = match forms {
        Forms::Here => "form-action 'self'; ",
        Forms::Anywhere => "",
    };
    format!(
        "default-src 'none'; script-src {script}; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         {forms}base-uri 'none'; frame-ancestors 'none'"
    )
}
