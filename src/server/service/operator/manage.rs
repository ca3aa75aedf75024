//! The life of an operator: made, given roles, disabled, enabled, given a new password, signed out everywhere. The command
//! line asks for it; whoever can write the database may do it, also when nobody else can get in, and all of it is in the
//! audit trail. Everybody else is [`ServiceError::Forbidden`].

use uuid::Uuid;

use super::{by_email, table};
use crate::model::audit::action;
use crate::model::operator::{Role, Roles};
use crate::model::session::EndReason;
use crate::server::crypto::password::{MAX_BYTES, MIN_LENGTH, PasswordQueue, may_be_chosen};
use crate::server::db::operator::OperatorRecord;
use crate::server::db::{Tx, environment, session as session_table, text as text_table};
use crate::server::domain::environment::Environment;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text;
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::ServerCaller;
use crate::server::service::session;

/// Sessions that are read in one go.
const BATCH: i64 = 200;

/// How an event says that it came about.
const HOW: &str = "at the command line";

/// What ended with a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub portal_sessions: u64,
    pub impersonations: u64,
}

impl Ended {
    /// `2 portal sessions and 1 impersonation ended`.
    pub fn sentence(self) -> String {
        let count = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        format!(
            "{} and {} ended",
            count(self.portal_sessions, "portal session"),
            count(self.impersonations, "impersonation")
        )
    }
}

/// A password that was looked at and hashed, to be stored.
pub struct NewPassword {
    hash: String,
}

/// Looks at a password and hashes it. That takes its time, so it comes before the transaction that stores the hash: on SQLite
/// every other write would wait for it.
///
/// # Errors
/// [`ServiceError::Invalid`] for the password, [`ServiceError::Busy`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn new_password(caller: &ServerCaller, password: &str) -> ServiceResult<NewPassword> {
    caller.require_system()?;
    validate_password(password)?;
    Ok(NewPassword { hash: caller.state.passwords.hash(PasswordQueue::Portal, password).await? })
}

/// An operator that is to be made.
pub struct NewOperator<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub password: NewPassword,
    /// Where the roles hold: everywhere where there is none.
    pub environment_id: Option<Uuid>,
    pub roles: Roles,
}

/// Makes an operator with roles in one environment or in all.
///
/// # Errors
/// [`ServiceError::Invalid`] for the e-mail or the name.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create(caller: &ServerCaller, new: NewOperator<'_>) -> ServiceResult<Uuid> {
    let mut tx = caller.state.db.write().await?;
    let id = create_in(caller, &mut tx, new).await?;
    tx.commit().await?;
    Ok(id)
}

/// [`create`] in a transaction of the caller's.
///
/// # Errors
/// As [`create`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create_in(caller: &ServerCaller, tx: &mut Tx, new: NewOperator<'_>) -> ServiceResult<Uuid> {
    caller.require_system()?;
    let state = &caller.state;
    let NewOperator { email, name, password, environment_id, roles } = new;
    let typed = email;
    let email =
        text::email(typed).map_err(|error| ServiceError::invalid("email", format!("the e-mail {typed:?} {error}")))?;
    let name =
        text::name(name).map_err(|error| ServiceError::invalid("name", format!("the operator's name {error}")))?;
    if let Some(known) = lookalike(tx, &email).await? {
        return Err(ServiceError::invalid("email", format!("there is an operator {known} already")));
    }
    let row = OperatorRecord { id: state.new_id(), email, name, password_hash: password.hash, disabled_at: None };
    // Of two who make the same at once, one is told so by the index.
    let taken = || ServiceError::invalid("email", format!("there is an operator {} already", row.email));
    table::insert(tx, &row, state.now()).await.map_err(|error| error.or_taken(taken))?;
    let sentence = format!("{} became an operator: {}", row.name, roles.labels());
    for role in roles.iter() {
        table::grant(tx, state.new_id(), row.id, environment_id, role).await?;
    }
    record(caller, tx, row.id, action::OPERATOR_CREATED, &sentence).await?;
    Ok(row.id)
}

