//! The life of an operator: made, disabled, enabled, given a new password, signed out everywhere, removed. Owners of all
//! environments ask for it in the portal, and whoever can write the database at the command line, also when nobody else can get
//! in; all of it is in the audit trail. Everybody else is [`ServiceError::Forbidden`].

use uuid::Uuid;

use super::owners::Owned;
use super::{by_email, table};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::session::EndReason;
use crate::model::validate::FieldError;
use crate::server::crypto::password::{MAX_BYTES, MIN_LENGTH, PasswordQueue, may_be_chosen};
use crate::server::db::operator::OperatorRecord;
use crate::server::db::operator::manage::{self as managed, ManagedOperator};
use crate::server::db::{Tx, environment, session as session_table, text as text_table};
use crate::server::domain::environment::Environment;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text;
use crate::server::service::audit::{self, Event};
use crate::server::service::authority::Authority;
use crate::server::service::caller::ServerCaller;
use crate::server::service::session;

/// Sessions that are read in one go.
const BATCH: i64 = 200;

/// How an event says that it came about.
pub fn how(caller: &ServerCaller) -> String {
    match caller.actor.is_system() {
        true => "at the command line".to_owned(),
        false => format!("by {}", caller.actor.name()),
    }
}

/// The operator who is meant: by the address, as one types it at the command line, or by the id.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    Email(&'a str),
    Id(Uuid),
}

impl<'a> From<&'a str> for Whom<'a> {
    fn from(email: &'a str) -> Self {
        Self::Email(email)
    }
}

impl<'a> From<&'a String> for Whom<'a> {
    fn from(email: &'a String) -> Self {
        Self::Email(email)
    }
}

impl From<Uuid> for Whom<'_> {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

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
    if !may_be_chosen(password) {
        let message = format!("the password must have {MIN_LENGTH} characters at least, and {MAX_BYTES} bytes at most");
        return Err(ServiceError::invalid("password", message));
    }
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
    managed::lock(tx).await?;
    for role in roles.iter() {
        table::grant(tx, state.new_id(), row.id, environment_id, role).await?;
    }
    record(caller, tx, row.id, action::OPERATOR_CREATED, &sentence).await?;
    Ok(row.id)
}

/// Whether this can be a password, for whoever chooses one in a form.
///
/// # Errors
/// For the field `password`.
pub fn check_password(password: &str) -> Result<(), FieldError> {
    let message =
        || format!("Choose a password of at least {MIN_LENGTH} characters, and of at most {MAX_BYTES} bytes.");
    if may_be_chosen(password) { Ok(()) } else { Err(FieldError::new("password", message())) }
}

/// Shuts an operator out: at once, on every server, in every tab.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments, [`ServiceError::NotFound`], or [`ServiceError::Invalid`]
/// for an e-mail that no operator has, for oneself and for the last Owner of anything.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn disable<'a>(caller: &ServerCaller, whom: impl Into<Whom<'a>>) -> ServiceResult<Ended> {
    let mut tx = caller.state.db.write().await?;
    let authority = Authority::of(caller, &mut tx).await?;
    authority.require_manage()?;
    let row = known(&mut tx, whom.into()).await?;
    require_other(&authority, &row, "suspend")?;
    if row.disabled_at.is_some() {
        return Ok(Ended::default());
    }
    let owned = Owned::by(&mut tx, &row).await?;
    table::set_disabled(&mut tx, row.id, Some(caller.state.now())).await?;
    managed::drop_link(&mut tx, row.id).await?;
    owned.require_another(&authority, &mut tx).await?;
    let ended = end_everything(caller, &mut tx, row.id, EndReason::OperatorLostRight).await?;
    let sentence = format!("{} was disabled {}: {}", row.name, how(caller), ended.sentence());
    record(caller, &mut tx, row.id, action::OPERATOR_DISABLED, &sentence).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Lets a disabled operator in again. What ended stays ended.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments, [`ServiceError::NotFound`], or [`ServiceError::Invalid`]
/// for an e-mail that no operator has, and for whoever was invited and has not chosen a password.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn enable<'a>(caller: &ServerCaller, whom: impl Into<Whom<'a>>) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    let authority = Authority::of(caller, &mut tx).await?;
    authority.require_manage()?;
    let row = known(&mut tx, whom.into()).await?;
    if row.invited_at.is_some() {
        let message = format!("{} has not chosen a password yet: make a new link of the invitation.", row.name);
        return Err(ServiceError::invalid("", message));
    }
    if row.disabled_at.is_none() {
        return Ok(());
    }
    table::set_disabled(&mut tx, row.id, None).await?;
    let sentence = format!("{} was enabled again {}", row.name, how(caller));
    record(caller, &mut tx, row.id, action::OPERATOR_ENABLED, &sentence).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes an operator: roles, password and address are gone, and somebody else can be invited with it. The audit trail keeps
