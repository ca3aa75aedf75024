//! What a page asked because of an authorization request, and what the person answered: verified, not believed.
//!
//! The address to which such a page comes back says when its request was first seen, under a tag that only this provider can
//! make and that holds for this very request. Whoever then signs in or chooses is named in it, under the tag, too: only that
//! session is the answer, and only to this request, whatever other tabs do meanwhile. So neither going back nor leaving a
//! parameter out gets anybody past the question (OpenID Connect Core section 3.1.2.1, `prompt=login` and `max_age`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::server::domain::session::Session;
use crate::server::oauth::parameters::Parameters;
use crate::server::oauth::provider::Provider;
use crate::server::platform::clock::from_micros;

const PARAMETER: &str = "asked_at";
const PURPOSE: &str = "the moment of an authorization request";
/// How long a sign-in page may stand open.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// A request that was asked about.
#[derive(Clone, Copy)]
pub struct Mark {
    asked_at: DateTime<Utc>,
    /// The session that the person named: by signing in, or by choosing.
    pub answer: Option<Uuid>,
}

impl Mark {
    /// Whether the user signed in when asked to.
    pub fn is_fresh(&self, session: &Session) -> bool {
        self.answer.is_some() && !session.is_impersonation() && session.created_at >= self.asked_at
    }
}

/// The request as query text, marked with the moment of now. What is in `without` is left out.
pub fn marked(provider: &Provider, parameters: &Parameters, without: &[&str]) -> String {
    let without = [without, &[PARAMETER]].concat();
    with_mark(provider, parameters, &without, &Mark { asked_at: provider.state.now(), answer: None })
}

/// The path of a request that a page asked about, with the person's answer; as it is where nothing was asked.
pub fn answered(provider: &Provider, path: &str, session_id: Uuid) -> String {
    let Some((base, query)) = path.split_once('?') else { return path.to_owned() };
    let parameters = Parameters::of_query(query);
    let Some(mark) = mark(provider, &parameters) else { return path.to_owned() };
    let mark = Mark { answer: Some(session_id), ..mark };
    format!("{base}?{}", with_mark(provider, &parameters, &[PARAMETER], &mark))
}

/// What the request says of having been asked about, where that is true and not too long ago.
pub fn mark(provider: &Provider, parameters: &Parameters) -> Option<Mark> {
    let (said, presented) = parameters.get(PARAMETER)?.rsplit_once('.')?;
    let (micros, answer) = match said.split_once('.') {
        Some((micros, answer)) => (micros, Some(Uuid::try_parse(answer).ok()?)),
        None => (said, None),
    };
    let mark = Mark { asked_at: from_micros(micros.parse().ok()?), answer };
    let presented = URL_SAFE_NO_PAD.decode(presented).ok()?;
    let expected = tag(provider, &parameters.without(&[PARAMETER]), &mark);
    let in_time = provider.state.now() - mark.asked_at <= LIFETIME;
    (bool::from(expected.ct_eq(&presented)) && in_time).then_some(mark)
}

/// The text is as it was sent, the tag is over what it means: browsers write the same in more than one way.
fn with_mark(provider: &Provider, parameters: &Parameters, without: &[&str], mark: &Mark) -> String {
    let tag = URL_SAFE_NO_PAD.encode(tag(provider, &parameters.without(without), mark));
    format!("{}&{PARAMETER}={}.{tag}", parameters.as_sent_without(without), said(mark, '.'))
}

fn said(mark: &Mark, separator: char) -> String {
    let asked_at = mark.asked_at.timestamp_micros();
    mark.answer.map_or(asked_at.to_string(), |session_id| format!("{asked_at}{separator}{session_id}"))
}

/// A query has no space in it: with an answer there is one part more.
fn tag(provider: &Provider, query: &str, mark: &Mark) -> Vec<u8> {
    let text = format!("{} {} {query}", provider.environment.id, said(mark, ' '));
    provider.state.keyring.tag(PURPOSE, text.as_bytes())
}