fn validate_password(password: &str) -> ServiceResult<()> {
    if !may_be_chosen(password) {
        return Err(ServiceError::invalid(
            "password",
            format!("the password must have {MIN_LENGTH} characters at least, and {MAX_BYTES} bytes at most"),
        ));
    }
    Ok(())
}

/// Grants or takes away roles of a known operator.
///
/// # Errors
/// [`ServiceError::Invalid`] where there is no operator with this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change_roles(
    caller: &ServerCaller,
    email: &str,
    environment_id: Option<Uuid>,
    grant: &[Role],
    revoke: &[Role],
) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    change_roles_in(caller, &mut tx, email, environment_id, grant, revoke).await?;
    tx.commit().await?;
    Ok(())
}

/// [`change_roles`] in a transaction of the caller's.
///
/// # Errors
/// As [`change_roles`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change_roles_in(
    caller: &ServerCaller,
    tx: &mut Tx,
    email: &str,
    environment_id: Option<Uuid>,
    grant: &[Role],
    revoke: &[Role],
) -> ServiceResult<()> {
    caller.require_system()?;
    let row = known(tx, email).await?;
    let sentence = format!(
        "Roles of {} changed: granted {}; taken away {}",
        row.name,
        labels_or_none(grant),
        labels_or_none(revoke)
    );
    // Where the operator had a role before or has one now: who gives roles in an environment and who loses them there, both
    // stand in its trail.
    let mut places = table::environments(tx, row.id).await?;
    for role in grant {
        table::grant(tx, caller.state.new_id(), row.id, environment_id, *role).await?;
    }
    for role in revoke {
        table::revoke(tx, row.id, environment_id, *role).await?;
    }
    for place in table::environments(tx, row.id).await? {
        if !places.iter().any(|before| before.id == place.id) {
            places.push(place);
        }
    }
    record_in(caller, tx, places, action::OPERATOR_ROLES_CHANGED, &sentence).await
}

/// Shuts an operator out: at once, on every server, in every tab.
///
/// # Errors
/// [`ServiceError::Invalid`] where there is no operator with this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn disable(caller: &ServerCaller, email: &str) -> ServiceResult<Ended> {
    caller.require_system()?;
    let mut tx = caller.state.db.write().await?;
    let row = known(&mut tx, email).await?;
    if row.disabled_at.is_some() {
        return Ok(Ended::default());
    }
    table::set_disabled(&mut tx, row.id, Some(caller.state.now())).await?;
    let ended = end_everything(caller, &mut tx, row.id, EndReason::OperatorLostRight).await?;
    let sentence = format!("{} was disabled {HOW}: {}", row.name, ended.sentence());
    record(caller, &mut tx, row.id, action::OPERATOR_DISABLED, &sentence).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Lets a disabled operator in again. What ended stays ended.
///
/// # Errors
/// [`ServiceError::Invalid`] where there is no operator with this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn enable(caller: &ServerCaller, email: &str) -> ServiceResult<()> {
    caller.require_system()?;
    let mut tx = caller.state.db.write().await?;
    let row = known(&mut tx, email).await?;
    if row.disabled_at.is_none() {
        return Ok(());
    }
    table::set_disabled(&mut tx, row.id, None).await?;
    let sentence = format!("{} was enabled again {HOW}", row.name);
    record(caller, &mut tx, row.id, action::OPERATOR_ENABLED, &sentence).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives an operator another password; whoever is signed in with the old one is not any more.
///
/// # Errors
/// [`ServiceError::Invalid`] where there is no operator with this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn reset_password(caller: &ServerCaller, email: &str, password: &NewPassword) -> ServiceResult<Ended> {
    let mut tx = caller.state.db.write().await?;
    let ended = reset_password_in(caller, &mut tx, email, password).await?;
    tx.commit().await?;
    Ok(ended)
}

