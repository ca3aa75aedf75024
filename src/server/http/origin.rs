//! Where a request came from, and telling about headers that cannot be believed: in the log once in a while, and in the
//! database for `understudy doctor`.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;

use crate::server::crypto::device::Devices;
use crate::server::platform::client_address::{self, Trouble};
use crate::server::service::audit::notice;
use crate::server::service::caller::Origin;
use crate::server::state::AppState;

/// How long after trouble was told the next of its kind is kept quiet about, in seconds.
const QUIET: u64 = 600;

/// Where the request came from.
pub fn origin(state: &AppState, parts: &Parts) -> Origin {
    let text = |name: &str, most: usize| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some(value.chars().take(most).collect::<String>())
    };
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let from = client_address::of(peer, &parts.headers, &state.trusted_proxies);
    if let Some(trouble) = &from.trouble {
        tell(state, trouble);
    }
    Origin {
        ip_address: from.said(),
        user_agent: text("user-agent", 300),
        request_id: text("x-request-id", 64).unwrap_or_default(),
        behind_proxy: (!from.is_own).then_some(from.places),
        devices: Devices::of(&parts.headers),
    }
}

fn tell(state: &AppState, trouble: &Trouble) {
    let number = match trouble {
        Trouble::Untrusted(_) => 0,
        Trouble::Unreadable { .. } => 1,
        Trouble::Contradiction(_) => 2,
    };
    let now = state.clock.monotonic().as_secs() + 1;
    let told = &state.proxy_trouble[number];
    let before = told.load(Ordering::Relaxed);
    let is_quiet = before != 0 && now < before + QUIET;
    if is_quiet || told.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
        return;
    }
    match trouble {
        Trouble::Untrusted(address) => {
            tracing::warn!(
                %address,
                "a forwarding header came from an address that is not trusted: if it is your proxy's, name it in TRUSTED_PROXIES"
            );
            keep(state.clone(), "forwarded.untrusted", address.to_string());
        }
        Trouble::Unreadable { proxy, entry } => {
            tracing::warn!(%proxy, entry = entry.as_str(), "a trusted proxy names its client by what is no address");
            keep(state.clone(), "forwarded.unreadable", proxy.to_string());
        }
        Trouble::Contradiction(proxy) => {
            tracing::warn!(
                %proxy,
                "Forwarded and X-Forwarded-For name different clients: let the proxy remove the one that it does not write"
            );
            keep(state.clone(), "forwarded.contradiction", proxy.to_string());
        }
    }
}

fn keep(state: AppState, kind: &'static str, detail: String) {
    tokio::spawn(async move {
        if let Err(error) = notice::keep(&state, kind, &detail).await {
            tracing::warn!(error = format!("{error:#}"), "a notice could not be kept");
        }
    });
}
