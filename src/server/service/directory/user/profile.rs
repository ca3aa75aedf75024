//! What a form changes about one user at once: the fields of the user's row, the address, and what lies beside.

use uuid::Uuid;

use super::edit::{check_fields, edit_in};
use super::{User, read};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::user_edit::UserEditing;
use crate::model::validate::Checks;
use crate::server::db::user::details::{self, UserDetails};
use crate::server::db::user::{self, UserRecord};
use crate::server::db::version::Versioned;
use crate::server::db::{Tx, password_link, settings};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::service::directory::edit::{about, may_become};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::validate;
use crate::server::service::directory::version::{Written, require_seen, written};
use crate::server::service::directory::writer::taken;

/// What is to change; what is not said stays.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The version that was seen.
    pub version: Option<i64>,
    pub name: Option<String>,
    /// Another address is not verified, unless that is said, too.
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub external_id: Given<String>,
    pub picture_url: Given<String>,
    pub locale: Given<String>,
    pub metadata: Given<String>,
    /// External id of the account in which the user works.
    pub active_account: Option<String>,
}

/// What the page that edits a user begins with.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all who could not edit anybody.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn editing(caller: &Caller, user_id: Uuid) -> ServiceResult<UserEditing> {
    caller.require(Roles::can_edit)?;
    let user = read::get(caller, user_id).await?;
    let mut conn = caller.state.db.read().await?;
    let row = user::by_id(&mut conn, caller.environment.id, user_id).await?.ok_or(ServiceError::NotFound)?;
    let UserDetails { metadata, locale, lock_reason } = details::of(&mut conn, user_id).await?;
    let held = details::role_keys(&mut conn, user_id).await?;
    let keys_in = |account: &str| held.iter().filter(|(of, _)| of == account).map(|(_, key)| key.clone()).collect();
    Ok(UserEditing {
        external_id: details::external_id(&mut conn, user_id).await?,
        is_protected: settings::is_protected(&mut conn, caller.environment.id, user_id).await?,
        role_keys: user.accounts.iter().map(|account| keys_in(&account.external_id)).collect(),
        user,
        locale,
        metadata,
        locked_at: row.locked_at,
        lock_reason,
        has_password: row.password_hash.is_some(),
        roles: details::roles(&mut conn, caller.environment.id).await?,
    })
}

/// Changes what a form says, all of it or nothing. Links to choose a password that went to an address of before work no more.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for viewers, and for all but Owners where the address of somebody would
/// change who holds a protected permission, [`ServiceError::Invalid`] for what is wrong with the fields,
/// [`ServiceError::Conflict`] where the user is another version than the one that was seen.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change_profile(caller: &Caller, user_id: Uuid, profile: Profile) -> ServiceResult<Written> {
    caller.require(Roles::can_edit)?;
    let mut checks = Checks::default();
    let email = profile.email.as_ref().map(|typed| checks.check(validate::email(typed).map_err(about("email", typed))));
    let mut change = User {
        name: profile.name,
        email_verified: profile.email_verified,
        external_id: profile.external_id,
        picture_url: profile.picture_url,
        active_account: profile.active_account,
        ..User::default()
    };
    check_fields(&mut change, &mut checks);
    let locale = checked(profile.locale, |typed| checks.check(validate::locale(typed).map_err(about("locale", typed))));
    let metadata =
        checked(profile.metadata, |typed| checks.check(validate::metadata(typed).map_err(about("metadata", "This"))));
    checks.passed()?;
    let mut tx = caller.state.db.write().await?;
    let row = user::held(&mut tx, caller.environment.id, user_id).await?.ok_or(ServiceError::NotFound)?;
    require_seen(&mut tx, Versioned::User, user_id, profile.version).await?;
    if let Some(email) = email.filter(|email| *email != row.email) {
        move_to(caller, &mut tx, &row, &email).await?;
        change.email_verified = change.email_verified.or(Some(false));
    }
    let edited = edit_in(caller, &mut tx, user_id, None, |_| change).await?;
    let before = details::of(&mut tx, user_id).await?;
    let after = UserDetails {
        metadata: metadata.over(before.metadata.clone()),
        locale: locale.over(before.locale.clone()),
        ..before.clone()
    };
    if after != before {
        details::set(&mut tx, user_id, &after).await?;
        report(caller, &mut tx, user_id, &before, &after).await?;
        if edited.version == row.version {
            details::next_version(&mut tx, user_id).await?;
        }
    }
    let written = written(&mut tx, Versioned::User, user_id).await?;
    tx.commit().await?;
    Ok(written)
}

fn checked(given: Given<String>, check: impl FnOnce(&str) -> String) -> Given<String> {
    given.map(|typed| check(&typed))
}

/// Whoever has the new address can become the user.
async fn move_to(caller: &Caller, tx: &mut Tx, row: &UserRecord, email: &str) -> ServiceResult<()> {
    may_become(caller, tx, row.id).await?;
    if user::by_email(tx, row.environment_id, email).await?.is_some() {
        return Err(taken("email", email));
    }
    details::set_email(tx, row.id, email, &row.name).await.map_err(|error| error.or_taken(|| taken("email", email)))?;
    password_link::delete_of(tx, row.id).await?;
    let sentence = format!("{} has the address {email} from now on, by {}", row.name, caller.actor.name());
    let event = Event::of_caller(caller, action::USER_EMAIL_CHANGED, sentence);
    // The address of before stands beside the name.
    audit::record(&caller.state, tx, event.about_user(row.id, &row.name, &row.email)).await
}

async fn report(
    caller: &Caller,
    tx: &mut Tx,
    user_id: Uuid,
    before: &UserDetails,
    after: &UserDetails,
) -> ServiceResult<()> {
    let row = user::by_id(tx, caller.environment.id, user_id).await?.ok_or(ServiceError::NotFound)?;
    let locale = after.locale.as_deref().unwrap_or("no language");
    let said = [
        (before.metadata != after.metadata, "got other metadata".to_owned()),
        (before.locale != after.locale, format!("reads {locale} from now on")),
    ];
    for (_, what) in said.into_iter().filter(|(changed, _)| *changed) {
        let sentence = format!("{} {what}, by {}", row.name, caller.actor.name());
        let event = Event::of_caller(caller, action::USER_CHANGED, sentence);
        audit::record(&caller.state, tx, event.about_user(row.id, &row.name, &row.email)).await?;
    }
    Ok(())
}
