//! The browser's half of sessions. A user's own session has one cookie, each impersonation one of its own, so that
//! several tabs can hold several users; all stay below the environment's path.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::provider::Provider;
use crate::server::device;

/// `__Secure-` where it can be: `__Host-` would need the path `/`, which other environments share.
fn own_name(provider: &Provider) -> String {
    let prefix = if provider.state.is_https() { "__Secure-" } else { "" };
    format!("{prefix}understudy_{}", provider.environment.slug)
}

fn impersonation_name(provider: &Provider, session_id: Uuid) -> String {
    format!("{}_{}", own_name(provider), session_id.simple())
}

/// The values of all cookies of this environment's sessions.
pub fn values(provider: &Provider) -> Vec<String> {
    let own = own_name(provider);
    let ours = |name: &str| name == own || name.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('_'));
    let headers = provider.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = headers.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| ours(name)).map(|(_, value)| value.to_owned()).collect()
}

/// Gives the browser the user's own session.
pub fn set_own(provider: &Provider, response: &mut Response, secret: &str, expires_at: DateTime<Utc>) {
    append(provider, response, &own_name(provider), secret, seconds_until(provider, expires_at));
}

/// The browser is known from now on.
pub fn set_device(provider: &Provider, response: &mut Response, value: &str) {
    let text = device::set_cookie(provider.state.is_https(), Some(&provider.environment.slug), value);
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Gives the browser an impersonation.
pub fn set_impersonation(
    provider: &Provider,
    response: &mut Response,
    session_id: Uuid,
    secret: &str,
    expires_at: DateTime<Utc>,
) {
    let name = impersonation_name(provider, session_id);
    append(provider, response, &name, secret, seconds_until(provider, expires_at));
}

/// Takes the cookie of a session that ended back.
pub fn clear(provider: &Provider, response: &mut Response, session_id: Uuid, own: bool) {
    let name = if own { own_name(provider) } else { impersonation_name(provider, session_id) };
    append(provider, response, &name, "", 0);
}

fn seconds_until(provider: &Provider, time: DateTime<Utc>) -> i64 {
    (time - provider.state.now()).num_seconds().max(0)
}

fn append(provider: &Provider, response: &mut Response, name: &str, value: &str, max_age: i64) {
    let secure = if provider.state.is_https() { "; Secure" } else { "" };
    let path = provider.path("");
    let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
