//! The hand-off: one use of a code that carries an impersonation from the portal into a browser tab.
//!
//! The code alone is worth nothing: whoever presents it must also be the operator who started, in the same browser, or,
//! where the application signs its users in itself, that application. Such an application gets the code in its address,
//! which logs and histories keep. One with a secret proves itself by that. One without, a page, has the operator's browser
//! come to us first, which knows it by the portal's cookie: [`claim`] takes the code and gives another one, which only
//! works together with what that page alone knows (RFC 7636). So does the tab of an environment that has a host name of its
//! own, where there is no portal's cookie.

mod refusal;

use std::fmt;

use uuid::Uuid;

use crate::model::audit::{Severity, action};
use crate::server::crypto::pkce;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::credential::{self, HandOffCode, NewHandOffCode};
use crate::server::db::{Conn, Tx, application, environment, session as session_table};
use crate::server::domain::actor::{Actor, Operator};
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Origin;
use crate::server::service::session::{self, IN_A_HURRY, browser};
use crate::server::state::AppState;

pub use refusal::HandOffRefusal;

/// Who presents a hand-off code.
#[derive(Clone, Copy)]
pub enum Presenter<'a> {
    /// A browser tab, the operator who is signed in to the portal in that browser, and the provider's cookie there.
    Browser(Option<&'a Operator>, Option<&'a str>),
    /// A browser tab at the environment's own host name, which the portal's cookie does not reach, with the verifier of the
    /// challenge for which it got the code in the operator's browser, and the provider's cookie.
    Tab { code_verifier: Option<&'a str>, cookie: Option<&'a str> },
    /// An application that has proven itself and trades the code.
    Application(&'a Application),
    /// A page of an application that cannot prove itself, with the verifier of the challenge for which it got the code.
    Page { application: &'a Application, code_verifier: Option<&'a str> },
}

impl Presenter<'_> {
    fn actor(self) -> Actor {
        match self {
            Self::Browser(Some(operator), _) => Actor::Operator(operator.clone()),
            Self::Browser(None, _) | Self::Tab { .. } => Actor::System,
            Self::Application(application) | Self::Page { application, .. } => {
                Actor::client(application.id, &application.name)
            }
        }
    }
}

/// An impersonation that has reached its tab.
pub struct Opened {
    pub session: Session,
    pub application: Application,
    /// The cookie by which the browser that opened it is known from now on.
    pub cookie: Option<String>,
}

/// Without the cookie, which is as good as the session.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("session", &self.session.id).finish_non_exhaustive()
    }
}

/// Redeems a code: once, within its time, for its operator or application only. Gives the opened session or, after the
/// audit row is written, why it was refused.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn redeem(
    state: &AppState,
    environment_id: Uuid,
    code: &str,
    presenter: Presenter<'_>,
    origin: &Origin,
) -> ServiceResult<Result<Opened, HandOffRefusal>> {
    if SecretKind::HandOffCode.hash_of(code).is_none() {
        return Ok(Err(unknown(state, environment_id)));
    }
    let mut tx = state.db.write().await?;
    let outcome = redeem_in(state, &mut tx, environment_id, code, presenter, origin).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// [`redeem`] inside a transaction that goes on to use the session. The caller commits it, also after a refusal: then it
/// holds the audit row.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn redeem_in(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    code: &str,
    presenter: Presenter<'_>,
    origin: &Origin,
) -> ServiceResult<Result<Opened, HandOffRefusal>> {
    let Some(code_hash) = SecretKind::HandOffCode.hash_of(code) else { return Ok(Err(unknown(state, environment_id))) };
    let Some((row, session, application)) = find(tx, environment_id, &code_hash).await? else {
        return Ok(Err(unknown(state, environment_id)));
    };
    let outcome = match check(state, &row, &session, &application, presenter) {
        Some(refusal) => Err(refusal),
        None => {
            let code = Code { hash: &code_hash, operator_session_id: row.operator_session_id };
            open(state, tx, &code, session.clone(), application, presenter, origin).await?
        }
    };
    match outcome {
        Ok(_) => state.metrics.hand_off("redeemed"),
        Err(refusal) => {
            let refused = Refused { code_hash: &code_hash, row: &row, session: &session, presenter };
            write_down(state, tx, refusal, &refused, origin).await?;
        }
    }
    Ok(outcome)
}

/// A code that nobody was given, or that was forgotten long ago: anybody can make one up, so it is told and counted, and not
/// written down.
pub fn unknown(state: &AppState, environment_id: Uuid) -> HandOffRefusal {
    let refusal = HandOffRefusal::Unknown;
    state.metrics.hand_off(refusal.word());
    if let Some(left_out) = state.lines.of_hand_offs.next(state.clock.monotonic()) {
        tracing::info!(environment = %environment_id, reason = refusal.word(), left_out, "a hand-off was refused");
    }
    refusal
}

/// A code that somebody presented in vain.
struct Refused<'a> {
    code_hash: &'a [u8],
    row: &'a HandOffCode,
    session: &'a Session,
    presenter: Presenter<'a>,
}

