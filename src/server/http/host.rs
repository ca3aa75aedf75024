//! Under which name this server is reached. Cookies, hand-offs and the issuer belong to PUBLIC_URL: a page that was opened
//! under another name would look right and work by halves, so the browser is sent to the right one before it begins.
//!
//! A proxy may write its own address into `Host`, as nginx does unless told otherwise. Then every request has the other
//! name, also those of browsers that are at the right one: whoever was sent there and comes back with the same name was
//! right all along. The name is remembered of the proxy that writes it, and its requests are served. That a browser was sent is
//! not believed: the mark by which it says so is made here, for this name, and is worth nothing after some minutes. And what
//! somebody says to us directly is remembered of that address only.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, OriginalUri, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use maud::html;
use parking_lot::Mutex;
use subtle::ConstantTimeEq;
use url::Url;

use super::own_host;
use super::page::Page;
use crate::server::platform::clock::from_micros;
use crate::server::platform::url::{is_loopback, origin_of, with_query};
use crate::server::state::AppState;

/// Says that a browser was sent here, from which name, and when.
const MARK: &str = "opened_as";
const PURPOSE: &str = "a name that a browser was sent away from";
/// How long a browser may take for that.
const UNDERWAY: TimeDelta = TimeDelta::minutes(5);
/// No deployment has that many proxies. Beyond, the oldest is forgotten, and found out again.
const REMEMBERED: usize = 64;
/// Names that one address writes.
const OF_ONE: usize = 4;

/// A name, and the address that a request with it came from, where that is known.
type Rewritten = (Option<IpAddr>, String);

/// What `Host` may say instead of the public name, because a proxy writes it.
#[derive(Clone)]
pub struct HostNames {
    state: AppState,
    rewritten: Arc<Mutex<VecDeque<Rewritten>>>,
}

impl HostNames {
    pub fn new(state: AppState) -> Self {
        Self { state, rewritten: Arc::default() }
    }

    fn is_remembered(&self, peer: Option<IpAddr>, host: &str) -> bool {
        let rewritten = self.rewritten.lock();
        rewritten.iter().any(|(from, name)| *from == peer && name == host)
    }

    fn remember(&self, peer: Option<IpAddr>, host: &str) {
        let mut rewritten = self.rewritten.lock();
        if rewritten.iter().any(|(from, name)| *from == peer && name == host) {
            return;
        }
        if rewritten.iter().filter(|(from, _)| *from == peer).count() >= OF_ONE
            && let Some(oldest) = rewritten.iter().position(|(from, _)| *from == peer)
        {
            rewritten.remove(oldest);
        }
        if rewritten.len() >= REMEMBERED {
            rewritten.pop_front();
        }
        rewritten.push_back((peer, host.to_owned()));
        drop(rewritten);
        tracing::warn!(
            host,
            public_url = self.state.origin(),
            "a proxy writes its own address into Host: have it pass on the one it got (nginx: proxy_set_header Host $host)"
        );
    }

    /// The mark with which a browser is sent away from a name.
    fn mark(&self, host: &str) -> String {
        let micros = self.state.now().timestamp_micros();
        format!("{micros}.{}", URL_SAFE_NO_PAD.encode(self.tag(host, micros)))
    }

    /// Whether a browser was sent away from this name, just now.
    fn was_sent(&self, uri: &Uri, host: &str) -> bool {
        let query = uri.query().unwrap_or_default();
        let marks = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == MARK);
        marks.filter_map(|(_, value)| self.sent_at(&value, host)).any(|sent_at| {
            let passed = self.state.now() - sent_at;
            passed <= UNDERWAY && passed >= TimeDelta::zero()
        })
    }

    fn sent_at(&self, mark: &str, host: &str) -> Option<DateTime<Utc>> {
        let (micros, presented) = mark.split_once('.')?;
        let micros: i64 = micros.parse().ok()?;
        let presented = URL_SAFE_NO_PAD.decode(presented).ok()?;
        bool::from(self.tag(host, micros).ct_eq(&presented)).then(|| from_micros(micros))
    }

    fn tag(&self, host: &str, micros: i64) -> Vec<u8> {
        self.state.keyring.tag(PURPOSE, format!("{micros} {host}").as_bytes())
    }

    /// Whether a request was made to this server under its own name, as far as can be told.
    pub fn is_ours(&self, request: &Request) -> bool {
        let (uri, headers) = (request.uri(), request.headers());
        let Some(host) = asked(uri, headers) else { return true };
        let public = &self.state.public_url;
        is_public(public, &host)
            || is_alias(public, &host)
            || self.is_remembered(peer(request), &host)
            || is_passed_on(public, headers)
    }
}

