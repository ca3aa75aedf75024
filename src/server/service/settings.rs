//! Changing an environment's impersonation settings.

use super::audit::{self, Event};
use super::caller::Caller;
use super::impersonation::AT_ONCE;
use super::session::{self, EndedBy};
use crate::model::audit::{Severity, action};
use crate::model::impersonation::ImpersonationSettings;
use crate::model::session::EndReason;
use crate::server::db::session::impersonations_begun_before;
use crate::server::db::settings as table;
use crate::server::error::{ServiceError, ServiceResult};

/// Stores both settings. Turning impersonation off ends what is running: nothing goes on from the same
/// moment.
///
/// # Errors
/// [`ServiceError::Forbidden`] for anyone but Owner and Admin.
pub async fn update(caller: &Caller, wanted: ImpersonationSettings) -> ServiceResult<()> {
    if !caller.roles.can_change_settings() {
        return Err(ServiceError::Forbidden);
    }
    let state = &caller.state;
    let mut tx = state.db.write().await?;
    let before = table::get(&mut tx, caller.environment.id).await?;
    if before == wanted {
        return Ok(());
    }
    table::update(&mut tx, caller.environment.id, wanted, state.now()).await?;
    let event = Event::new(caller.environment.id, action::SETTINGS_CHANGED, Severity::High, describe(before, wanted))
        .by_operator(&caller.operator)
        .from(&caller.client);
    audit::record(state, &mut tx, event).await?;
    tx.commit().await?;
    // From here on none of them may go on; their ends are written some at a time.
    if wanted.enabled {
        return Ok(());
    }
    loop {
        let mut tx = state.db.write().await?;
        let (environment_id, began) = (caller.environment.id, state.now());
        let batch = impersonations_begun_before(&mut tx, environment_id, None, began, AT_ONCE).await?;
        if batch.is_empty() {
            return Ok(());
        }
        for running in batch {
            let by = EndedBy::Operator(&caller.operator);
            session::end_in(state, &mut tx, &running, EndReason::SettingsTurnedOff, by, &caller.client).await?;
        }
        tx.commit().await?;
    }
}

fn describe(before: ImpersonationSettings, after: ImpersonationSettings) -> String {
    let mut changes = Vec::new();
    if before.enabled != after.enabled {
        changes.push(if after.enabled { "Impersonation turned on" } else { "Impersonation turned off" });
    }
    if before.hide_from_account_audit != after.hide_from_account_audit {
        changes.push(if after.hide_from_account_audit {
            "impersonated events hidden from account audit logs"
        } else {
            "impersonated events shown in account audit logs"
        });
    }
    changes.join("; ")
}