/// Writes down that a code was refused, once for each reason: a tab that is loaded anew again and again says nothing new.
async fn write_down(
    state: &AppState,
    tx: &mut Tx,
    refusal: HandOffRefusal,
    refused: &Refused<'_>,
    origin: &Origin,
) -> ServiceResult<()> {
    let Refused { code_hash, row, session, presenter } = *refused;
    if let HandOffRefusal::Ended(_) = refusal {
        // Ends it in this transaction where its end was due but not yet written.
        session::live_in(state, tx, session.environment_id, session.id).await?;
    }
    if !credential::note_refusal(tx, code_hash, refusal.word()).await? {
        return Ok(());
    }
    state.metrics.hand_off(refusal.word());
    tracing::info!(session = %session.id, user = %session.user_id, reason = refusal.word(), "a hand-off was refused");
    let severity = severity(state, refusal, row, session, presenter);
    let sentence = format!("A hand-off to {} was refused: {}", session.user_name, refusal.sentence());
    let event = Event::new(session.environment_id, action::HAND_OFF_REFUSED, severity, sentence);
    audit::record(state, tx, event.by(&presenter.actor()).in_session(session).from(origin)).await
}

/// A code that only the page which asked for it can trade, and where that page is.
pub struct Claimed {
    pub code: String,
    pub application: Application,
}

/// Takes the code of an application that signs its users in itself out of the hands of all who may have read it: from the
/// browser of the operator who started, and only from there, it is changed for one that is bound to `code_challenge`, the
/// S256 challenge of the page that sent the browser here. The new one lives no longer than the old one would have. At a host
/// name of its own the environment's provider is such a page itself, for all applications.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn claim(
    state: &AppState,
    environment_id: Uuid,
    code: &str,
    code_challenge: &str,
    operator: Option<&Operator>,
    origin: &Origin,
) -> ServiceResult<Result<Claimed, HandOffRefusal>> {
    let Some(code_hash) = SecretKind::HandOffCode.hash_of(code) else { return Ok(Err(unknown(state, environment_id))) };
    let mut tx = state.db.write().await?;
    let Some((row, session, application)) = find(&mut tx, environment_id, &code_hash).await? else {
        return Ok(Err(unknown(state, environment_id)));
    };
    let is_claimed = application.is_embedded() || environment::has_host(&mut tx, environment_id).await?;
    let refusal = match operator {
        None => Some(HandOffRefusal::NoOperator),
        Some(operator) if Some(operator.session_id) != row.operator_session_id => Some(HandOffRefusal::ForeignOperator),
        Some(_) if !is_claimed => Some(HandOffRefusal::OtherLoginMethod),
        Some(_) => spent(state, &row, &session),
    };
    let refusal = match refusal {
        None if credential::redeem_hand_off(&mut tx, &code_hash, state.now()).await? => None,
        None => Some(HandOffRefusal::Replayed),
        refusal => refusal,
    };
    if let Some(refusal) = refusal {
        let presenter = Presenter::Browser(operator, None);
        let refused = Refused { code_hash: &code_hash, row: &row, session: &session, presenter };
        write_down(state, &mut tx, refusal, &refused, origin).await?;
        tx.commit().await?;
        return Ok(Err(refusal));
    }
    let (code, code_hash) = SecretKind::HandOffCode.generate(state.random.as_ref());
    let successor = NewHandOffCode {
        code_hash: &code_hash,
        session_id: session.id,
        application_id: application.id,
        operator_session_id: row.operator_session_id,
        now: state.now(),
        expires_at: row.expires_at,
    };
    credential::insert_hand_off(&mut tx, &successor).await?;
    credential::challenge_hand_off(&mut tx, &code_hash, code_challenge).await?;
    tx.commit().await?;
    Ok(Ok(Claimed { code, application }))
}

/// A mishap of whoever may have the code is no alarm: a tab loaded anew, a link that lay too long, the portal opened under
/// another name than its own, a page that runs twice. That somebody else has the code is.
fn severity(
    state: &AppState,
    refusal: HandOffRefusal,
    row: &HandOffCode,
    session: &Session,
    presenter: Presenter<'_>,
) -> Severity {
    let in_a_hurry = row.redeemed_at.is_some_and(|redeemed_at| state.now() <= redeemed_at + IN_A_HURRY);
    match (refusal, presenter) {
        // The same person, signed in once more since.
        (HandOffRefusal::ForeignOperator, Presenter::Browser(Some(operator), _))
            if Some(operator.id) == session.operator_id =>
        {
            Severity::Info
        }
        (HandOffRefusal::ForeignOperator | HandOffRefusal::ForeignApplication, _) => Severity::High,
        (HandOffRefusal::Replayed, Presenter::Application(_) | Presenter::Page { .. }) if !in_a_hurry => Severity::High,
        (HandOffRefusal::NoProof, _) => Severity::Medium,
        _ => Severity::Info,
    }
}

