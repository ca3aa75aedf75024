//! `fe_refresh_…`, the cookie by which an SDK stays signed in. What is in the database decides whose it is; its name is
//! for the Next.js SDK, which looks for it. Scripts cannot read it, and pages of other sites do not send it.
//!
//! A browser that calls us itself has it as `__Host-fe_refresh_{environment}_…`, which no other host of the site can set, and
//! by no other name: such a cookie has the path `/`, and environments have applications of the same name. An application's
//! server that hands its users' cookies on has them under the SDK's name, on its own host.

use axum::http::header;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::origin::is_our_own;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::oauth::provider::Provider;
use crate::server::platform::cookies::{self, SetCookie};
use crate::server::service::registry::sdk::{self, Kept};
use crate::server::service::session;

const PREFIX: &str = "fe_refresh_";
const HOST: &str = "__Host-";
/// What the SDK's own server says when it hands a call on.
const MIDDLEWARE: &str = "x-frontegg-middleware";

/// The client id without its first dash, as the vendor names its cookies.
fn name(client_id: &str) -> String {
    format!("{PREFIX}{}", suffix(client_id))
}

/// Where browsers have it from us by https. No slug has an underscore.
fn host_name(slug: &str, client_id: &str) -> String {
    format!("{HOST}{PREFIX}{slug}_{}", suffix(client_id))
}

fn suffix(client_id: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    client_id.replacen('-', "", 1).chars().map(allowed).collect()
}

/// Whether a cookie of this name is the application's: under exactly the name that a browser was given or, where an SDK
/// names it, in any of the spellings that SDKs use.
fn is_named_for(cookie: &str, slug: &str, client_id: &str) -> bool {
    if cookie.starts_with(HOST) {
        return cookie == host_name(slug, client_id);
    }
    cookie.replace('-', "") == name(client_id).replace('-', "")
}

/// Whether the SDK's server calls, and not a browser.
fn is_handed_on(provider: &Provider) -> bool {
    provider.headers.contains_key(MIDDLEWARE)
}

/// Whether the names that any host of the site can set count: never where a browser calls by https.
fn may_be_plain(provider: &Provider) -> bool {
    let origin = provider.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let by_browser = provider.headers.contains_key("sec-fetch-site")
        || origin.is_some_and(|origin| !is_our_own(&provider.origin(), origin));
    !provider.state.is_https() || is_handed_on(provider) || !by_browser
}

fn pairs(provider: &Provider) -> impl Iterator<Item = (&str, &str)> {
    let (https, plain) = (provider.state.is_https(), may_be_plain(provider));
    cookies::pairs(&provider.headers).filter(move |(name, _)| match name.strip_prefix(HOST) {
        Some(rest) => https && rest.starts_with(PREFIX),
        None => plain && name.starts_with(PREFIX),
    })
}

/// The values of all cookies of this kind.
pub fn values(provider: &Provider) -> Vec<String> {
    pairs(provider).map(|(_, value)| value.to_owned()).collect()
}

/// What the browser keeps for an application, newest first. Cookies that are named for it are looked at before others: there
/// may be any number of these.
async fn kept(provider: &Provider, application: &Application) -> ServiceResult<Vec<Kept>> {
    let mut pairs: Vec<_> = pairs(provider).collect();
    pairs.sort_by_key(|(name, _)| !is_named_for(name, &provider.environment.slug, &application.client_id));
    let values: Vec<String> = pairs.into_iter().map(|(_, value)| value.to_owned()).collect();
    let mut kept = sdk::kept(&provider.state, provider.environment.id, &values).await?;
    kept.retain(|kept| kept.application_id == application.id);
    Ok(kept)
}

/// What the browser keeps for an application.
pub enum Found {
    Session {
        session: Box<Session>,
        /// The browser was given a session of somebody else's before, which ran on: a tab that says nothing of itself may be
        /// of either, also when one of them is over.
        shared: bool,
    },
    /// It kept a session that is over.
    Over,
    Nothing,
}

/// The session that the browser keeps for an application, if it may go on.
pub async fn find(provider: &Provider, application: &Application) -> ServiceResult<Found> {
    let (state, environment) = (&provider.state, &provider.environment);
    for Kept { session_id, shared, .. } in kept(provider, application).await? {
        if let Some(standing) = session::live(state, environment.id, session_id).await? {
            return Ok(Found::Session { session: Box::new(standing), shared });
        }
    }
    Ok(if named(provider, application).is_empty() { Found::Nothing } else { Found::Over })
}

/// Whether this browser was given the session by one of its cookies, or another one's has taken its place since.
pub async fn was_given(provider: &Provider, session_id: Uuid) -> ServiceResult<bool> {
    sdk::was_given(&provider.state, &values(provider), session_id).await
}

