//! Applications as operators see them: the list, and one application with its accounts and its logout messages.

use uuid::Uuid;

use super::caller::Caller;
use super::relying_party::origin_of;
use crate::model::application::{
    ApplicationAccount, ApplicationDetail, ApplicationItem, ApplicationsPage, DeliveryCounts, DeliveryItem,
    DeliveryState, Proof,
};
use crate::model::session::SessionKind;
use crate::server::db::application::{self as table, ApplicationListRow};
use crate::server::db::logout_delivery::{self, DeliveryRow};
use crate::server::error::{ServiceError, ServiceResult};

const APPLICATIONS: usize = 500;
const ACCOUNTS: usize = 100;
const DELIVERIES: i64 = 50;
/// Counting stops here: a busy application has hundreds of thousands.
const COUNTED: i64 = 1000;

/// The environment's applications.
pub async fn list(caller: &Caller) -> ServiceResult<ApplicationsPage> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let mut rows = table::list(&mut conn, caller.environment.id, APPLICATIONS as i64 + 1, COUNTED + 1).await?;
    let more = rows.len() > APPLICATIONS;
    rows.truncate(APPLICATIONS);
    Ok(ApplicationsPage { rows: rows.into_iter().map(item).collect(), more })
}

fn item(row: ApplicationListRow) -> ApplicationItem {
    ApplicationItem {
        id: row.id,
        client_id: row.client_id,
        name: row.name,
        hosted: row.login_method == "hosted",
        proof: Proof { secret: row.has_secret, keys: row.has_keys },
        keep_session_alive: row.keep_session_alive,
        accounts: row.accounts,
        told: row.is_told,
        last_delivery: row.last_delivery.as_deref().map(|word| match word {
            "delivered" => DeliveryState::Delivered,
            "failed" => DeliveryState::Failed,
            "retrying" => DeliveryState::Retrying,
            _ => DeliveryState::Sending,
        }),
    }
}

/// One application with everything on its page.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such application.
pub async fn get(caller: &Caller, application_id: Uuid) -> ServiceResult<ApplicationDetail> {
    caller.require_view()?;
    let state = &caller.state;
    let mut conn = state.db.read().await?;
    let application = table::by_id(&mut conn, application_id)
        .await?
        .filter(|application| application.environment_id == caller.environment.id)
        .ok_or(ServiceError::NotFound)?;
    let uris = table::redirect_uris(&mut conn, application_id).await?;
    let of_kind = |kind: &str| uris.iter().filter(|uri| uri.0 == kind).map(|uri| uri.1.clone()).collect::<Vec<_>>();
    let redirect_uris = of_kind("login");
    let registered = redirect_uris.iter().chain([&application.app_url, &application.login_url]);
    let mut origins: Vec<String> = registered.filter_map(|url| origin_of(url)).collect();
    origins.sort();
    origins.dedup();
    let mut accounts = table::accounts(&mut conn, application_id, ACCOUNTS as i64 + 1).await?;
    let more_accounts = accounts.len() > ACCOUNTS;
    accounts.truncate(ACCOUNTS);
    let counts = logout_delivery::counts(&mut conn, application_id, COUNTED).await?;
    let deliveries = logout_delivery::of_application(&mut conn, application_id, DELIVERIES).await?;
    Ok(ApplicationDetail {
        hosted: application.login_method == "hosted",
        proof: Proof { secret: application.client_secret_hash.is_some(), keys: application.jwks.is_some() },
        logout_redirect_uris: of_kind("logout"),
        redirect_uris,
        origins,
        issuer: state.issuer(&caller.environment.slug),
        accounts: accounts
            .into_iter()
            .map(|row| ApplicationAccount { external_id: row.external_id, name: row.name, is_default: row.is_default })
            .collect(),
        more_accounts,
        counts: DeliveryCounts { waiting: counts.pending, delivered: counts.delivered, failed: counts.dead },
        deliveries: deliveries.into_iter().map(delivery).collect(),
        can_retry: caller.roles.can_administer(),
        now: state.now(),
        id: application.id,
        client_id: application.client_id,
        name: application.name,
        keep_session_alive: application.keep_session_alive,
        algorithm: application.signing_algorithm,
        app_url: application.app_url,
        login_url: application.login_url,
        initiate_login_url: application.initiate_login_url,
        backchannel_logout_uri: application.backchannel_logout_uri,
    })
}

fn delivery(row: DeliveryRow) -> DeliveryItem {
    let (state, at) = match (row.delivered_at, row.dead_at) {
        (Some(at), _) => (DeliveryState::Delivered, at),
        (None, Some(at)) => (DeliveryState::Failed, at),
        (None, None) if row.last_error.is_some() => (DeliveryState::Retrying, row.next_attempt_at),
        (None, None) => (DeliveryState::Sending, row.next_attempt_at),
    };
    DeliveryItem {
        session_id: row.session_id,
        impersonation: SessionKind::parse(&row.session_kind) == Some(SessionKind::Impersonation),
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        created_at: row.created_at,
        state,
        attempts: row.attempts,
        last_error: row.last_error,
        at,
    }
}