async fn find(
    conn: &mut Conn,
    environment_id: Uuid,
    code_hash: &[u8],
) -> ServiceResult<Option<(HandOffCode, Session, Application)>> {
    let Some(row) = credential::hand_off(conn, code_hash).await? else { return Ok(None) };
    let session = session_table::standing(conn, environment_id, row.session_id).await?;
    let application = application::by_id(conn, environment_id, row.application_id).await?;
    Ok(session.zip(application).map(|(session, application)| (row, session, application)))
}

/// What stands against the presenter, the code and the session, in this order: a stranger learns nothing of the rest.
fn check(
    state: &AppState,
    row: &HandOffCode,
    session: &Session,
    application: &Application,
    presenter: Presenter<'_>,
) -> Option<HandOffRefusal> {
    match presenter {
        Presenter::Browser(operator, _) => {
            let Some(operator) = operator else { return Some(HandOffRefusal::NoOperator) };
            if Some(operator.session_id) != row.operator_session_id {
                return Some(HandOffRefusal::ForeignOperator);
            }
        }
        Presenter::Application(presenting) | Presenter::Page { application: presenting, .. }
            if presenting.id != row.application_id =>
        {
            return Some(HandOffRefusal::ForeignApplication);
        }
        Presenter::Tab { .. } if row.operator_session_id.is_none() => return Some(HandOffRefusal::NoOperator),
        Presenter::Application(_) | Presenter::Page { .. } | Presenter::Tab { .. } => {}
    }
    if application.is_embedded() == matches!(presenter, Presenter::Browser(..) | Presenter::Tab { .. }) {
        return Some(HandOffRefusal::OtherLoginMethod);
    }
    let proves = |verifier| row.code_challenge.as_deref().is_some_and(|challenge| pkce::proves(challenge, verifier));
    let is_proven = match presenter {
        Presenter::Page { code_verifier, .. } => proves(code_verifier),
        // A tab that is loaded anew after a while has lost its word, and its code is worth nothing any more.
        Presenter::Tab { code_verifier, .. } => proves(code_verifier) || is_spent(state, row),
        Presenter::Application(application) => !application.is_public(),
        Presenter::Browser(..) => true,
    };
    if !is_proven {
        return Some(HandOffRefusal::NoProof);
    }
    spent(state, row, session)
}

fn is_spent(state: &AppState, row: &HandOffCode) -> bool {
    row.redeemed_at.is_some() || state.now() >= row.expires_at
}

/// What stands against the code and the session, whoever presents it.
fn spent(state: &AppState, row: &HandOffCode, session: &Session) -> Option<HandOffRefusal> {
    let now = state.now();
    if row.redeemed_at.is_some() {
        return Some(HandOffRefusal::Replayed);
    }
    if now >= row.expires_at {
        return Some(HandOffRefusal::Expired);
    }
    session.end_due(now).map(HandOffRefusal::Ended)
}

/// A code that holds.
struct Code<'a> {
    hash: &'a [u8],
    /// The portal session in which it was made.
    operator_session_id: Option<Uuid>,
}

async fn open(
    state: &AppState,
    tx: &mut Tx,
    code: &Code<'_>,
    session: Session,
    application: Application,
    presenter: Presenter<'_>,
    origin: &Origin,
) -> ServiceResult<Result<Opened, HandOffRefusal>> {
    let browser = match presenter {
        Presenter::Browser(Some(operator), cookie) => Some((cookie, operator.session_id)),
        Presenter::Tab { cookie, .. } => code.operator_session_id.map(|id| (cookie, id)),
        Presenter::Browser(None, _) | Presenter::Application(_) | Presenter::Page { .. } => None,
    };
    let environment_id = session.environment_id;
    if let Some((cookie, operator_session_id)) = browser
        && let Some(id) = browser::found_by_hand_off(state, tx, environment_id, cookie, operator_session_id).await?
        && browser::is_full(state, tx, id).await?
    {
        return Ok(Err(HandOffRefusal::BrowserFull));
    }
    if !credential::redeem_hand_off(tx, code.hash, state.now()).await? {
        return Ok(Err(HandOffRefusal::Replayed));
    }
    let mut cookie = None;
    if let Some((before, operator_session_id)) = browser {
        // Whoever knew the browser's cookie before does not get the impersonation by it. A refusal changes no cookie: only
        // what was opened brings the browser the new one.
        let jar = browser::jar_of_hand_off(state, tx, environment_id, before, operator_session_id).await?;
        browser::hold(state, tx, jar.browser_id, session.id, Some(application.id)).await?;
        cookie = Some(jar.cookie);
    }
    let event = Event::of(
        session.environment_id,
        action::IMPERSONATION_OPENED,
        format!(
            "{} opened {} as {}",
            session.operator_name.as_deref().unwrap_or_default(),
            application.name,
            session.user_name
        ),
    )
    .by(&Actor::acting_in(&session))
    .in_session(&session)
    .from(origin);
    audit::record(state, tx, event).await?;
    Ok(Ok(Opened { session, application, cookie }))
}
