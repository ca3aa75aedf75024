//! Authorization codes: issued to a session's application, redeemed once (RFC 6749 section 4.1, RFC 7636).

use uuid::Uuid;

use super::conclude::{Spent, Wanted, conclude};
use super::{CODE_LIFETIME, Granted, TokenError, TokenResult, live_for, subject_in};
use crate::model::audit::action;
use crate::model::session::EndReason;
use crate::server::crypto::pkce::{VERIFIER_LENGTH, verifier_fits};
use crate::server::crypto::secret::SecretKind;
use crate::server::db::credential::{self, AuthorizationCode, NewAuthorizationCode};
use crate::server::db::{Tx, session as session_table};
use crate::server::domain::actor::Actor;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Origin;
use crate::server::service::session::{self, IN_A_HURRY, browser};
use crate::server::state::AppState;

/// Characters of a code verifier at least, as one SDK sends it.
const SDK_VERIFIER_LENGTH: usize = 16;

/// What an authorization code is bound to.
pub struct CodeRequest<'a> {
    pub redirect_uri: &'a str,
    pub scope: &'a str,
    pub nonce: Option<&'a str>,
    /// S256 challenge.
    pub code_challenge: Option<&'a str>,
    /// The browser that brings the code to the application.
    pub browser_id: Option<Uuid>,
}

/// Why a session gives no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCode {
    /// The session is over.
    Ended,
    /// No account of the user has this application.
    NotAssigned,
}

/// Issues a code for `application` in the session.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn issue_code(
    state: &AppState,
    environment_id: Uuid,
    session_id: Uuid,
    application: &Application,
    request: &CodeRequest<'_>,
) -> ServiceResult<Result<String, NoCode>> {
    let mut tx = state.db.write().await?;
    let Some(session) = live_for(state, &mut tx, environment_id, session_id, application).await? else {
        tx.commit().await?;
        return Ok(Err(NoCode::Ended));
    };
    let Some(subject) = subject_in(&mut tx, session, application).await? else {
        return Ok(Err(NoCode::NotAssigned));
    };
    let (code, code_hash) = SecretKind::AuthorizationCode.generate(state.random.as_ref());
    let now = state.now();
    let row = NewAuthorizationCode {
        code_hash: &code_hash,
        session_id,
        application_id: application.id,
        redirect_uri: request.redirect_uri,
        scope: request.scope,
        nonce: request.nonce,
        code_challenge: request.code_challenge,
        now,
        expires_at: now + CODE_LIFETIME,
    };
    if session_table::touch(&mut tx, subject.session.id, now).await? == 0 {
        return Ok(Err(NoCode::Ended));
    }
    credential::insert_authorization_code(&mut tx, &row).await?;
    if let Some(browser_id) = request.browser_id {
        browser::note_use(state, &mut tx, browser_id, application.id, session_id).await?;
    }
    tx.commit().await?;
    Ok(Ok(code))
}

/// A code as a client presents it.
pub struct Redemption<'a> {
    pub code: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: Option<&'a str>,
}

/// Redeems a code: once, within its time, by its client, with its redirect URI and PKCE verifier.
///
/// # Errors
/// [`TokenError::Grant`] for everything that does not fit. A second use is audited and takes back what the first gave;
/// an impersonation ends. Not so where the same client sends the very same request again within 10 seconds: a page ran
/// twice, or an answer was lost, and nobody has the code who did not have it before.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn redeem_code(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    presented: &Redemption<'_>,
    origin: &Origin,
) -> TokenResult<Granted> {
    redeem(state, environment_id, application, presented, VERIFIER_LENGTH, origin).await
}

/// [`redeem_code`] for the Frontegg SDKs, whose verifiers have 16 characters of 62 where the standard wants 43. That is
/// 95 bits: little for the standard, and still nothing that anybody guesses within a code's minute.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn redeem_sdk_code(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    presented: &Redemption<'_>,
    origin: &Origin,
) -> TokenResult<Granted> {
    redeem(state, environment_id, application, presented, SDK_VERIFIER_LENGTH, origin).await
}

