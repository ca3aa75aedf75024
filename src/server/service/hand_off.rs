//! The hand-off: one use of a code that carries an impersonation from the portal into a browser tab.
//!
//! The code alone is worth nothing: whoever presents it must also be the operator who started, in the same browser, or,
//! where the application signs its users in itself, that application.

use uuid::Uuid;

use super::audit::{self, Event};
use super::caller::{Client, Operator};
use super::session;
use crate::model::audit::{Severity, action};
use crate::model::session::EndReason;
use crate::server::db::application::{self, ApplicationRow};
use crate::server::db::grant::{self, HandOffCodeRow, NewSessionCookie};
use crate::server::db::session::{self as session_table, StandingRow};
use crate::server::db::{Conn, Tx};
use crate::server::error::ServiceResult;
use crate::server::secret::SecretKind;
use crate::server::state::AppState;

/// Who presents a hand-off code.
#[derive(Clone, Copy)]
pub enum Presenter<'a> {
    /// A browser tab, and the operator who is signed in to the portal in that browser.
    Browser(Option<&'a Operator>),
    /// An application that trades the code at the token endpoint.
    Application(&'a ApplicationRow),
}

/// An impersonation that has reached its tab.
#[derive(Debug)]
pub struct Opened {
    pub session: StandingRow,
    pub application: ApplicationRow,
    /// The secret of the session cookie, bound to `application`, where a browser opened it.
    pub cookie: Option<String>,
}

/// Why a code was refused. All but `Unknown` are in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unknown,
    Replayed,
    Expired,
    /// Not the browser in which the operator started it.
    ForeignOperator,
    /// Not the application for which it was made.
    ForeignApplication,
    /// Presented by a browser though the application signs its users in itself, or by an application that does not.
    OtherLoginMethod,
    /// The impersonation is over.
    Ended(EndReason),
}

impl Refusal {
    fn sentence(self) -> &'static str {
        match self {
            Self::Unknown => "the code is unknown",
            Self::Replayed => "the code was used already",
            Self::Expired => "the code was older than 60 seconds",
            Self::ForeignOperator => "the browser is not signed in to the portal as the operator who started it",
            Self::ForeignApplication => "another application presented the code",
            Self::OtherLoginMethod => "the code is for the other way of signing in",
            Self::Ended(_) => "the impersonation is over",
        }
    }
}

