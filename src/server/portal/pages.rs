//! Pages: their data is loaded first, then they are drawn in one go.
//!
//! Leptos can wait for data while it renders. Under load that is where it fails: wake-ups get lost, and what one page still
//! reads is disposed of with another (leptos-rs/leptos, issues 4578 and 4647). Here nothing waits: what a page needs is
//! known from its address, and the page is drawn between two instructions of this handler. A browser that goes away in the
//! meantime takes its own page along and nobody else's.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::Poll;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use leptos::nonce::{provide_nonce, use_nonce};
use leptos::prelude::*;
use leptos::reactive::computed::ScopedFuture;
use leptos::tachys::view::Position;
use leptos_axum::ResponseOptions;
use leptos_meta::ServerMetaContext;
use leptos_router::location::RequestUrl;
use tokio_stream::StreamExt;

use super::done::Done;
use crate::server::http::caller::typed;
use crate::server::http::policy;
use crate::server::state::AppState;
use crate::ui::frame::document::{DocumentOptions, Script, shell};
use crate::ui::frame::needs::{needs, of_frame};
use crate::ui::kit::loaded::ahead::{HandedOver, Loaded, Need};
use crate::ui::page::managed::Managed;
use crate::ui::page::sign_in::Typed;

/// Bytes of a long page: a list of fifty rows, before its data.
const LONG: usize = 72 * 1024;

/// What every page is drawn with.
#[derive(Clone)]
pub struct Pages {
    pub app: AppState,
    pub document: Arc<DocumentOptions>,
}

/// Answers a request for a page.
pub async fn page(State(pages): State<Pages>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    draw(&pages, parts, None).await
}

/// A page that only the server draws, within the frame of an environment.
pub struct OwnPage {
    pub environment: String,
    pub status: StatusCode,
    pub content: Managed,
    /// The text of the script that stands in the document.
    pub script: &'static str,
}

/// Draws a page of the server's own at the address that `parts` are of.
pub async fn own_page(pages: &Pages, parts: Parts, page: OwnPage) -> Response {
    draw(pages, parts, Some(page)).await
}

async fn draw(pages: &Pages, parts: Parts, own: Option<OwnPage>) -> Response {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let address = RequestUrl::new(&format!("http://leptos.dev{path}"));
    let needed = match &own {
        Some(own) => Some(of_frame(&own.environment)),
        None => address.parse().ok().map(|url| needs(&url)),
    };
    let options = ResponseOptions::default();
    if !needed.as_ref().is_some_and(|needed| needed.is_page) {
        options.set_status(StatusCode::NOT_FOUND);
    }
    let is_https = pages.app.is_https();
    let done = Done::of(is_https, &parts.headers);
    let script = own.as_ref().map_or(Script::Module, |own| Script::Own(own.script));
    let is_own = own.is_some();
    let (meta, head) = ServerMetaContext::new();
    let owner = PageOwner::default();
    owner.with(|| {
        provide_context(address);
        provide_context(meta);
        if let Some(typed) = typed(&parts.headers) {
            provide_context(Typed(typed));
        }
        provide_context(parts);
        provide_context(options.clone());
        provide_context(pages.app.clone());
        provide_nonce();
        policy::set_document_policy();
        if let Some(OwnPage { status, content, .. }) = own {
            options.set_status(status);
            provide_context(content);
        }
    });

    let scoped = |need: Need| -> Call { Box::pin(ScopedFuture::new_untracked(need.load())) };
    let calls = owner.with(|| needed.into_iter().flat_map(|needed| needed.data).map(scoped).collect());
    let handed_over = HandedOver::new(together(calls).await);
    let html = owner.with(|| {
        provide_context(handed_over.clone());
        let mut html = String::with_capacity(LONG);
        let view = shell((*pages.document).clone(), script);
        view.to_html_with_buf(&mut html, &mut Position::FirstChild, true, false, Vec::new());
        html
    });
    let missing = handed_over.missing();
    if !missing.is_empty() {
        tracing::error!(calls = missing.join(" "), "a page was drawn without some of its data");
        options.set_status(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let nonce = owner.with(use_nonce).map(|nonce| nonce.to_string()).unwrap_or_default();
    // The head's elements are known once the body is drawn.
    let mut chunks = Box::pin(head.inject_meta_context(tokio_stream::once(html)).await);
    let mut html = chunks.next().await.unwrap_or_default();
    // Nobody takes over what the server draws by itself.
    if !is_own {
        if let Some(done) = &done {
            html.push_str(&done.in_corner().into_string());
        }
        html.push_str(&format!("<script nonce=\"{nonce}\">{}</script>", handed_over.script()));
    }
    let mut response = answer(&options, html);
    if done.is_some() && !is_own {
        Done::forget(is_https, &mut response);
    }
    response
}

fn answer(options: &ResponseOptions, html: String) -> Response {
    let mut response = Html(html).into_response();
    let said = options.0.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(status) = said.status {
        *response.status_mut() = status;
    }
    response.headers_mut().extend(said.headers.clone());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

type Call = Pin<Box<dyn Future<Output = Loaded> + Send>>;

/// Waits for all of them at once.
async fn together(mut calls: Vec<Call>) -> Vec<Loaded> {
    let mut loaded: Vec<Option<Loaded>> = calls.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for (call, place) in calls.iter_mut().zip(&mut loaded) {
            if place.is_none() {
                match call.as_mut().poll(context) {
                    Poll::Ready(answer) => *place = Some(answer),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    loaded.into_iter().flatten().collect()
}

/// Whom a page's signals belong to. They go when the page is drawn or given up, whatever else still points at their owner:
/// contexts and owners hold each other.
///
/// Not `Owner::new_root`: that leaves itself behind as the thread's current owner, and what other requests begin on this
/// thread becomes its child, to be disposed of with it.
#[derive(Default)]
struct PageOwner(Owner);

impl PageOwner {
    fn with<T>(&self, run: impl FnOnce() -> T) -> T {
        self.0.with(run)
    }
}

impl Drop for PageOwner {
    fn drop(&mut self) {
        // After a panic its locks may be poisoned, and a second panic would end the process.
        if !std::thread::panicking() {
            self.0.clone().unset_with_forced_cleanup();
        }
    }
}
