//! How every grant ends: a refresh token where one may be given, about whom the tokens speak, and the commit of it all.

use uuid::Uuid;

use super::{Granted, TokenError, TokenResult, may_refresh, subject_in};
use crate::server::crypto::secret::SecretKind;
use crate::server::db::credential::{self, NewRefreshToken};
use crate::server::db::{Tx, session as session_table};
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceError;
use crate::server::service::caller::Origin;
use crate::server::service::session;
use crate::server::state::AppState;

/// Refresh tokens that a browser's cookie gave and that were never used, at most: as many tabs may be open at once.
const TABS: i64 = 100;

/// The request is wrong, not the grant: the session goes on in the account in which it was.
const NO_ACCOUNT: TokenError = TokenError::request("tenantId is no account that this session can switch to");

/// What a client trades for tokens, and what is used up by that.
#[derive(Clone, Copy)]
pub enum Spent<'a> {
    /// An authorization code, by its hash. To bring it is no use of the session: that was to ask for it.
    Code(&'a [u8]),
    /// A refresh token, by its hash.
    RefreshToken(&'a [u8]),
}

/// What a grant gives, besides what the session says.
#[derive(Default)]
pub struct Wanted<'a> {
    /// The scope of the access token.
    pub scope: String,
    /// The scope of the refresh token, where it is another one.
    pub lasting_scope: Option<&'a str>,
    pub nonce: Option<String>,
    /// Whether a refresh token is wanted too; a session that may not have one gets none.
    pub with_refresh_token: bool,
    /// The family that the tokens join, in place of one of their own.
    pub family_id: Option<Uuid>,
    pub spent: Option<Spent<'a>>,
    /// The authorization code that began the family.
    pub code_hash: Option<&'a [u8]>,
    /// External id of the account that was asked for.
    pub tenant_id: Option<&'a str>,
}

/// Gives `application` tokens of the session, uses up what they are given for, and commits what led to them. From now on the
/// application is told of the session's end: whoever ends the session waits for this transaction, or came first, and then there
/// are no tokens.
///
/// # Errors
/// [`TokenError::Grant`] where no account of the user has the application, or the session has ended; [`TokenError::Request`]
/// where that account is not the one that was asked for: then nothing has happened.
pub async fn conclude(
    state: &AppState,
    mut tx: Tx,
    session: Session,
    application: &Application,
    wanted: Wanted<'_>,
) -> TokenResult<Granted> {
    let subject = subject_in(&mut tx, session, application).await?;
    let subject = subject.ok_or(TokenError::grant("no account of the user has this application"))?;
    if wanted.tenant_id.is_some_and(|tenant_id| tenant_id != subject.tenant_id) {
        return Err(NO_ACCOUNT);
    }
    let (session, now) = (&subject.session, state.now());
    let mut batch = tx.batch();
    let is_use = !matches!(wanted.spent, Some(Spent::Code(_)));
    if is_use {
        // The first of them: it tells whether the session runs.
        session_table::put_touch(batch.add(), session.id, now);
    }
    let parent_hash = match wanted.spent {
        Some(Spent::Code(code_hash)) => {
            credential::put_redemption(batch.add(), code_hash, now);
            None
        }
        Some(Spent::RefreshToken(token_hash)) => {
            credential::put_rotation(batch.add(), token_hash, now);
            Some(token_hash)
        }
        None => None,
    };
    session_table::put_application(batch.add(), session.id, application.id, now);
    let (refresh_token, family_id) = if wanted.with_refresh_token && may_refresh(session, application) {
        let family_id = wanted.family_id.unwrap_or_else(|| state.new_id());
        let (text, token_hash) = SecretKind::RefreshToken.generate(state.random.as_ref());
        let token = NewRefreshToken {
            token_hash: &token_hash,
            parent_hash,
            family_id,
            session_id: session.id,
            application_id: application.id,
            code_hash: wanted.code_hash,
            scope: wanted.lasting_scope.unwrap_or(&wanted.scope),
            now,
            // It lives as long as its session.
            expires_at: session.expires_at,
        };
        if parent_hash.is_none() && wanted.family_id.is_some() {
            credential::put_deletion_of_old(batch.add(), family_id, TABS - 1);
        }
        credential::put_refresh_token(batch.add(), &token);
        (Some(text), Some(family_id))
    } else {
        (None, wanted.family_id)
    };
    let writes = batch.done();
    if is_use {
        let changed = tx.run(writes).await?;
        if changed.first() != Some(&1) {
            return Err(TokenError::grant("the session has ended").about(session));
        }
        tx.commit().await?;
    } else {
        tx.commit_with(writes).await?;
    }
    Ok(Granted { subject, scope: wanted.scope, nonce: wanted.nonce, refresh_token, family_id })
}

/// The session in the account that is asked for. To stay where one is changes nothing and is not written down.
pub async fn switched(
    state: &AppState,
    tx: &mut Tx,
    session: Session,
    tenant_id: Option<&str>,
    origin: &Origin,
) -> TokenResult<Session> {
    let Some(wanted) = tenant_id.filter(|wanted| session.account_external_id.as_deref() != Some(wanted)) else {
        return Ok(session);
    };
    match session::switch_account(state, tx, &session, wanted, origin).await {
        Err(ServiceError::NotFound) => Err(NO_ACCOUNT),
        outcome => Ok(outcome?),
    }
}
