//! The hand-off at an environment's own host name, which the portal's cookie does not reach.
//!
//! The tab goes to the public address, where that cookie shows that it is in the operator's browser, and comes back with
//! another code. That one works only together with a word that no address has: it lies in a cookie of this host, in the one
//! browser that set out, and the code is bound to its hash (RFC 7636).

use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::server::crypto::secret;
use crate::server::oauth::own_host::CLAIM;
use crate::server::oauth::parameters::with_query;
use crate::server::oauth::provider::Provider;
use crate::server::platform::cookies::{SetCookie, host_name, value};
use crate::server::service::impersonation::HAND_OFF_LIFETIME;

/// The name of a parameter: it comes back with the browser, and says which word is meant.
pub const CHALLENGE: &str = "code_challenge";
/// Characters of the challenge that tell apart the tabs of one browser that are under way at the same time.
const TOLD_APART: usize = 16;

/// Sends the tab to the public address with the code.
pub fn set_out(provider: &Provider, code: &str) -> Response {
    let mut bytes = [0; 32];
    provider.state.random.fill(&mut bytes);
    let word = URL_SAFE_NO_PAD.encode(bytes);
    let challenge = URL_SAFE_NO_PAD.encode(secret::hash(&word));
    let mut response = Redirect::to(&claim(provider, &[("code", code), (CHALLENGE, &challenge)])).into_response();
    let name = cookie_name(provider, &challenge);
    SetCookie::lasting(provider.state.is_https(), &name, &word, HAND_OFF_LIFETIME).add_to(&mut response);
    response
}

/// The address at which a code is claimed: where the portal's cookie is.
pub fn claim(provider: &Provider, pairs: &[(&str, &str)]) -> String {
    with_query(&format!("{}{CLAIM}", provider.state.issuer_at(&provider.environment.slug, None)), pairs)
}

/// Where the tab comes back to, with the code that it got for its own.
pub fn back(provider: &Provider, code: &str, challenge: &str) -> String {
    with_query(&format!("{}/hand-off", provider.issuer()), &[("code", code), (CHALLENGE, challenge)])
}

/// The word with which this browser set out.
pub fn word(provider: &Provider, challenge: &str) -> Option<String> {
    value(&provider.headers, &cookie_name(provider, challenge)).map(str::to_owned)
}

fn cookie_name(provider: &Provider, challenge: &str) -> String {
    let tab: String = challenge.chars().take(TOLD_APART).collect();
    host_name(provider.state.is_https(), &format!("understudy_hand-off_{tab}"))
}
