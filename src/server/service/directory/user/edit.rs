//! Changing one user, by somebody who may. Each is one transaction, with an event for each thing that changed and all that it
//! means for the user's sessions.

use uuid::Uuid;

use super::{Membership, User, write};
use crate::model::operator::Roles;
use crate::model::user_edit::validate_lock_reason;
use crate::model::validate::{Checks, value};
use crate::server::db::import::{self as table, Keyed, KnownUser};
use crate::server::db::user::details::{self, UserDetails};
use crate::server::db::version::Versioned;
use crate::server::db::{Tx, settings, user};
use crate::server::domain::actor::Actor;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::directory::edit::{about, require_there};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::validate;
use crate::server::service::directory::version::{Written, require_seen, written};
use crate::server::service::directory::writer::{DirectoryWriter, taken};

/// Makes a user; one without a password chooses one by a link.
///
/// # Errors
/// [`ServiceError::Forbidden`] for viewers, [`ServiceError::Invalid`] for what is wrong with the fields and for an e-mail or an
/// external id that a user has already.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create(caller: &Caller, new: User) -> ServiceResult<Written> {
    let mut tx = caller.state.db.write().await?;
    let made = create_in(caller, &mut tx, new).await?;
    tx.commit().await?;
    Ok(made)
}

/// [`create`] in the caller's transaction, which is not to be committed after an error.
///
/// # Errors
/// Those of [`create`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create_in(caller: &Caller, tx: &mut Tx, mut new: User) -> ServiceResult<Written> {
    caller.require(Roles::can_edit)?;
    let mut checks = Checks::default();
    let typed = new.email.clone();
    new.email = checks.check(validate::email(&typed).map_err(about("email", &typed)));
    let name = new.name.clone().unwrap_or_default();
    checks.check(validate::name(&name).map_err(about("name", &name)));
    checks.passed()?;
    check(caller, tx, &mut new).await?;
    let email = new.email.clone();
    if user::by_email(tx, caller.environment.id, &email).await?.is_some() {
        return Err(taken("email", &email));
    }
    let made = write(&mut DirectoryWriter::of_maker(caller, tx), &[new]).await?;
    written(tx, Versioned::User, made.first().copied().unwrap_or_default()).await
}

/// Changes what `change` says and nothing else; its e-mail is not looked at.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for viewers and where somebody who is no Owner would take a protected
/// permission away, [`ServiceError::Invalid`] for what is wrong with the fields and for an external id that another user has,
/// [`ServiceError::Conflict`] where the user is another version than the one that was seen.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn update(caller: &Caller, user_id: Uuid, change: User) -> ServiceResult<Written> {
    edit(caller, user_id, |_| change).await
}

/// Locks a user out, at once and everywhere, for a reason that is kept and shown.
///
/// # Errors
/// Those of [`update`], and [`ServiceError::Invalid`] for a `reason` that says nothing.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn lock(caller: &Caller, user_id: Uuid, reason: &str, seen: Option<i64>) -> ServiceResult<Written> {
    caller.require(Roles::can_edit)?;
    let reason = validate_lock_reason(reason)?;
    let mut tx = caller.state.db.write().await?;
    let mut is_new = false;
    let change = |known: &KnownUser| {
        is_new = known.locked_at.is_none();
        User { version: seen, locked: Some(true), ..User::default() }
    };
    let written = edit_in(caller, &mut tx, user_id, Some(&reason), change).await?;
    if is_new {
        let details = details::of(&mut tx, user_id).await?;
        details::set(&mut tx, user_id, &UserDetails { lock_reason: Some(reason), ..details }).await?;
    }
    tx.commit().await?;
    Ok(written)
}

/// Lets a locked user in again.
///
/// # Errors
/// Those of [`update`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn unlock(caller: &Caller, user_id: Uuid, seen: Option<i64>) -> ServiceResult<Written> {
    edit(caller, user_id, |_| User { version: seen, locked: Some(false), ..User::default() }).await
}

/// Says that the user's address is the user's own.
///
/// # Errors
/// Those of [`update`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn verify(caller: &Caller, user_id: Uuid, seen: Option<i64>) -> ServiceResult<Written> {
    edit(caller, user_id, |_| User { version: seen, email_verified: Some(true), ..User::default() }).await
}

/// Makes the user a member of an account with exactly these roles, or changes the membership that there is.
///
/// # Errors
/// Those of [`update`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn set_membership(
    caller: &Caller,
    user_id: Uuid,
    membership: Membership,
    seen: Option<i64>,
) -> ServiceResult<Written> {
    let with = |known: &KnownUser| {
        let mut memberships = others(known, &membership.account);
        memberships.push(membership);
        User { version: seen, memberships: Given::Set(memberships), ..User::default() }
    };
    edit(caller, user_id, with).await
}

