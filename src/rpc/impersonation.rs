//! Impersonation: the drawer, starting, ending, and the environment's settings.

#![expect(clippy::too_many_arguments, reason = "a form has as many fields as it has")]

use leptos::prelude::*;
use uuid::Uuid;

use crate::model::error::ApiError;
use crate::model::impersonation::{Drawer, HandOff, ImpersonationOverview, StartImpersonation};
use crate::model::typed::Typed;

#[server(prefix = "/rpc", endpoint = "impersonation/drawer")]
pub async fn get_drawer(environment: String, user_id: Uuid) -> Result<Drawer, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::impersonation::drawer(&caller, user_id).await)
}

#[server(prefix = "/rpc", endpoint = "impersonation/start")]
pub async fn start(request: StartImpersonation) -> Result<HandOff, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&request.environment).await?;
    caller::answer(&caller.origin, service::impersonation::start(&caller, &request).await)
}

/// Ends one impersonation: the operator's own, or any for Owner and Admin.
#[server(prefix = "/rpc", endpoint = "impersonation/end")]
pub async fn end(environment: String, session_id: Uuid) -> Result<(), ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::impersonation::end(&caller, session_id).await)
}

/// Ends every impersonation of the environment that the operator may end, and says how many.
#[server(prefix = "/rpc", endpoint = "impersonation/end-all")]
pub async fn end_all(environment: String) -> Result<u32, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::impersonation::end_all(&caller).await)
}

#[server(prefix = "/rpc", endpoint = "impersonation/overview")]
pub async fn get_overview(
    environment: String,
    #[server(default)] cursor: String,
) -> Result<ImpersonationOverview, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::impersonation::overview(&caller, &cursor).await)
}

/// Changes the settings of the version that the page showed. An unchecked box of a plain form sends nothing, so what is
/// absent is off; what is as the page had it (`…_was`) is not touched. The protected permissions are text: absent, they stay;
/// empty, there are none any more. A plain form that is refused comes back with what was changed in it.
#[server(prefix = "/rpc", endpoint = "impersonation/settings")]
pub async fn update_settings(
    environment: String,
    #[server(default)] version: Option<i64>,
    #[server(default)] enabled: bool,
    #[server(default)] hide_from_account_audit: bool,
    #[server(default)] enabled_was: Option<bool>,
    #[server(default)] hide_from_account_audit_was: Option<bool>,
    #[server(default)] protected_permissions: Typed,
    #[server(default)] protected_permissions_was: Typed,
) -> Result<(), ApiError> {
    use leptos::server_fn::ServerFn;

    use crate::model::impersonation::{UnsavedSettings, same_permissions};
    use crate::model::percent::encode;
    use crate::server::http::caller;
    use crate::server::service;
    use crate::server::service::impersonation::settings::SettingsChange;
    let changed = |wanted: bool, was: Option<bool>| (was != Some(wanted)).then_some(wanted);
    let was = protected_permissions_was.text();
    let retyped = |text: &String| !was.as_ref().is_some_and(|was| same_permissions(was, text));
    let change = SettingsChange {
        version,
        enabled: changed(enabled, enabled_was),
        hide_from_account_audit: changed(hide_from_account_audit, hide_from_account_audit_was),
        protected_permissions: protected_permissions.text().filter(retyped),
    };
    let unsaved = UnsavedSettings {
        enabled: change.enabled,
        hide_from_account_audit: change.hide_from_account_audit,
        protected_permissions: change.protected_permissions.clone(),
    };
    let outcome = async {
        let caller = caller::operator_in(&environment).await?;
        caller::answer(&caller.origin, service::impersonation::settings::change(&caller, change).await)
    };
    let outcome = outcome.await;
    let page = format!("/{}/impersonation", encode(&environment));
    caller::lead_back(&page, UpdateSettings::PATH, outcome.as_ref().err(), &unsaved.words());
    outcome
}
