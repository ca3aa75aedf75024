//! Changing one account, by somebody who may.

use super::{Account, write};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::validate::{Checks, value};
use crate::server::db::Tx;
use crate::server::db::account::{self as table, AccountRecord};
use crate::server::db::import::{self, Keyed, KnownAccount};
use crate::server::db::session::Within;
use crate::server::db::version::Versioned;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::directory::edit::{about, end_within, may_take, require_there};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::validate;
use crate::server::service::directory::version::{Written, require_seen, written};
use crate::server::service::directory::writer::{DirectoryWriter, taken};

/// Makes an account.
///
/// # Errors
/// [`ServiceError::Forbidden`] for viewers, [`ServiceError::Invalid`] for what is wrong with the fields and for an external id
/// that an account has already.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create(caller: &Caller, new: Account) -> ServiceResult<Written> {
    caller.require(Roles::can_edit)?;
    let mut tx = caller.state.db.write().await?;
    let key = new.external_id.clone();
    let new = checked(caller, &mut tx, new).await?;
    if !import::ids(&mut tx, Keyed::Accounts, caller.environment.id, &[&key]).await?.is_empty() {
        return Err(taken("external_id", &key));
    }
    write(&mut DirectoryWriter::of_maker(caller, &mut tx), &[new]).await?;
    let made = known(caller, &mut tx, &key).await?;
    let made = written(&mut tx, Versioned::Account, made.id).await?;
    tx.commit().await?;
    Ok(made)
}

/// Gives an account another name.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for viewers, [`ServiceError::Invalid`] for the name,
/// [`ServiceError::Conflict`] where the account is another version than the one that was `seen`.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn rename(caller: &Caller, external_id: &str, name: &str, seen: Option<i64>) -> ServiceResult<Written> {
    edit(caller, external_id, |_| Account { version: seen, name: name.to_owned(), ..Account::default() }).await
}

/// Gives an account an application, perhaps as its default one.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for viewers, [`ServiceError::Invalid`] for `applications` where there
/// is no such application, [`ServiceError::Conflict`] as for [`rename`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn assign(
    caller: &Caller,
    external_id: &str,
    client_id: &str,
    is_default: bool,
    seen: Option<i64>,
) -> ServiceResult<Written> {
    let with = |known: &KnownAccount| {
        let kept = known.applications.iter().filter(|(held, _)| held != client_id);
        let mut listed: Vec<_> = kept.map(|(held, default)| (held.clone(), *default && !is_default)).collect();
        listed.push((client_id.to_owned(), is_default));
        Account { version: seen, name: known.name.clone(), applications: Given::Set(listed), ..Account::default() }
    };
    edit(caller, external_id, with).await
}

/// Takes an application from an account: impersonations that run in it there end.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for viewers, [`ServiceError::Conflict`] as for [`rename`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn withdraw(
    caller: &Caller,
    external_id: &str,
    client_id: &str,
    seen: Option<i64>,
) -> ServiceResult<Written> {
    let without = |known: &KnownAccount| {
        let kept = known.applications.iter().filter(|(held, _)| held != client_id).cloned().collect();
        Account { version: seen, name: known.name.clone(), applications: Given::Set(kept), ..Account::default() }
    };
    edit(caller, external_id, without).await
}

/// Removes an account with its memberships: impersonations in it end, and its users' own sessions go on without it.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin, and for Admin where somebody holds a
/// protected permission in it.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn delete(caller: &Caller, external_id: &str) -> ServiceResult<()> {
    caller.require(Roles::can_administer)?;
    let mut tx = caller.state.db.write().await?;
    let row = known(caller, &mut tx, external_id).await?;
    let held = table::permissions_in(&mut tx, row.id).await?;
    may_take(caller, &mut tx, &held).await?;
    let mut writer = DirectoryWriter::of_caller(caller, &mut tx);
    end_within(&mut writer, Within::Account(row.id)).await?;
    let severity = action::severity(action::ACCOUNT_DELETED);
    let event = writer.event_of(action::ACCOUNT_DELETED, severity, &format!("{} was deleted", row.name));
    writer.record(event.in_account(row.id, &row.name, false)).await?;
    table::delete(&mut tx, caller.environment.id, row.id).await?;
    tx.commit().await?;
    Ok(())
}

async fn edit(
    caller: &Caller,
    external_id: &str,
    change: impl FnOnce(&KnownAccount) -> Account,
) -> ServiceResult<Written> {
    caller.require(Roles::can_edit)?;
    let mut tx = caller.state.db.write().await?;
    import::hold_account(&mut tx, caller.environment.id, external_id).await?;
    let row =
        table::by_external_id(&mut tx, caller.environment.id, external_id).await?.ok_or(ServiceError::NotFound)?;
    let found = import::known_accounts(&mut tx, caller.environment.id, &[external_id]).await?;
    let before = found.get(external_id).ok_or(ServiceError::NotFound)?;
    let change = Account { external_id: external_id.to_owned(), ..change(before) };
    require_seen(&mut tx, Versioned::Account, row.id, change.version).await?;
    let change = checked(caller, &mut tx, change).await?;
    write(&mut DirectoryWriter::of_caller(caller, &mut tx), &[change]).await?;
    let written = written(&mut tx, Versioned::Account, row.id).await?;
    tx.commit().await?;
    Ok(written)
}

async fn known(caller: &Caller, tx: &mut Tx, external_id: &str) -> ServiceResult<AccountRecord> {
    import::hold(tx, Keyed::Accounts, caller.environment.id, external_id).await?;
    table::by_external_id(tx, caller.environment.id, external_id).await?.ok_or(ServiceError::NotFound)
}

async fn checked(caller: &Caller, tx: &mut Tx, mut account: Account) -> ServiceResult<Account> {
    let mut checks = Checks::default();
    checks.check(value::key(&account.external_id).map_err(about("external_id", &account.external_id)));
    account.name = checks.check(validate::name(&account.name).map_err(about("name", &account.name)));
    checks.passed()?;
    require_there(caller, tx, Keyed::Applications, "applications", account.client_ids()).await?;
    Ok(account)
}
