//! Links with which users choose a password: the way in for whom an import brought without one.
//!
//! Whoever has the link can become the user, so it is made by an administrator, sent to the user's own address, works once, and
//! its use is an event of its own.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::session::EndReason;
use crate::server::crypto::password::{MAX_BYTES, MIN_LENGTH, PasswordQueue, may_be_chosen};
use crate::server::crypto::secret::SecretKind;
use crate::server::db::password_link as table;
use crate::server::db::user::{self, UserRecord};
use crate::server::db::{Tx, settings};
use crate::server::domain::actor::Actor;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text;
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::{Caller, Origin};
use crate::server::service::registry::users;
use crate::server::service::session;
use crate::server::state::AppState;

/// What a link is for, which decides how long it works, unless it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The way in for whom somebody made without a password.
    Invitation,
    /// Another password in place of one that was forgotten.
    Reset,
}

impl Purpose {
    pub fn lifetime(self) -> TimeDelta {
        match self {
            Self::Invitation => TimeDelta::hours(72),
            Self::Reset => TimeDelta::hours(1),
        }
    }
}

pub struct Link {
    /// Goes into the link's address, and is nowhere else: only its hash is stored.
    pub code: String,
    pub expires_at: DateTime<Utc>,
    pub user_name: String,
    pub email: String,
}

impl Link {
    /// Where the user chooses a password.
    pub fn address(&self, caller: &Caller) -> String {
        format!("{}/password?link={}", caller.state.issuer(&caller.environment), self.code)
    }
}

/// Makes a link for a user; an earlier one of theirs works no more.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but whoever administers the server, [`ServiceError::Invalid`] for the field `email` where
/// the environment has no such user, or a locked one: a link would not let them in.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn make(caller: &Caller, email: &str) -> ServiceResult<Link> {
    caller.require_system()?;
    let Caller { state, environment, .. } = caller;
    let mut tx = state.db.write().await?;
    let Some(row) = users::by_email(&mut tx, environment.id, email).await? else {
        let message = format!("there is no user {} in {}", text::spelling(email), environment.slug);
        return Err(ServiceError::invalid("email", message));
    };
    let link = make_in(caller, &mut tx, row, Purpose::Invitation).await?;
    tx.commit().await?;
    Ok(link)
}

/// Makes a link for a user whom an administrator looks at; an earlier one of theirs works no more.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin, and for Admin where the user holds a
/// protected permission, [`ServiceError::Invalid`] for the field `email` where the user is locked.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn make_for(caller: &Caller, user_id: Uuid, purpose: Purpose) -> ServiceResult<Link> {
    caller.require(Roles::can_administer)?;
    let mut tx = caller.state.db.write().await?;
    let row = user::held(&mut tx, caller.environment.id, user_id).await?.ok_or(ServiceError::NotFound)?;
    if !caller.roles.can_unprotect() && settings::is_protected(&mut tx, caller.environment.id, user_id).await? {
        return Err(ServiceError::Forbidden);
    }
    let link = make_in(caller, &mut tx, row, purpose).await?;
    tx.commit().await?;
    Ok(link)
}

async fn make_in(caller: &Caller, tx: &mut Tx, row: UserRecord, purpose: Purpose) -> ServiceResult<Link> {
    let Caller { state, environment, .. } = caller;
    if row.locked_at.is_some() {
        return Err(ServiceError::invalid("email", format!("{} is locked: unlock the user first", row.email)));
    }
    let now = state.now();
    let expires_at = now + purpose.lifetime();
    let (code, code_hash) = SecretKind::PasswordLink.generate(state.random.as_ref());
    table::replace(tx, row.id, &code_hash, now, expires_at).await?;
    let sentence = format!("A link was made with which {} can choose a password", row.name);
    let event = Event::of(environment.id, action::USER_PASSWORD_LINK_MADE, sentence)
        .by(&caller.actor)
        .about_user(row.id, &row.name, &row.email)
        .from(&caller.origin);
    audit::record(state, tx, event).await?;
    Ok(Link { code, expires_at, user_name: row.name, email: row.email })
}

/// The user to whom a link belongs, where it still works and would let them in. Looking uses nothing up: mail programs look at links, too.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn holder(state: &AppState, environment_id: Uuid, code: &str) -> ServiceResult<Option<UserRecord>> {
    let Some(code_hash) = SecretKind::PasswordLink.hash_of(code) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    let Some(id) = table::user_of(&mut conn, environment_id, &code_hash, state.now()).await? else { return Ok(None) };
    Ok(user::by_id(&mut conn, environment_id, id).await?.filter(|row| row.locked_at.is_none()))
}

/// Stores the password that the holder of a link chose, and uses the link up. The user's address counts as verified from
/// then on, and the user's own sessions are over (ASVS 7.4.3), however many there are; impersonations, which no password
/// began, go on. The newest of them end here; the rest, which may go on no more either, are ended by a timer, so that a user
/// with any number of them can choose a password and keeps nobody's write waiting.
///
/// # Errors
/// [`ServiceError::NotFound`] where the link does not work; [`ServiceError::Invalid`] for the field `password` and
/// [`ServiceError::Busy`]: then the link still works.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn choose(
    state: &AppState,
    environment_id: Uuid,
    code: &str,
    password: &str,
    origin: &Origin,
) -> ServiceResult<()> {
    let code_hash = SecretKind::PasswordLink.hash_of(code).ok_or(ServiceError::NotFound)?;
    if holder(state, environment_id, code).await?.is_none() {
        return Err(ServiceError::NotFound);
    }
    if !may_be_chosen(password) {
        let message =
            format!("Choose a password of at least {MIN_LENGTH} characters, and of at most {MAX_BYTES} bytes.");
        return Err(ServiceError::invalid("password", message));
    }
    let turn = state.passwords.turn(PasswordQueue::Hosted).await?;
    // Whoever posted it before may have used it up meanwhile: of many with one link, a few are worked for.
    if holder(state, environment_id, code).await?.is_none() {
        return Err(ServiceError::NotFound);
    }
    let hash = turn.hash(password).await?;
    let mut tx = state.db.write().await?;
    let id = table::user_of(&mut tx, environment_id, &code_hash, state.now()).await?.ok_or(ServiceError::NotFound)?;
    // Held before the time is asked for: whoever is signing in with the password of before comes first, and is older.
    let row = user::held(&mut tx, environment_id, id).await?.ok_or(ServiceError::NotFound)?;
    if row.locked_at.is_some() || !table::use_up(&mut tx, &code_hash, state.now()).await? {
        return Err(ServiceError::NotFound);
    }
    user::set_password(&mut tx, row.id, &hash, state.now()).await?;
    let event =
        Event::of(environment_id, action::USER_PASSWORD_SET, format!("{} chose a password by a link", row.name))
            .by(&Actor::user(row.id, &row.name))
            .about_user(row.id, &row.name, &row.email)
            .from(origin);
    audit::record(state, &mut tx, event).await?;
    let (reason, by) = (EndReason::PasswordChanged, Actor::user(row.id, &row.name));
    session::end_own_in(state, &mut tx, row.id, session::AT_ONCE, reason, &by, origin).await?;
    tx.commit().await?;
    Ok(())
}
