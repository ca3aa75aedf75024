//! Signing in again, where an application insists on it (OpenID Connect Core section 3.1.2.1, `prompt=login` and
//! `max_age`): verified, not believed.
//!
//! The address to which the sign-in page comes back says when its request was first seen, under a tag that only this
//! provider can make and that holds for this very request. Only a session that began after that moment is an answer to it,
//! so that neither going back nor leaving a parameter out gets anybody past the question.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;

use super::super::parameters::Parameters;
use super::super::provider::Provider;
use crate::server::clock::from_micros;
use crate::server::db::session::StandingRow;

const PARAMETER: &str = "asked_at";
const PURPOSE: &str = "the moment of an authorization request";
/// How long a sign-in page may stand open.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// The request as query text, marked with the moment of now. What is in `without` is left out.
pub fn marked(provider: &Provider, parameters: &Parameters, without: &[&str]) -> String {
    let query = parameters.without(&[without, &[PARAMETER]].concat());
    let asked_at = provider.state.now().timestamp_micros();
    let tag = URL_SAFE_NO_PAD.encode(tag(provider, &query, asked_at));
    format!("{query}&{PARAMETER}={asked_at}.{tag}")
}

/// When the sign-in page was shown for this request, where it was.
pub fn asked_at(provider: &Provider, parameters: &Parameters) -> Option<DateTime<Utc>> {
    let (micros, presented) = parameters.get(PARAMETER)?.split_once('.')?;
    let micros: i64 = micros.parse().ok()?;
    let presented = URL_SAFE_NO_PAD.decode(presented).ok()?;
    let expected = tag(provider, &parameters.without(&[PARAMETER]), micros);
    let asked_at = from_micros(micros);
    let in_time = provider.state.now() - asked_at <= LIFETIME;
    (bool::from(expected.ct_eq(&presented)) && in_time).then_some(asked_at)
}

/// Whether the user signed in when asked to.
pub fn is_answered(asked_at: Option<DateTime<Utc>>, session: &StandingRow) -> bool {
    !session.is_impersonation() && asked_at.is_some_and(|asked_at| session.created_at >= asked_at)
}

fn tag(provider: &Provider, query: &str, asked_at: i64) -> Vec<u8> {
    let text = format!("{} {asked_at} {query}", provider.environment.id);
    provider.state.keyring.tag(PURPOSE, text.as_bytes())
}
