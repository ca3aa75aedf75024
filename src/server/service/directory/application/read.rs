//! Applications as operators see them: the list, and one application with its accounts and its logout messages.

use uuid::Uuid;

use crate::model::account::AccountOption;
use crate::model::application::{
    Addresses, ApplicationDetail, ApplicationItem, ApplicationList, DeliveryCounts, DeliveryItem, LISTED, LoginMethod,
    LogoutState, Proof, RedirectKind,
};
use crate::model::operator::Roles;
use crate::model::session::SessionKind;
use crate::server::db::application as table;
use crate::server::db::delivery::logout as messages;
use crate::server::db::session::{self, Within};
use crate::server::domain::application::{Application, ListedApplication};
use crate::server::domain::delivery::ListedMessage;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text::Search;
use crate::server::service::caller::Caller;
use crate::server::service::registry::names::Names;
use crate::server::service::registry::problem;
use crate::server::service::registry::relying_party::origin_of;

const ACCOUNTS: i64 = 100;
const DELIVERIES: i64 = 50;
/// Counting stops here: a busy application has hundreds of thousands.
const COUNTED: i64 = 1000;
/// Impersonations that are counted before something that would end them.
const RUNNING: i64 = 200;

/// The environment's applications that have what was typed in name or client id, by name, at most [`LISTED`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &Caller, typed: &str) -> ServiceResult<ApplicationList> {
    caller.require_view()?;
    let problems = problem::of_nobody(caller).await?;
    let search = Search::of(typed);
    let mut conn = caller.state.db.read().await?;
    let (rows, more) = match search.too_long || search.only_signs {
        true => (Vec::new(), false),
        false => {
            let words = search.words_or_id();
            table::list(&mut conn, caller.environment.id, &words, LISTED as i64, COUNTED + 1).await?.apart()
        }
    };
    let names = Names::of(&mut conn, [], rows.iter().map(|row| row.id)).await?;
    Ok(ApplicationList {
        rows: rows.into_iter().map(|row| item(row, &names)).collect(),
        more,
        is_filtered: !search.is_empty(),
        searched: search.said(),
        problems,
        now: caller.state.now(),
    })
}

fn item(row: ListedApplication, names: &Names) -> ApplicationItem {
    ApplicationItem {
        id: row.id,
        client_id: row.client_id,
        name: names.told_apart(Some(row.id), row.name),
        hosted: row.login_method == LoginMethod::Hosted,
        proof: Proof::of(row.has_secret, row.has_keys),
        keep_session_alive: row.keep_session_alive,
        accounts: row.accounts,
        logout: match (row.is_told, row.last_delivery) {
            (false, _) => LogoutState::Off,
            (true, None) => LogoutState::Unused,
            (true, Some(state)) => state,
        },
    }
}