/// The values of the cookies that are named for an application.
fn named(provider: &Provider, application: &Application) -> Vec<String> {
    let (slug, client_id) = (&provider.environment.slug, &application.client_id);
    pairs(provider).filter(|(name, _)| is_named_for(name, slug, client_id)).map(|(_, value)| value.to_owned()).collect()
}

/// What the browser's cookie for this session of the application came with, where it came with tokens.
pub async fn family(provider: &Provider, application: &Application, session_id: Uuid) -> ServiceResult<Option<Uuid>> {
    let kept = kept(provider, application).await?;
    Ok(kept.iter().find(|kept| kept.session_id == session_id).and_then(|kept| kept.family_id))
}

/// Lets the browser keep the session for the application, unless it does already. A cookie that comes with tokens is taken
/// back with them.
pub async fn keep(
    provider: &Provider,
    response: &mut Response,
    application: &Application,
    standing: &Session,
    family_id: Option<Uuid>,
) -> ServiceResult<()> {
    let kept = kept(provider, application).await?;
    if kept.first().is_some_and(|kept| kept.session_id == standing.id) {
        return Ok(());
    }
    let (state, expires_at) = (&provider.state, standing.expires_at);
    let replaced = named(provider, application);
    let secret = sdk::give(state, standing.id, application.id, family_id, expires_at, &replaced).await?;
    set(provider, response, application, &secret, expires_at);
    Ok(())
}

/// Lets the browser keep a session that has just begun, by the cookie that came with it.
pub async fn begin(
    provider: &Provider,
    response: &mut Response,
    application: &Application,
    secret: &str,
    expires_at: DateTime<Utc>,
) -> ServiceResult<()> {
    sdk::replace(&provider.state, secret, &named(provider, application)).await?;
    set(provider, response, application, secret, expires_at);
    Ok(())
}

/// Gives the browser this cookie.
fn set(
    provider: &Provider,
    response: &mut Response,
    application: &Application,
    secret: &str,
    expires_at: DateTime<Utc>,
) {
    let name = name(&application.client_id);
    let max_age = (expires_at - provider.state.now()).max(TimeDelta::zero());
    let is_https = provider.state.is_https();
    if is_handed_on(provider) {
        // It becomes the application's own, whose pages do not lie below our path.
        SetCookie::lasting(is_https, &name, secret, max_age).add_to(response);
    } else if is_https {
        let name = host_name(&provider.environment.slug, &application.client_id);
        SetCookie::lasting(is_https, &name, secret, max_age).add_to(response);
    } else {
        let path = provider.cookie_path();
        SetCookie { path: &path, ..SetCookie::lasting(is_https, &name, secret, max_age) }.add_to(response);
    }
}

/// Takes the application's cookie back, wherever it lies and however it is spelt.
pub fn clear(provider: &Provider, response: &mut Response, application: &Application) {
    let (slug, client_id) = (&provider.environment.slug, &application.client_id);
    let is_https = provider.state.is_https();
    let mut names = vec![name(client_id)];
    names.extend(pairs(provider).map(|(name, _)| name.to_owned()).filter(|name| is_named_for(name, slug, client_id)));
    names.sort();
    names.dedup();
    if is_https && !is_handed_on(provider) {
        SetCookie::gone(is_https, &host_name(slug, client_id), "/").add_to(response);
    }
    for name in names.into_iter().filter(|name| !name.starts_with(HOST)) {
        for path in [provider.cookie_path(), "/".to_owned()] {
            SetCookie::gone(is_https, &name, &path).add_to(response);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{host_name, is_named_for, name};

    #[test]
    fn the_cookie_is_known_by_every_spelling_of_its_client_id() {
        const CLIENT: &str = "2f53360a-517a-4c38";
        assert_eq!(name(CLIENT), "fe_refresh_2f53360a517a-4c38");
        for spelling in ["fe_refresh_2f53360a-517a-4c38", "fe_refresh_2f53360a517a-4c38", "fe_refresh_2f53360a517a4c38"]
        {
            assert!(is_named_for(spelling, "qa", CLIENT), "{spelling}");
        }
        assert!(!is_named_for("fe_refresh_other", "qa", CLIENT));
        assert!(is_named_for("__Host-fe_refresh_qa_2f53360a517a-4c38", "qa", CLIENT));
        for other in [
            "__Host-fe_refresh_qa_2f53360a-517a-4c38",
            "__Host-fe_refresh_qa_2f53360a517a4c38",
            "__Host-fe_refresh_2f53360a517a-4c38",
            "__Host-fe_refresh_production_2f53360a517a-4c38",
            "__Host-fe_refresh_",
        ] {
            assert!(!is_named_for(other, "qa", CLIENT), "{other}");
        }
        assert_eq!(name("a b;c=d"), "fe_refresh_a_b_c_d");
        assert_ne!(host_name("a", "b-c"), host_name("a-b", "c"));
    }
}