/// Ends the user's membership in an account.
///
/// # Errors
/// Those of [`update`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn remove_membership(
    caller: &Caller,
    user_id: Uuid,
    account: &str,
    seen: Option<i64>,
) -> ServiceResult<Written> {
    let without = |known: &KnownUser| {
        let memberships = Given::Set(others(known, account));
        User { version: seen, memberships, ..User::default() }
    };
    edit(caller, user_id, without).await
}

async fn edit(caller: &Caller, user_id: Uuid, change: impl FnOnce(&KnownUser) -> User) -> ServiceResult<Written> {
    caller.require(Roles::can_edit)?;
    let mut tx = caller.state.db.write().await?;
    let written = edit_in(caller, &mut tx, user_id, None, change).await?;
    tx.commit().await?;
    Ok(written)
}

/// An edit in the caller's transaction, which is not to be committed after an error, for a reason that its events name.
pub(super) async fn edit_in(
    caller: &Caller,
    tx: &mut Tx,
    user_id: Uuid,
    reason: Option<&str>,
    change: impl FnOnce(&KnownUser) -> User,
) -> ServiceResult<Written> {
    caller.require(Roles::can_edit)?;
    let environment_id = caller.environment.id;
    let row = user::by_id(tx, environment_id, user_id).await?.ok_or(ServiceError::NotFound)?;
    let known = table::known_users(tx, environment_id, &[&row.email], true).await?;
    let known = known.get(&row.email).ok_or(ServiceError::NotFound)?;
    let mut change = User { email: row.email.clone(), ..change(known) };
    require_seen(tx, Versioned::User, user_id, change.version).await?;
    check(caller, tx, &mut change).await?;
    require_member(&change, known)?;
    let was_protected = settings::is_protected(tx, environment_id, user_id).await?;
    let mut writer = DirectoryWriter::of_caller(caller, tx);
    writer.reason = reason.map(ToOwned::to_owned);
    write(&mut writer, &[change]).await?;
    // Whom protected permissions bind does not loosen them.
    if was_protected && !caller.roles.can_unprotect() && !settings::is_protected(tx, environment_id, user_id).await? {
        return Err(ServiceError::Forbidden);
    }
    written(tx, Versioned::User, user_id).await
}

/// What is wrong with the fields that a new user and a change have in common; names are kept as they are stored.
async fn check(caller: &Caller, tx: &mut Tx, change: &mut User) -> ServiceResult<()> {
    // A hash that somebody makes up is a way in as that user, without a reason and without an end.
    if change.password_hash != Given::Kept && !matches!(caller.actor, Actor::System) {
        return Err(ServiceError::Forbidden);
    }
    if let Given::Set(memberships) = &mut change.memberships {
        for membership in memberships {
            membership.roles.sort();
            membership.roles.dedup();
        }
    }
    let mut checks = Checks::default();
    if let Given::Set(hash) = &change.password_hash {
        checks.check(validate::password_hash(hash).map_err(about("password_hash", "This")));
    }
    check_fields(change, &mut checks);
    checks.passed()?;
    require_there(caller, tx, Keyed::Accounts, "accounts", change.accounts()).await?;
    require_there(caller, tx, Keyed::Roles, "accounts", change.roles()).await?;
    Ok(())
}

/// The same of the fields that stand in a form.
pub(super) fn check_fields(change: &mut User, checks: &mut Checks) {
    if let Some(name) = &change.name {
        change.name = Some(checks.check(validate::name(name).map_err(about("name", name))));
    }
    if let Given::Set(id) = &change.external_id {
        checks.check(value::external_id(id).map_err(about("external_id", id)));
    }
    if let Given::Set(url) = &change.picture_url {
        checks.check(validate::web_url(url).map_err(about("picture_url", url)));
    }
}

/// An account in which the user is to work must be one of the user's.
fn require_member(change: &User, known: &KnownUser) -> ServiceResult<()> {
    let Some(wanted) = &change.active_account else { return Ok(()) };
    let is_member = match &change.memberships {
        Given::Kept => known.memberships.iter().any(|held| held.account == *wanted),
        _ => change.accounts().any(|account| account == wanted),
    };
    let message = || format!("{wanted} is not among the user's accounts.");
    if is_member { Ok(()) } else { Err(ServiceError::invalid("active_account", message())) }
}

/// The memberships of a user but the one in `account`, as they are.
fn others(known: &KnownUser, account: &str) -> Vec<Membership> {
    let others = known.memberships.iter().filter(|held| held.account != account);
    others
        .map(|held| Membership {
            account: held.account.clone(),
            roles: held.roles.iter().map(|(_, key)| key.clone()).collect(),
            disabled: held.disabled_at.is_some(),
            line: 0,
        })
        .collect()
}