/// [`reset_password`] in a transaction of the caller's.
///
/// # Errors
/// As [`reset_password`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn reset_password_in(
    caller: &ServerCaller,
    tx: &mut Tx,
    email: &str,
    password: &NewPassword,
) -> ServiceResult<Ended> {
    caller.require_system()?;
    let row = known(tx, email).await?;
    table::set_password(tx, row.id, &password.hash).await?;
    let ended = end_everything(caller, tx, row.id, EndReason::OperatorSignedOut).await?;
    let sentence = format!("{} got a new password {HOW}: {}", row.name, ended.sentence());
    record(caller, tx, row.id, action::OPERATOR_PASSWORD_RESET, &sentence).await?;
    Ok(ended)
}

/// Ends every portal session of an operator, and every impersonation.
///
/// # Errors
/// [`ServiceError::Invalid`] where there is no operator with this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_out_everywhere(caller: &ServerCaller, email: &str) -> ServiceResult<Ended> {
    caller.require_system()?;
    let mut tx = caller.state.db.write().await?;
    let row = known(&mut tx, email).await?;
    let ended = end_everything(caller, &mut tx, row.id, EndReason::OperatorSignedOut).await?;
    let sentence = format!("{} was signed out everywhere {HOW}: {}", row.name, ended.sentence());
    record(caller, &mut tx, row.id, action::OPERATOR_SIGNED_OUT_EVERYWHERE, &sentence).await?;
    tx.commit().await?;
    Ok(ended)
}

async fn known(tx: &mut Tx, email: &str) -> ServiceResult<OperatorRecord> {
    let found = by_email(tx, email).await?;
    found.ok_or_else(|| ServiceError::invalid("email", format!("there is no operator {email:?}")))
}

/// The address of an operator who has `email` or one that cannot be told from it: whom the trail names must be one person.
async fn lookalike(tx: &mut Tx, email: &str) -> ServiceResult<Option<String>> {
    let known = text_table::operators(tx).await?;
    Ok(known.into_iter().map(|(_, known)| known).find(|known| text::same_person(known, email)))
}

/// Portal sessions, impersonations and with these the hand-off codes that nobody has opened yet.
async fn end_everything(caller: &ServerCaller, tx: &mut Tx, id: Uuid, reason: EndReason) -> ServiceResult<Ended> {
    let state = &caller.state;
    let mut ended = Ended { portal_sessions: table::end_sessions(tx, id, state.now()).await?, impersonations: 0 };
    loop {
        let batch = session_table::impersonations_by(tx, id, BATCH).await?;
        if batch.is_empty() {
            return Ok(ended);
        }
        for running in &batch {
            let by_this = session::end_in(state, tx, running, reason, &caller.actor, &caller.origin).await?;
            ended.impersonations += u64::from(by_this);
        }
    }
}

fn labels_or_none(roles: &[Role]) -> String {
    if roles.is_empty() { "none".to_owned() } else { roles.iter().copied().collect::<Roles>().labels() }
}

/// In each environment where the operator has a role; in all where it has none, so that nothing is done unseen.
async fn record(caller: &ServerCaller, tx: &mut Tx, id: Uuid, name: &str, sentence: &str) -> ServiceResult<()> {
    let places = table::environments(tx, id).await?;
    record_in(caller, tx, places, name, sentence).await
}

/// In each of these environments; in all where there are none.
async fn record_in(
    caller: &ServerCaller,
    tx: &mut Tx,
    mut places: Vec<Environment>,
    name: &str,
    sentence: &str,
) -> ServiceResult<()> {
    if places.is_empty() {
        places = environment::all(tx).await?;
    }
    for place in places {
        let event = Event::of(place.id, name, sentence).by(&caller.actor).from(&caller.origin);
        audit::record(&caller.state, tx, event).await?;
    }
    Ok(())
}