/// One application with everything on its page.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such application.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn get(caller: &Caller, application_id: Uuid) -> ServiceResult<ApplicationDetail> {
    caller.require_view()?;
    let state = &caller.state;
    problem::write_down_first(state).await;
    let mut conn = state.db.read().await?;
    let application =
        table::by_id(&mut conn, caller.environment.id, application_id).await?.ok_or(ServiceError::NotFound)?;
    let uris = table::redirect_uris(&mut conn, application_id).await?;
    let of_kind = |kind| uris.iter().filter(|uri| uri.0 == kind).map(|uri| uri.1.clone()).collect::<Vec<_>>();
    let redirect_uris = of_kind(RedirectKind::Login);
    let registered = redirect_uris.iter().chain([&application.app_url, &application.login_url]);
    let mut origins: Vec<String> = registered.filter_map(|url| origin_of(url)).collect();
    origins.sort();
    origins.dedup();
    let (accounts, more_accounts) = table::accounts(&mut conn, application_id, ACCOUNTS).await?.apart();
    let default_of = accounts.iter().filter(|row| row.is_default).map(|row| row.external_id.clone()).collect();
    let counts = messages::counts(&mut conn, application_id, COUNTED).await?;
    let deliveries = messages::of_application(&mut conn, application_id, DELIVERIES).await?;
    let listed = table::list_row(&mut conn, caller.environment.id, application_id, COUNTED + 1).await?;
    let listed = listed.ok_or(ServiceError::NotFound)?;
    let names = Names::of(&mut conn, accounts.iter().map(|row| row.id), [application_id]).await?;
    let problems = problem::of_application(state, &mut conn, caller.environment.id, application_id).await?;
    Ok(ApplicationDetail {
        problems,
        application: item(listed, &names),
        version: application.version,
        algorithm: application.signing_algorithm.as_str().to_owned(),
        addresses: Addresses {
            app_url: application.app_url,
            login_url: application.login_url,
            initiate_login_url: application.initiate_login_url,
            redirect_uris,
            post_logout_redirect_uris: of_kind(RedirectKind::Logout),
            origins,
            backchannel_logout_uri: application.backchannel_logout_uri,
        },
        issuer: state.issuer(&caller.environment),
        accounts: accounts
            .into_iter()
            .map(|row| AccountOption { external_id: row.external_id, name: names.told_apart(Some(row.id), row.name) })
            .collect(),
        more_accounts,
        default_of,
        counts: DeliveryCounts {
            delivered: counted(counts.delivered),
            waiting: counted(counts.pending),
            failed: counted(counts.dead),
        },
        deliveries: deliveries.into_iter().map(delivery).collect(),
        more_deliveries: counts.total() > DELIVERIES,
        can_retry: caller.roles.can_administer(),
        now: state.now(),
    })
}

/// A number that was counted up to [`COUNTED`].
fn counted(number: i64) -> String {
    if number < COUNTED { number.to_string() } else { "1,000+".to_owned() }
}

fn delivery(row: ListedMessage) -> DeliveryItem {
    let (state, at) = match (row.delivered_at, row.dead_at) {
        (Some(at), _) => (LogoutState::Delivered, at),
        (None, Some(at)) => (LogoutState::Failed, at),
        (None, None) if row.last_error.is_some() => (LogoutState::Retrying, row.next_attempt_at),
        (None, None) => (LogoutState::Sending, row.next_attempt_at),
    };
    DeliveryItem {
        session_id: row.session_id,
        impersonation: row.session_kind == SessionKind::Impersonation,
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        created_at: row.created_at,
        state,
        attempts: row.attempts,
        last_error: row.last_error.unwrap_or_default(),
        at,
    }
}

/// An application as it is stored, to be edited, and what would end with it.
pub struct StoredApplication {
    pub application: Application,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub issuer: String,
    /// Accounts that have it, counted up to 1,001.
    pub accounts: i64,
    /// Impersonations that run in it, counted up to 201.
    pub running: usize,
}

/// One application as it is stored.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owner and Admin, [`ServiceError::NotFound`] where the environment has no such
/// application.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn stored(caller: &Caller, application_id: Uuid) -> ServiceResult<StoredApplication> {
    caller.require(Roles::can_administer)?;
    let environment_id = caller.environment.id;
    let mut conn = caller.state.db.read().await?;
    let application = table::by_id(&mut conn, environment_id, application_id).await?.ok_or(ServiceError::NotFound)?;
    let uris = table::redirect_uris(&mut conn, application_id).await?;
    let of_kind = |kind| uris.iter().filter(|uri| uri.0 == kind).map(|uri| uri.1.clone()).collect();
    let listed = table::list_row(&mut conn, environment_id, application_id, COUNTED + 1).await?;
    let within = Within::Application(application_id);
    let running = session::impersonations_within(&mut conn, environment_id, within, RUNNING + 1).await?.len();
    Ok(StoredApplication {
        issuer: caller.state.issuer(&caller.environment),
        application,
        redirect_uris: of_kind(RedirectKind::Login),
        post_logout_redirect_uris: of_kind(RedirectKind::Logout),
        accounts: listed.map_or(0, |listed| listed.accounts),
        running,
    })
}