/// Redeems a code: once, within its time, for its operator or application only. Gives the opened session or, after the
/// audit row is written, why it was refused.
pub async fn redeem(
    state: &AppState,
    environment_id: Uuid,
    code: &str,
    presenter: Presenter<'_>,
    client: &Client,
) -> ServiceResult<Result<Opened, Refusal>> {
    if SecretKind::HandOffCode.hash_of(code).is_none() {
        return Ok(Err(Refusal::Unknown));
    }
    let mut tx = state.db.write().await?;
    let outcome = redeem_in(state, &mut tx, environment_id, code, presenter, client).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// [`redeem`] inside a transaction that goes on to use the session. The caller commits it, also after a refusal: then it
/// holds the audit row.
pub async fn redeem_in(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    code: &str,
    presenter: Presenter<'_>,
    client: &Client,
) -> ServiceResult<Result<Opened, Refusal>> {
    let Some(code_hash) = SecretKind::HandOffCode.hash_of(code) else { return Ok(Err(Refusal::Unknown)) };
    let Some((row, session, application)) = find(tx, environment_id, &code_hash).await? else {
        return Ok(Err(Refusal::Unknown));
    };
    let outcome = match check(state, &row, &session, &application, presenter) {
        Some(refusal) => Err(refusal),
        None => open(state, tx, &code_hash, session.clone(), application, presenter, client).await?,
    };
    if let Err(refusal) = &outcome {
        if let Refusal::Ended(_) = refusal {
            // Ends it in this transaction where its end was due but not yet written.
            session::live_in(state, tx, environment_id, session.id).await?;
        }
        let event = Event::new(
            environment_id,
            action::HAND_OFF_REFUSED,
            Severity::High,
            format!("A hand-off to {} was refused: {}", session.user_name, refusal.sentence()),
        )
        .in_session(&session)
        .from(client);
        let event = match presenter {
            Presenter::Browser(Some(operator)) => event.by_operator(operator),
            Presenter::Browser(None) => event,
            Presenter::Application(application) => event.by_application(application.id, &application.name),
        };
        audit::record(state, tx, event).await?;
    }
    Ok(outcome)
}

async fn find(
    conn: &mut Conn,
    environment_id: Uuid,
    code_hash: &[u8],
) -> ServiceResult<Option<(HandOffCodeRow, StandingRow, ApplicationRow)>> {
    let Some(row) = grant::hand_off(conn, code_hash).await? else { return Ok(None) };
    let session = session_table::standing(conn, environment_id, row.session_id).await?;
    let application = application::by_id(conn, row.application_id).await?;
    Ok(session.zip(application).map(|(session, application)| (row, session, application)))
}

/// What stands against the presenter, the code and the session, in this order: a stranger learns nothing of the rest.
fn check(
    state: &AppState,
    row: &HandOffCodeRow,
    session: &StandingRow,
    application: &ApplicationRow,
    presenter: Presenter<'_>,
) -> Option<Refusal> {
    let now = state.now();
    match presenter {
        Presenter::Browser(operator) => {
            let presented = operator.map(|operator| operator.session_id);
            if presented.is_none() || presented != row.operator_session_id {
                return Some(Refusal::ForeignOperator);
            }
        }
        Presenter::Application(presenting) if presenting.id != row.application_id => {
            return Some(Refusal::ForeignApplication);
        }
        Presenter::Application(_) => {}
    }
    if application.is_embedded() != matches!(presenter, Presenter::Application(_)) {
        return Some(Refusal::OtherLoginMethod);
    }
    if row.redeemed_at.is_some() {
        return Some(Refusal::Replayed);
    }
    if now >= row.expires_at {
        return Some(Refusal::Expired);
    }
    session.end_due(now).map(Refusal::Ended)
}

async fn open(
    state: &AppState,
    tx: &mut Tx,
    code_hash: &[u8],
    session: StandingRow,
    application: ApplicationRow,
    presenter: Presenter<'_>,
    client: &Client,
) -> ServiceResult<Result<Opened, Refusal>> {
    let now = state.now();
    if !grant::redeem_hand_off(tx, code_hash, now).await? {
        return Ok(Err(Refusal::Replayed));
    }
    let cookie = match presenter {
        Presenter::Browser(_) => {
            let (cookie, secret_hash) = SecretKind::SessionCookie.generate(state.random.as_ref());
            let row = NewSessionCookie {
                secret_hash: &secret_hash,
                session_id: session.id,
                application_id: Some(application.id),
                now,
                expires_at: session.expires_at,
            };
            grant::insert_session_cookie(tx, &row).await?;
            Some(cookie)
        }
        Presenter::Application(_) => None,
    };
    let operator = session.acting_operator();
    let event = Event::new(
        session.environment_id,
        action::IMPERSONATION_OPENED,
        Severity::Info,
        format!(
            "{} opened {} as {}",
            session.operator_name.as_deref().unwrap_or_default(),
            application.name,
            session.user_name
        ),
    )
    .in_session(&session)
    .from(client);
    let event = match &operator {
        Some(operator) => event.by_operator(operator),
        None => event,
    };
    audit::record(state, tx, event).await?;
    Ok(Ok(Opened { session, application, cookie }))
}

impl StandingRow {
    /// The operator of an impersonation, as whom things are done that the user did not do.
    pub fn acting_operator(&self) -> Option<Operator> {
        Some(Operator {
            id: self.operator_id?,
            email: self.operator_email.clone()?,
            name: self.operator_name.clone()?,
            session_id: Uuid::nil(),
        })
    }
}
