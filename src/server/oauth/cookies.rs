//! The provider's one cookie in a browser. What it stands for, the user's own session and impersonations, is in the
//! database: however many there are, the browser sends this one name, and a session that ended leaves nothing behind.

use axum::http::header;
use axum::response::Response;

use super::provider::Provider;
use crate::server::crypto::device;
use crate::server::crypto::secret::SecretKind;
use crate::server::platform::cookies::{SetCookie, host_name, pairs};
use crate::server::service::session::browser::LIFETIME;

/// `__Host-` where it can be: no other host of the site can set such a name, and each environment has its own.
fn name(provider: &Provider) -> String {
    host_name(provider.state.is_https(), &format!("understudy_{}", provider.environment.slug))
}

/// The cookie by which the browser is known, under exactly the name that was set. Of several, which only plain http
/// allows, the last: browsers send those of longer paths first, and ours has the shortest.
pub fn browser(provider: &Provider) -> Option<String> {
    let name = name(provider);
    let ours = pairs(&provider.headers).filter(|(known, value)| *known == name && is_ours(value));
    ours.last().map(|(_, value)| value.to_owned())
}

fn is_ours(value: &str) -> bool {
    SecretKind::BrowserCookie.hash_of(value).is_some()
}

/// The browser is known from now on.
pub fn set_device(provider: &Provider, response: &mut Response, value: &str) {
    let cookie = device::set_cookie(provider.state.is_https(), Some(&provider.environment.slug), value);
    if let Some(value) = cookie {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Gives the browser its cookie, and takes back those of each session that it got in former times.
pub fn keep(provider: &Provider, response: &mut Response, secret: &str) {
    let is_https = provider.state.is_https();
    SetCookie::lasting(is_https, &name(provider), secret, LIFETIME).add_to(response);
    if provider.has_own_host() {
        // In former times there were no such hosts, and a cookie of theirs would have the path of the new one.
        return;
    }
    let former = format!("understudy_{}", provider.environment.slug);
    for (name, value) in pairs(&provider.headers) {
        let plain = name.strip_prefix("__Secure-").unwrap_or(name);
        let of_a_session = plain.strip_prefix(former.as_str()).and_then(|rest| rest.strip_prefix('_'));
        let is_former = of_a_session.is_some_and(|id| id.len() == 32) || plain == former && !is_ours(value);
        if is_former {
            SetCookie::gone(is_https, name, &provider.path("")).add_to(response);
        }
    }
}
