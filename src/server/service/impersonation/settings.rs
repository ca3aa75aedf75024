//! Changing an environment's impersonation settings.

mod protected;

use crate::model::audit::action;
use crate::model::impersonation::ImpersonationSettings;
use crate::model::operator::Roles;
use crate::model::session::EndReason;
use crate::server::db::Tx;
use crate::server::db::session::impersonations_begun_before;
use crate::server::db::settings as table;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::service::session::{self, AT_ONCE};

/// What to change; what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct SettingsChange {
    /// The version that the page showed; without one, whatever there is now is changed.
    pub version: Option<i64>,
    pub enabled: Option<bool>,
    pub hide_from_account_audit: Option<bool>,
    /// Permissions whose holders only an Owner may impersonate, as they are typed.
    pub protected_permissions: Option<String>,
}

/// Sets both switches, whatever they were.
///
/// # Errors
/// Those of [`change`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn update(caller: &Caller, wanted: ImpersonationSettings) -> ServiceResult<()> {
    let (enabled, hidden) = (Some(wanted.enabled), Some(wanted.hide_from_account_audit));
    change(caller, SettingsChange { enabled, hide_from_account_audit: hidden, ..SettingsChange::default() }).await
}

/// Changes what is named and nothing else, if nobody has changed anything since the version that the caller saw. Turning
/// impersonation off ends what is running: nothing goes on from the same moment.
///
/// # Errors
/// [`ServiceError::Forbidden`] for anyone but Owner and Admin, [`ServiceError::Conflict`] where the settings are another version by
/// now, [`ServiceError::Invalid`] for `protected_permissions` that no role has, and where anybody but an Owner takes one off.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change(caller: &Caller, wanted: SettingsChange) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    let is_off = change_in(caller, &mut tx, wanted).await?;
    tx.commit().await?;
    if is_off {
        end_running(caller).await?;
    }
    Ok(())
}

/// [`change`] in the caller's transaction. Gives whether impersonation is turned off by it: what runs then may not go on, and
/// its ends are still to be written.
///
/// # Errors
/// Those of [`change`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn change_in(caller: &Caller, tx: &mut Tx, wanted: SettingsChange) -> ServiceResult<bool> {
    caller.require(Roles::can_change_settings)?;
    let (state, environment_id) = (&caller.state, caller.environment.id);
    let protected = wanted.protected_permissions.as_deref().map(protected::parse).transpose()?;
    let (before, version) = table::versioned(tx, environment_id).await?;
    if let Some(seen) = wanted.version.filter(|seen| *seen != version) {
        return Err(ServiceError::Conflict { seen, now: version });
    }
    let after = ImpersonationSettings {
        enabled: wanted.enabled.unwrap_or(before.enabled),
        hide_from_account_audit: wanted.hide_from_account_audit.unwrap_or(before.hide_from_account_audit),
    };
    let mut protected_before = table::protected_permissions(tx, environment_id).await?;
    // The database may have another order of letters.
    protected_before.sort();
    let protected = protected.filter(|protected| *protected != protected_before);
    if let Some(protected) = &protected {
        protected::check(tx, environment_id, &protected_before, protected, caller.roles.can_unprotect()).await?;
    }
    if before == after && protected.is_none() {
        return Ok(false);
    }
    if !table::update_version(tx, environment_id, version, after).await? {
        let (_, now) = table::versioned(tx, environment_id).await?;
        return Err(ServiceError::Conflict { seen: version, now });
    }
    if let Some(protected) = &protected {
        table::set_protected_permissions(tx, environment_id, protected).await?;
    }
    let sentence = describe(before, after, protected.as_deref());
    let event = Event::of_caller(caller, action::SETTINGS_CHANGED, sentence);
    audit::record(state, tx, event).await?;
    if before.enabled != after.enabled {
        state.metrics.switched(after.enabled);
    }
    Ok(!after.enabled)
}

/// None of them may go on any more; their ends are written some at a time.
async fn end_running(caller: &Caller) -> ServiceResult<()> {
    let (state, environment_id) = (&caller.state, caller.environment.id);
    loop {
        let mut tx = state.db.write().await?;
        let began = state.now();
        let batch = impersonations_begun_before(&mut tx, environment_id, None, began, AT_ONCE).await?;
        if batch.is_empty() {
            return Ok(());
        }
        for running in batch {
            session::end_in(state, &mut tx, &running, EndReason::SettingsTurnedOff, &caller.actor, &caller.origin)
                .await?;
        }
        tx.commit().await?;
    }
}

fn describe(before: ImpersonationSettings, after: ImpersonationSettings, protected: Option<&[String]>) -> String {
    let mut changes = Vec::new();
    if before.enabled != after.enabled {
        changes.push(if after.enabled { "Impersonation turned on" } else { "Impersonation turned off" }.to_owned());
    }
    if before.hide_from_account_audit != after.hide_from_account_audit {
        let how = if after.hide_from_account_audit { "hidden from" } else { "shown in" };
        changes.push(format!("impersonated events {how} account audit logs"));
    }
    match protected {
        Some([]) => changes.push("no permission is protected any more".to_owned()),
        Some(protected) => {
            changes.push(format!("only Owners may impersonate who holds one of: {}", protected.join(", ")));
        }
        None => {}
    }
    changes.join("; ")
}
