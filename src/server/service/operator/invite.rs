//! Links with which operators choose a password: whoever was invited, and whoever needs another one.
//!
//! Whoever has the link can become the operator, so it is shown once to who made it, works once, and its use is an event of its
//! own. Until then whoever was invited is disabled, roles and all.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::manage::{check_password, end_everything, known, lookalike, record};
use super::{SignedInOperator, end_replaced, open_session, table};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::session::EndReason;
use crate::model::validate::{Checks, FieldError};
use crate::server::crypto::password::PasswordQueue;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::operator::OperatorRecord;
use crate::server::db::operator::manage::{self as managed, ManagedOperator};
use crate::server::db::{Tx, environment};
use crate::server::domain::actor::{Actor, Operator};
use crate::server::domain::grants::Place;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text;
use crate::server::service::authority::Authority;
use crate::server::service::caller::{Origin, ServerCaller};
use crate::server::state::AppState;

/// How long an invitation's link works, unless it is used.
pub const INVITATION_LIFETIME: TimeDelta = TimeDelta::hours(72);
/// How long another password's link works.
pub const RESET_LIFETIME: TimeDelta = TimeDelta::hours(1);

/// Somebody who is to become an operator.
#[derive(Clone, Debug, Default)]
pub struct Invitation<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub roles: Vec<(Place, Roles)>,
}

/// A link, as it is shown once.
pub struct OperatorLink {
    /// Goes into the link's address, and is nowhere else: only its hash is stored.
    pub code: String,
    pub expires_at: DateTime<Utc>,
    pub operator_id: Uuid,
    pub name: String,
    pub email: String,
    /// Whether it is that of an invitation.
    pub is_invitation: bool,
}

/// Whom a link lets in.
#[derive(Clone, Debug)]
pub struct LinkHolder {
    pub name: String,
    pub email: String,
    pub is_invitation: bool,
}

/// Makes an operator who may sign in once a password was chosen by the link.
///
/// # Errors
/// [`ServiceError::Forbidden`] where the caller may not grant one of the roles, [`ServiceError::Invalid`] for what is wrong with
/// `email`, `name` and `roles`, of which there must be one.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn invite(caller: &ServerCaller, invitation: Invitation<'_>) -> ServiceResult<OperatorLink> {
    let state = &caller.state;
    let mut tx = state.db.write().await?;
    let authority = Authority::of(caller, &mut tx).await?;
    let granted: Vec<(Place, Roles)> = invitation.roles.into_iter().filter(|(_, roles)| !roles.is_empty()).collect();
    for (place, _) in &granted {
        authority.require_grant(*place)?;
        if let Some(id) = place {
            environment::by_id(&mut tx, *id).await?.ok_or(ServiceError::NotFound)?;
        }
    }
    let mut checks = Checks::default();
    let wrong = |field: &str, error| FieldError::new(field, format!("This {error}."));
    let email = text::email(invitation.email).map_err(|error| wrong("email", error));
    let email = match email {
        Ok(email) if lookalike(&mut tx, &email).await?.is_some() => Err(taken()),
        email => email,
    };
    let email = checks.check(email);
    let name = checks.check(text::name(invitation.name).map_err(|error| wrong("name", error)));
    if granted.is_empty() {
        checks.check::<()>(Err(FieldError::new("roles", "Choose a role at least.")));
    }
    checks.passed()?;
    let now = state.now();
    let row = OperatorRecord { id: state.new_id(), email, name, password_hash: String::new(), disabled_at: Some(now) };
    table::insert(&mut tx, &row, now).await.map_err(|error| error.or_taken(|| taken().into()))?;
    managed::set_invited(&mut tx, row.id, Some(now)).await?;
    let mut said = Vec::new();
    for (place, roles) in &granted {
        for role in roles.iter() {
            table::grant(&mut tx, state.new_id(), row.id, *place, role).await?;
        }
        said.push(roles.labels());
    }
    said.dedup();
    let sentence = format!("{} ({}) was invited to become an operator: {}", row.name, row.email, said.join("; "));
    record(caller, &mut tx, row.id, action::OPERATOR_INVITED, &sentence).await?;
    let row = known(&mut tx, row.id.into()).await?;
    let link = new_link(state, &mut tx, &row).await?;
    tx.commit().await?;
    Ok(link)
}

fn taken() -> FieldError {
    FieldError::new("email", "There is an operator with this e-mail already: change their roles on their page.")
}

