//! The HTML document around the application: head, nonce, and the script that hydrates it.
//!
//! Not Leptos' own `HydrationScripts`: in 0.8 it writes the nonce into `crossorigin` of the preload links.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::ui::component::theme;
use crate::ui::frame::app::App;
use crate::ui::kit::live;

/// Where the built files are: paths with a hash in them, so that they may be cached for ever.
#[derive(Clone, Debug, Default)]
pub struct DocumentOptions {
    pub js: String,
    pub wasm: String,
    pub css: String,
    pub font: String,
}

/// What a document does once it is there.
#[derive(Clone)]
pub enum Script {
    /// The browser module takes the page over.
    Module,
    /// The page is the server's alone, with a script of this text beside it.
    Own(&'static str),
}

/// The whole document. The server renders it; the browser never does.
pub fn shell(options: DocumentOptions, script: Script) -> impl IntoView {
    let nonce = use_nonce();
    let module = matches!(script, Script::Module);
    let start = match script {
        Script::Module => format!(
            "import init, {{ hydrate }} from \"{}\";\ninit({{ module_or_path: \"{}\" }}).then(() => hydrate());",
            options.js, options.wasm
        ),
        Script::Own(text) => text.to_owned(),
    };
    let ahead = module.then(|| {
        view! {
            <link rel="modulepreload" href=options.js crossorigin="anonymous"/>
            <link rel="preload" r#as="fetch" r#type="application/wasm" href=options.wasm crossorigin="anonymous"/>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="robots" content="noindex, nofollow"/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <link rel="preload" r#as="font" r#type="font/woff2" href=options.font crossorigin="anonymous"/>
                <link rel="stylesheet" href=options.css/>
                {ahead}
                <script nonce=nonce.clone() inner_html=theme::BEFORE_FIRST_PAINT></script>
                <script nonce=nonce.clone() inner_html=live::SCRIPT.as_str()></script>
                <script type="module" nonce=nonce inner_html=start></script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
