//! `fe_refresh_…`, the cookie by which an SDK stays signed in. What is in the database decides whose it is; its name is
//! for the Next.js SDK, which looks for it. Scripts cannot read it, and pages of other sites do not send it.
//!
//! A browser that calls us itself has it as `__Host-fe_refresh_…`, which no other host of the site can set, and by no other
//! name. An application's server that hands its users' cookies on has them under the SDK's name, on its own host.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::call::is_our_own;
use crate::server::db::session::StandingRow;
use crate::server::error::ServiceResult;
use crate::server::identity::provider::Provider;
use crate::server::service::relying_party::Application;
use crate::server::service::sdk::{self, Kept};
use crate::server::service::session;

const PREFIX: &str = "fe_refresh_";
const HOST: &str = "__Host-";
/// What the SDK's own server says when it hands a call on.
const MIDDLEWARE: &str = "x-frontegg-middleware";

/// The client id without its first dash, as the vendor names its cookies.
fn name(client_id: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    format!("{PREFIX}{}", client_id.replacen('-', "", 1)).chars().map(allowed).collect()
}

/// Whether a cookie of this name is the application's: under exactly the name that a browser was given or, where an SDK
/// names it, in any of the spellings that SDKs use.
fn is_named_for(cookie: &str, client_id: &str) -> bool {
    match cookie.strip_prefix(HOST) {
        Some(exact) => exact == name(client_id),
        None => cookie.replace('-', "") == name(client_id).replace('-', ""),
    }
}

/// Whether the SDK's server calls, and not a browser.
fn is_handed_on(provider: &Provider) -> bool {
    provider.headers.contains_key(MIDDLEWARE)
}

/// Whether the names that any host of the site can set count: never where a browser calls by https.
fn may_be_plain(provider: &Provider) -> bool {
    let origin = provider.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let by_browser = provider.headers.contains_key("sec-fetch-site")
        || origin.is_some_and(|origin| !is_our_own(&provider.state, origin));
    !provider.state.is_https() || is_handed_on(provider) || !by_browser
}

fn pairs(provider: &Provider) -> impl Iterator<Item = (&str, &str)> {
    let headers = provider.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = headers.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (https, plain) = (provider.state.is_https(), may_be_plain(provider));
    pairs.filter(move |(name, _)| match name.strip_prefix(HOST) {
        Some(rest) => https && rest.starts_with(PREFIX),
        None => plain && name.starts_with(PREFIX),
    })
}

/// The values of all cookies of this kind.
pub fn values(provider: &Provider) -> Vec<String> {
    pairs(provider).map(|(_, value)| value.to_owned()).collect()
}

/// What the browser keeps for an application.
pub enum Found {
    Session(Box<StandingRow>),
    /// It kept a session that is over.
    Over,
    Nothing,
}

/// The session that the browser keeps for an application, if it may go on.
pub async fn find(provider: &Provider, application: &Application) -> ServiceResult<Found> {
    let (state, environment_id) = (&provider.state, provider.environment.id);
    let kept = sdk::kept(state, environment_id, &values(provider)).await?;
    for Kept { session_id, .. } in kept.iter().filter(|kept| kept.application_id == application.id) {
        if let Some(standing) = session::live(state, environment_id, *session_id).await? {
            return Ok(Found::Session(Box::new(standing)));
        }
    }
    let named = pairs(provider).any(|(name, _)| is_named_for(name, &application.client_id));
    Ok(if named { Found::Over } else { Found::Nothing })
}

/// What the browser's cookie for this session of the application came with, where it came with tokens.
pub async fn family(provider: &Provider, application: &Application, session_id: Uuid) -> ServiceResult<Option<Uuid>> {
    let kept = sdk::kept(&provider.state, provider.environment.id, &values(provider)).await?;
    let kept = kept.iter().find(|kept| kept.application_id == application.id && kept.session_id == session_id);
    Ok(kept.and_then(|kept| kept.family_id))
}

/// Lets the browser keep the session for the application, unless it does already. A cookie that comes with tokens is taken
/// back with them.
pub async fn keep(
    provider: &Provider,
    response: &mut Response,
    application: &Application,
    standing: &StandingRow,
    family_id: Option<Uuid>,
) -> ServiceResult<()> {
    let (state, environment_id) = (&provider.state, provider.environment.id);
    let newest = sdk::kept(state, environment_id, &values(provider)).await?;
    let newest = newest.into_iter().find(|kept| kept.application_id == application.id);
    if newest.is_some_and(|kept| kept.session_id == standing.id) {
        return Ok(());
    }
    let secret = sdk::give(state, standing.id, application.id, family_id, standing.expires_at).await?;
    set(provider, response, application, &secret, standing.expires_at);
    Ok(())
}

/// Gives the browser this cookie.
pub fn set(
    provider: &Provider,
    response: &mut Response,
    application: &Application,
    secret: &str,
    expires_at: DateTime<Utc>,
) {
    let name = name(&application.client_id);
    let max_age = (expires_at - provider.state.now()).num_seconds().max(0);
    if is_handed_on(provider) {
        // It becomes the application's own, whose pages do not lie below our path.
        append(provider, response, &name, secret, "/", max_age);
    } else if provider.state.is_https() {
        append(provider, response, &format!("{HOST}{name}"), secret, "/", max_age);
    } else {
        append(provider, response, &name, secret, &provider.path(""), max_age);
    }
}

/// Takes the application's cookie back, wherever it lies and however it is spelt.
pub fn clear(provider: &Provider, response: &mut Response, application: &Application) {
    let mut names = vec![name(&application.client_id)];
    names.extend(
        pairs(provider).map(|(name, _)| name.to_owned()).filter(|name| is_named_for(name, &application.client_id)),
    );
    names.sort();
    names.dedup();
    if provider.state.is_https() && !is_handed_on(provider) {
        append(provider, response, &format!("{HOST}{}", name(&application.client_id)), "", "/", 0);
    }
    for name in names.into_iter().filter(|name| !name.starts_with(HOST)) {
        for path in [provider.path(""), "/".to_owned()] {
            append(provider, response, &name, "", &path, 0);
        }
    }
}

fn append(provider: &Provider, response: &mut Response, name: &str, value: &str, path: &str, max_age: i64) {
    let secure = if provider.state.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{is_named_for, name};

    #[test]
    fn the_cookie_is_known_by_every_spelling_of_its_client_id() {
        assert_eq!(name("2f53360a-517a-4c38"), "fe_refresh_2f53360a517a-4c38");
        for spelling in ["fe_refresh_2f53360a-517a-4c38", "fe_refresh_2f53360a517a-4c38", "fe_refresh_2f53360a517a4c38"]
        {
            assert!(is_named_for(spelling, "2f53360a-517a-4c38"), "{spelling}");
        }
        assert!(!is_named_for("fe_refresh_other", "2f53360a-517a-4c38"));
        assert!(is_named_for("__Host-fe_refresh_2f53360a517a-4c38", "2f53360a-517a-4c38"));
        for spelling in
            ["__Host-fe_refresh_2f53360a-517a-4c38", "__Host-fe_refresh_2f53360a517a4c38", "__Host-fe_refresh_"]
        {
            assert!(!is_named_for(spelling, "2f53360a-517a-4c38"), "{spelling}");
        }
        assert_eq!(name("a b;c=d"), "fe_refresh_a_b_c_d");
    }
}