/// Makes an operator's link: that of the invitation anew, or one to choose another password. An earlier one works no more.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments; an invitation's is made anew also by who may grant all of
/// its roles. [`ServiceError::NotFound`], and [`ServiceError::Invalid`] for who is disabled: a link would not let them in.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn make_link(caller: &ServerCaller, operator_id: Uuid) -> ServiceResult<OperatorLink> {
    let mut tx = caller.state.db.write().await?;
    let authority = Authority::of(caller, &mut tx).await?;
    let row = match known(&mut tx, operator_id.into()).await {
        // Who may not is not told whom there is.
        Err(ServiceError::NotFound) if !authority.may_manage() => return Err(ServiceError::Forbidden),
        row => row?,
    };
    let grants = managed::grants(&mut tx, row.id).await?;
    let mut places = grants.within.iter().map(|(id, _)| Some(*id));
    let may_invite = grants.everywhere.is_empty() && places.all(|place| authority.may_grant(place));
    if row.invited_at.is_none() || grants.within.is_empty() || !may_invite {
        authority.require_manage()?;
    }
    if row.disabled_at.is_some() && row.invited_at.is_none() {
        return Err(ServiceError::invalid("", format!("{} is suspended: enable the operator first.", row.name)));
    }
    let link = new_link(&caller.state, &mut tx, &row).await?;
    let what = if link.is_invitation { "become an operator" } else { "choose another password" };
    let sentence = format!("A link was made with which {} can {what}", row.name);
    record(caller, &mut tx, row.id, action::OPERATOR_LINK_MADE, &sentence).await?;
    tx.commit().await?;
    Ok(link)
}

async fn new_link(state: &AppState, tx: &mut Tx, row: &ManagedOperator) -> ServiceResult<OperatorLink> {
    let now = state.now();
    let is_invitation = row.invited_at.is_some();
    let expires_at = now + if is_invitation { INVITATION_LIFETIME } else { RESET_LIFETIME };
    let (code, code_hash) = SecretKind::OperatorLink.generate(state.random.as_ref());
    managed::replace_link(tx, row.id, &code_hash, now, expires_at).await?;
    let (name, email) = (row.name.clone(), row.email.clone());
    Ok(OperatorLink { code, expires_at, operator_id: row.id, name, email, is_invitation })
}

/// Whom a link lets in, where it still works. Looking uses nothing up: mail programs look at links, too.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn link_holder(state: &AppState, code: &str) -> ServiceResult<Option<LinkHolder>> {
    let Some(code_hash) = SecretKind::OperatorLink.hash_of(code) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    let row = managed::link_holder(&mut conn, &code_hash, state.now()).await?.filter(is_let_in);
    Ok(row.map(|row| LinkHolder { is_invitation: row.invited_at.is_some(), name: row.name, email: row.email }))
}

fn is_let_in(row: &ManagedOperator) -> bool {
    row.disabled_at.is_none() || row.invited_at.is_some()
}

/// Stores the password that the holder of a link chose, uses the link up and signs the operator in, in a browser that may hold a
/// portal session already, by its cookie: that one ends. What ran under another password ends, too.
///
/// # Errors
/// [`ServiceError::NotFound`] where the link does not work; [`ServiceError::Invalid`] for the field `password` and
/// [`ServiceError::Busy`]: then the link still works.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn choose_password(
    state: &AppState,
    code: &str,
    password: &str,
    replaced: Option<&str>,
    origin: &Origin,
) -> ServiceResult<SignedInOperator> {
    let code_hash = SecretKind::OperatorLink.hash_of(code).ok_or(ServiceError::NotFound)?;
    link_holder(state, code).await?.ok_or(ServiceError::NotFound)?;
    check_password(password)?;
    let turn = state.passwords.turn(PasswordQueue::Portal).await?;
    // Whoever posted it before may have used it up meanwhile: of many with one link, a few are worked for.
    link_holder(state, code).await?.ok_or(ServiceError::NotFound)?;
    let hash = turn.hash(password).await?;
    let mut tx = state.db.write().await?;
    managed::lock(&mut tx).await?;
    let row = managed::link_holder(&mut tx, &code_hash, state.now()).await?.filter(is_let_in);
    let row = row.ok_or(ServiceError::NotFound)?;
    if !managed::use_link(&mut tx, &code_hash, state.now()).await? {
        return Err(ServiceError::NotFound);
    }
    table::set_password(&mut tx, row.id, &hash).await?;
    let operator =
        Operator { id: row.id, email: row.email.clone(), name: row.name.clone(), session_id: state.new_id() };
    let caller =
        ServerCaller { state: state.clone(), actor: Actor::Operator(operator.clone()), origin: origin.clone() };
    if row.invited_at.is_some() {
        managed::set_invited(&mut tx, row.id, None).await?;
        let sentence = format!("{} took the invitation up and chose a password", row.name);
        record(&caller, &mut tx, row.id, action::OPERATOR_JOINED, &sentence).await?;
    } else {
        let ended = end_everything(&caller, &mut tx, row.id, EndReason::OperatorSignedOut).await?;
        let sentence = format!("{} chose another password by a link: {}", row.name, ended.sentence());
        record(&caller, &mut tx, row.id, action::OPERATOR_PASSWORD_SET, &sentence).await?;
    }
    end_replaced(state, &mut tx, replaced, origin).await?;
    let signed_in = open_session(state, &mut tx, operator, origin).await?;
    tx.commit().await?;
    Ok(signed_in)
}