async fn redeem(
    state: &AppState,
    environment_id: Uuid,
    application: &Application,
    presented: &Redemption<'_>,
    verifier_length: usize,
    origin: &Origin,
) -> TokenResult<Granted> {
    const UNKNOWN: TokenError = TokenError::grant("the authorization code is unknown or was not issued to this client");
    let Some(code_hash) = SecretKind::AuthorizationCode.hash_of(presented.code) else { return Err(UNKNOWN) };
    let mut tx = state.db.write().await?;
    let row = credential::taken_authorization_code(&mut tx, &code_hash).await?;
    // Another client that has it is no reason to take anything from its own: anybody can say to be a public one.
    let row = row.filter(|row| row.application_id == application.id).ok_or(UNKNOWN)?;
    let session_id = row.session_id;
    let found = Found { code_hash: &code_hash, row, verifier_length };
    let outcome = redeem_found(state, tx, environment_id, application, presented, found, origin).await;
    outcome.map_err(|error| error.in_session(session_id))
}

/// A code that this client was given.
struct Found<'a> {
    code_hash: &'a [u8],
    row: AuthorizationCode,
    verifier_length: usize,
}

async fn redeem_found(
    state: &AppState,
    mut tx: Tx,
    environment_id: Uuid,
    application: &Application,
    presented: &Redemption<'_>,
    Found { code_hash, row, verifier_length }: Found<'_>,
    origin: &Origin,
) -> TokenResult<Granted> {
    let now = state.now();
    if let Some(redeemed_at) = row.redeemed_at {
        let same_request = presented.redirect_uri == Some(row.redirect_uri.as_str())
            && verifier_fits(row.code_challenge.as_deref(), presented.code_verifier, verifier_length);
        if same_request && row.replayed_at.is_none() && now <= redeemed_at + IN_A_HURRY {
            return Err(USED);
        }
        replayed(state, tx, environment_id, code_hash, &row, origin).await?;
        return Err(USED);
    }
    if now >= row.expires_at {
        return Err(TokenError::grant("the authorization code has expired"));
    }
    if presented.redirect_uri != Some(row.redirect_uri.as_str()) {
        return Err(TokenError::grant("redirect_uri is not the one of the authorization request"));
    }
    if !verifier_fits(row.code_challenge.as_deref(), presented.code_verifier, verifier_length) {
        return Err(TokenError::grant("code_verifier does not fit the authorization request"));
    }
    let Some(session) = session::live_in(state, &mut tx, environment_id, row.session_id).await? else {
        tx.commit().await?;
        return Err(TokenError::grant("the session has ended"));
    };
    // The code's issue was the use of the session: here it only must not end before the application is to be told.
    if !session_table::hold(&mut tx, session.id).await? {
        return Err(TokenError::grant("the session has ended"));
    }
    let wanted = Wanted {
        scope: row.scope,
        nonce: row.nonce,
        with_refresh_token: true,
        code_hash: Some(code_hash),
        spent: Some(Spent::Code(code_hash)),
        ..Wanted::default()
    };
    conclude(state, tx, session, application, wanted).await
}

const USED: TokenError = TokenError::grant("the authorization code was used already");

/// A code used twice was stolen, before or after: all that it gave is taken back (RFC 6749 section 4.1.2), and written down
/// once, however often it comes.
async fn replayed(
    state: &AppState,
    mut tx: Tx,
    environment_id: Uuid,
    code_hash: &[u8],
    row: &AuthorizationCode,
    origin: &Origin,
) -> ServiceResult<()> {
    let Some(session) = session_table::standing(&mut tx, environment_id, row.session_id).await? else { return Ok(()) };
    if !credential::note_replay(&mut tx, code_hash, state.now()).await? {
        return Ok(());
    }
    credential::revoke_of_code(&mut tx, code_hash, state.now()).await?;
    let event = Event::of(
        environment_id,
        action::AUTHORIZATION_CODE_REUSED,
        format!("An authorization code of {} was used a second time; its tokens were revoked", session.user_name),
    )
    .in_session(&session)
    .from(origin);
    audit::record(state, &mut tx, event).await?;
    end_impersonation(state, &mut tx, &session, origin).await?;
    tx.commit().await?;
    Ok(())
}

async fn end_impersonation(state: &AppState, tx: &mut Tx, session: &Session, origin: &Origin) -> ServiceResult<()> {
    if session.is_impersonation() {
        let reason = EndReason::AuthorizationCodeReused;
        session::end_in(state, tx, session, reason, &Actor::System, origin).await?;
    }
    Ok(())
}