/// what it says.
///
/// # Errors
/// Those of [`disable`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn remove<'a>(caller: &ServerCaller, whom: impl Into<Whom<'a>>) -> ServiceResult<Ended> {
    let mut tx = caller.state.db.write().await?;
    let authority = Authority::of(caller, &mut tx).await?;
    authority.require_manage()?;
    let row = known(&mut tx, whom.into()).await?;
    require_other(&authority, &row, "remove")?;
    let owned = Owned::by(&mut tx, &row).await?;
    let places = table::environments(&mut tx, row.id).await?;
    managed::remove(&mut tx, row.id, caller.state.now()).await?;
    owned.require_another(&authority, &mut tx).await?;
    let ended = end_everything(caller, &mut tx, row.id, EndReason::OperatorLostRight).await?;
    let sentence = format!("{} ({}) was removed {}: {}", row.name, row.email, how(caller), ended.sentence());
    record_in(caller, &mut tx, places, action::OPERATOR_REMOVED, &sentence).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Nobody shuts themselves out.
fn require_other(authority: &Authority, row: &ManagedOperator, what: &str) -> ServiceResult<()> {
    match authority.is_own(row.id) {
        true => Err(ServiceError::invalid("", format!("You cannot {what} yourself: ask another Owner."))),
        false => Ok(()),
    }
}

/// Gives an operator another password; whoever is signed in with the old one is not any more.
///
/// # Errors
/// [`ServiceError::Invalid`] where there is no operator with this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn reset_password<'a>(
    caller: &ServerCaller,
    whom: impl Into<Whom<'a>>,
    password: &NewPassword,
) -> ServiceResult<Ended> {
    let mut tx = caller.state.db.write().await?;
    let ended = reset_password_in(caller, &mut tx, whom, password).await?;
    tx.commit().await?;
    Ok(ended)
}

/// [`reset_password`] in a transaction of the caller's.
///
/// # Errors
/// As [`reset_password`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn reset_password_in<'a>(
    caller: &ServerCaller,
    tx: &mut Tx,
    whom: impl Into<Whom<'a>>,
    password: &NewPassword,
) -> ServiceResult<Ended> {
    caller.require_system()?;
    managed::lock(tx).await?;
    let row = known(tx, whom.into()).await?;
    table::set_password(tx, row.id, &password.hash).await?;
    managed::drop_link(tx, row.id).await?;
    if row.invited_at.is_some() {
        managed::set_invited(tx, row.id, None).await?;
    }
    let ended = end_everything(caller, tx, row.id, EndReason::OperatorSignedOut).await?;
    let sentence = format!("{} got a new password {}: {}", row.name, how(caller), ended.sentence());
    record(caller, tx, row.id, action::OPERATOR_PASSWORD_RESET, &sentence).await?;
    Ok(ended)
}

/// Ends every portal session of an operator, and every impersonation.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments, [`ServiceError::NotFound`], or [`ServiceError::Invalid`]
/// where no operator has this e-mail.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_out_everywhere<'a>(caller: &ServerCaller, whom: impl Into<Whom<'a>>) -> ServiceResult<Ended> {
    let mut tx = caller.state.db.write().await?;
    Authority::of(caller, &mut tx).await?.require_manage()?;
    let row = known(&mut tx, whom.into()).await?;
    let ended = end_everything(caller, &mut tx, row.id, EndReason::OperatorSignedOut).await?;
    let sentence = format!("{} was signed out everywhere {}: {}", row.name, how(caller), ended.sentence());
    record(caller, &mut tx, row.id, action::OPERATOR_SIGNED_OUT_EVERYWHERE, &sentence).await?;
    tx.commit().await?;
    Ok(ended)
}

/// The operator who is meant.
pub async fn known(tx: &mut Tx, whom: Whom<'_>) -> ServiceResult<ManagedOperator> {
    let id = match whom {
        Whom::Id(id) => id,
        Whom::Email(email) => {
            let found = by_email(tx, email).await?;
            found.ok_or_else(|| ServiceError::invalid("email", format!("there is no operator {email:?}")))?.id
        }
    };
    managed::by_id(tx, id, None).await?.ok_or(ServiceError::NotFound)
}

/// The address of an operator who has `email` or one that cannot be told from it: whom the trail names must be one person.
pub async fn lookalike(tx: &mut Tx, email: &str) -> ServiceResult<Option<String>> {
    let known = text_table::operators(tx).await?;
    Ok(known.into_iter().map(|(_, known)| known).find(|known| text::same_person(known, email)))
}

/// Portal sessions, impersonations and with these the hand-off codes that nobody has opened yet.
pub async fn end_everything(caller: &ServerCaller, tx: &mut Tx, id: Uuid, reason: EndReason) -> ServiceResult<Ended> {
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

/// In each environment where the operator has a role; in all where it has none, so that nothing is done unseen.
pub async fn record(caller: &ServerCaller, tx: &mut Tx, id: Uuid, name: &str, sentence: &str) -> ServiceResult<()> {
    let places = table::environments(tx, id).await?;
    record_in(caller, tx, places, name, sentence).await
}

/// In each of these environments; in all where there are none.
pub async fn record_in(
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