/// Sends documents that were opened under another name to the public one, but for those at an environment's own.
pub async fn under_its_name(State(names): State<HostNames>, request: Request, next: Next) -> Response {
    let is_document = matches!(*request.method(), Method::GET | Method::HEAD) && !own_host::is_there(&request);
    let Some(host) = asked(request.uri(), request.headers()).filter(|_| is_document) else {
        return next.run(request).await;
    };
    let public = &names.state.public_url;
    if is_public(public, &host) || names.is_remembered(peer(&request), &host) || is_passed_on(public, request.headers())
    {
        return next.run(request).await;
    }
    if is_loopback(public.host_str().unwrap_or_default()) {
        match is_loopback(name_of(&host)) {
            // The same machine through another port: a tunnel, whose end is the browser's business.
            true if port_of(public, &host) != public.port_or_known_default() => return next.run(request).await,
            true => {}
            false => return unreachable_name(&names.state, &host),
        }
    }
    if names.was_sent(request.uri(), &host) {
        names.remember(peer(&request), &host);
        return next.run(request).await;
    }
    // Anybody can write that, so that nothing is concluded from it.
    if came_from(&names.state, request.headers()) {
        return next.run(request).await;
    }
    // Inside a nested router the address has lost its beginning.
    let original = request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0);
    let path = original.path_and_query().map_or("/", |path| path.as_str());
    let url = with_query(&format!("{}{path}", names.state.origin()), &[(MARK, &names.mark(&host))]);
    let mut response = Redirect::temporary(&url).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// Whoever talks to us: a proxy, where there is one.
pub fn peer(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

/// Browsers elsewhere cannot be sent to a name that means their own machine.
fn unreachable_name(state: &AppState, host: &str) -> Response {
    let own = state.origin();
    let title = "This server does not know its own name";
    let body = html! {
        h1 { (title) }
        p.dim { "You opened it as " b { (host) } ", and it was set up for " b { (own) } ", which only reaches it on its own machine." }
        p.dim { "Whoever runs it sets PUBLIC_URL to the address that you opened, and starts it again." }
    };
    Page::card(title, body).status(StatusCode::MISDIRECTED_REQUEST).into_response()
}

/// Host and port that the request was made to, in lower case; nothing where it names none.
pub fn asked(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let named = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = named.or_else(|| uri.authority().map(|authority| authority.as_str()))?;
    Some(host.to_ascii_lowercase()).filter(|host| !host.is_empty())
}

pub fn is_public(public: &Url, host: &str) -> bool {
    name_of(host) == public.host_str().unwrap_or_default() && port_of(public, host) == public.port_or_known_default()
}

/// Another name of the machine that the public URL means, too.
fn is_alias(public: &Url, host: &str) -> bool {
    is_loopback(public.host_str().unwrap_or_default()) && is_loopback(name_of(host))
}

/// A proxy that says under which name it was asked.
fn is_passed_on(public: &Url, headers: &HeaderMap) -> bool {
    passed_on(headers).is_some_and(|host| is_public(public, &host))
}

/// The name that the last proxy says it was asked under, in lower case.
pub fn passed_on(headers: &HeaderMap) -> Option<String> {
    let said = headers.get_all("x-forwarded-host").iter().next_back().and_then(|value| value.to_str().ok())?;
    said.rsplit(',').next().map(|host| host.trim().to_ascii_lowercase())
}

/// A name as environments have theirs: without a dot at its end, and without the port that the scheme has anyway. `None`
/// where the port is none.
pub fn canonical(public: &Url, host: &str) -> Option<String> {
    let (name, port) = (name_of(host), port_of(public, host)?);
    Some(if Some(port) == port_of(public, "") { name.to_owned() } else { format!("{name}:{port}") })
}

/// Whether the request comes from a page that the browser has open under the public name.
fn came_from(state: &AppState, headers: &HeaderMap) -> bool {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    referer.and_then(origin_of).is_some_and(|origin| origin == state.origin())
}

fn name_of(host: &str) -> &str {
    let end = match host.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    host[..end].trim_end_matches('.')
}

fn port_of(public: &Url, host: &str) -> Option<u16> {
    match host.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.parse().ok(),
        // Without one it is the scheme's, and the scheme is the public one's: a proxy speaks http behind https.
        _ => match public.scheme() {
            "https" => Some(443),
            _ => Some(80),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn a_name_is_canonical_without_the_schemes_port() {
        let https = public("https://understudy.example.com");
        for (host, expected) in [
            ("login.acme.example", "login.acme.example"),
            ("login.acme.example:443", "login.acme.example"),
            ("login.acme.example.", "login.acme.example"),
            ("login.acme.example:80", "login.acme.example:80"),
            ("login.acme.example:8443", "login.acme.example:8443"),
        ] {
            assert_eq!(canonical(&https, host).as_deref(), Some(expected), "{host}");
        }
        let local = public("http://localhost:3000");
        assert_eq!(canonical(&local, "acme.localhost:80").as_deref(), Some("acme.localhost"));
        assert_eq!(canonical(&https, "login.acme.example:x"), None);
    }

    #[test]
    fn a_name_is_the_public_one_however_its_port_is_written() {
        let https = public("https://understudy.example.com");
        for host in ["understudy.example.com", "understudy.example.com:443", "understudy.example.com."] {
            assert!(is_public(&https, host), "{host}");
        }
        for host in ["example.com", "understudy.example.com:8443", "understudy.example.com.evil.example", "127.0.0.1"] {
            assert!(!is_public(&https, host), "{host}");
        }
        assert!(is_public(&public("http://[::1]:3000"), "[::1]:3000"));
        assert!(!is_public(&public("http://localhost:3000"), "127.0.0.1:3000"));
    }
}
