//! Starting, showing and ending impersonations.

mod entrance;
pub mod hand_off;
pub mod live;
mod reopen;
pub mod settings;
mod start;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::caller::Caller;
use super::registry::names::Names;
use super::session;
use crate::model::application::LoginMethod;
use crate::model::denial::Denial;
use crate::model::impersonation::{
    Drawer, DrawerAccount, DrawerApplication, ImpersonationOverview, ImpersonationSettings, LiveImpersonation, MINUTES,
    MINUTES_WITHOUT_KEEP_ALIVE, SessionStart,
};
use crate::model::session::EndReason;
use crate::model::user::PAGE_SIZE;
use crate::server::db::account::{self, AccountMembership};
use crate::server::db::page::{Cursor, SortValue, Window};
use crate::server::db::user::{self, UserRecord};
use crate::server::db::{Conn, session as session_table, settings as settings_table};
use crate::server::domain::application::AssignedApplication;
use crate::server::domain::policy::{self, AccountFacts, ApplicationFacts, MembershipState, PolicyFacts, Target};
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};

pub use reopen::{Reopened, reopen};
pub use start::{HAND_OFF_LIFETIME, start};

/// Running sessions of one user that the drawer shows at most.
const RUNNING: i64 = 100;

/// A target with everything that choosing an account and an application for it needs.
pub struct Candidate {
    pub user: UserRecord,
    pub memberships: Vec<AccountMembership>,
    pub applications: Vec<AssignedApplication>,
    pub settings: ImpersonationSettings,
    /// Whether only an Owner may impersonate them.
    pub is_protected: bool,
    /// What tells those accounts and applications apart from others of their names.
    pub names: Names,
}

/// An account of the target, as lists show it.
pub struct ListedAccount<'a> {
    pub membership: &'a AccountMembership,
    /// Told apart from others of its name.
    pub name: String,
    /// The names of the target's roles there.
    pub roles: Vec<String>,
    /// Whether the target worked there last.
    pub active: bool,
}

impl Candidate {
    /// Reads the target.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] where the environment has no such user.
    pub async fn load(conn: &mut Conn, environment_id: Uuid, user_id: Uuid) -> ServiceResult<Self> {
        let user = user::by_id(conn, environment_id, user_id).await?.ok_or(ServiceError::NotFound)?;
        let memberships = account::memberships(conn, user.id).await?;
        let applications = account::applications_of_user(conn, user.id).await?;
        let of_accounts = memberships.iter().map(|row| row.account_id);
        Ok(Self {
            names: Names::of(conn, of_accounts, applications.iter().map(|row| row.application_id)).await?,
            settings: settings_table::get(conn, environment_id).await?,
            is_protected: settings_table::is_protected(conn, environment_id, user.id).await?,
            memberships,
            applications,
            user,
        })
    }

    /// The target's accounts as lists show them, the active one first. `roles` are those of the target's memberships: account, key
    /// and name each; `item` makes an entry of the list.
    pub fn accounts<A>(&self, roles: &[(Uuid, String, String)], item: impl Fn(ListedAccount<'_>) -> A) -> Vec<A> {
        let is_active = |row: &AccountMembership| Some(row.account_id) == self.user.active_account_id;
        let mut memberships: Vec<&AccountMembership> = self.memberships.iter().collect();
        memberships.sort_by_key(|row| !is_active(row));
        let of_account = |id: Uuid| roles.iter().filter(move |(account_id, _, _)| *account_id == id);
        let listed = memberships.into_iter().map(|membership| ListedAccount {
            membership,
            name: self.names.told_apart(Some(membership.account_id), membership.name.clone()),
            roles: of_account(membership.account_id).map(|(_, _, name)| name.clone()).collect(),
            active: is_active(membership),
        });
        listed.map(item).collect()
    }

    pub fn applications_of(&self, account_id: Uuid) -> impl Iterator<Item = &AssignedApplication> {
        self.applications.iter().filter(move |application| application.account_id == account_id)
    }

    /// The account that is preselected: the active one where it is not refused, else the first that is not, else the
    /// active one, whose refusal is then shown.
    fn preselected(&self) -> Option<&AccountMembership> {
        let active = self.memberships.iter().find(|row| Some(row.account_id) == self.user.active_account_id);
        let works = |row: &&AccountMembership| policy::decide_for_account(&self.account_facts(row, None)).is_ok();
        active.filter(works).or_else(|| self.memberships.iter().find(works)).or(active).or(self.memberships.first())
    }

    fn facts<'a>(&'a self, caller: &'a Caller, account: Option<AccountFacts>) -> PolicyFacts<'a> {
        PolicyFacts {
            enabled: self.settings.enabled,
            roles: caller.roles,
            operator_email: caller.actor.operator().map_or("", |operator| &operator.email),
            target: Target {
                email: &self.user.email,
                locked: self.user.locked_at.is_some(),
                verified: self.user.email_verified,
                is_protected: self.is_protected,
            },
            account,
        }
    }

    fn account_facts(&self, membership: &AccountMembership, client_id: Option<&str>) -> AccountFacts {
        let mut applications = self.applications_of(membership.account_id);
        let chosen = match client_id {
            Some(client_id) => self.applications_of(membership.account_id).find(|row| row.client_id == client_id),
            None => self.applications_of(membership.account_id).next(),
        };
        AccountFacts {
            membership: if membership.disabled_at.is_some() {
                MembershipState::Disabled
            } else {
                MembershipState::Enabled
            },
            has_applications: applications.next().is_some(),
            application: chosen.map(|row| ApplicationFacts { keep_session_alive: row.keep_session_alive }),
        }
    }

    /// Why starting with the preselected account and application is refused, if it is.
    pub fn denial(&self, caller: &Caller) -> Option<Denial> {
        let account = self.preselected().map(|membership| self.account_facts(membership, None));
        policy::decide(&self.facts(caller, account)).err()
    }
}

/// What the drawer shows for a user.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn drawer(caller: &Caller, user_id: Uuid) -> ServiceResult<Drawer> {
    caller.require_view()?;
    let now = caller.state.now();
    let mut conn = caller.state.db.read().await?;
    let candidate = Candidate::load(&mut conn, caller.environment.id, user_id).await?;
    let roles = account::membership_roles(&mut conn, user_id).await?;
    let running = session_table::impersonations_of(
        &mut conn,
        caller.environment.id,
        user_id,
        caller.actor.id().unwrap_or_default(),
        now,
        RUNNING,
    )
    .await?;
    let (running, has_more) = running.apart();
    let oldest = running.last().filter(|_| has_more);
    let names = &candidate.names;
    drop(conn);
    let accounts = candidate.accounts(&roles, |account| drawer_account(caller, &candidate, account));
    let denial = policy::decide_for_target(&candidate.facts(caller, None)).err();
    Ok(Drawer {
        operator_id: caller.actor.id().unwrap_or_default(),
        user_id,
        name: candidate.user.name.clone(),
        email: candidate.user.email.clone(),
        denial: denial.or(accounts.is_empty().then_some(Denial::NoAccount)),
        accounts,
        oldest: oldest.map(|row| SessionStart { started_at: row.created_at, session_id: row.id }),
        hidden_from_account_audit: candidate.settings.hide_from_account_audit,
        running: running
            .into_iter()
            .filter(|row| row.end_due(now).is_none())
            .map(|row| live_item(caller, row, names))
            .collect(),
        now,
    })
}

fn drawer_account(caller: &Caller, candidate: &Candidate, account: ListedAccount<'_>) -> DrawerAccount {
    let membership = account.membership;
    let applications = candidate.applications_of(membership.account_id).map(|application| {
        let facts = candidate.account_facts(membership, Some(&application.client_id));
        DrawerApplication {
            client_id: application.client_id.clone(),
            name: candidate.names.told_apart(Some(application.application_id), application.name.clone()),
            is_default: application.is_default,
            hosted: application.login_method == LoginMethod::Hosted,
            minutes: if application.keep_session_alive { MINUTES } else { MINUTES_WITHOUT_KEEP_ALIVE },
            denial: policy::decide(&candidate.facts(caller, Some(facts))).err(),
        }
    });
    DrawerAccount {
        applications: applications.collect(),
        denial: policy::decide_for_account(&candidate.account_facts(membership, None)).err(),
        external_id: membership.external_id.clone(),
        name: account.name,
        roles: account.roles,
        active: account.active,
    }
}

/// The Impersonation page: settings, and what is running, from the place that `cursor` says.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn overview(caller: &Caller, cursor: &str) -> ServiceResult<ImpersonationOverview> {
    caller.require_view()?;
    let now = caller.state.now();
    let mut conn = caller.state.db.read().await?;
    let (settings, version) = settings_table::versioned(&mut conn, caller.environment.id).await?;
    let protected_permissions = settings_table::protected_permissions(&mut conn, caller.environment.id).await?;
    let page = running(&mut conn, caller.environment.id, now, cursor).await?;
    let edge =
        |row: Option<&Session>, backwards| row.map(|row| Cursor::at_time(backwards, row.created_at, row.id).encode());
    let next = edge(page.rows.last().filter(|_| page.has_next), false);
    let previous = edge(page.rows.first().filter(|_| page.has_previous), true);
    let names = Names::of_sessions(&mut conn, &page.rows).await?;
    let count = session_table::count_live_impersonations(&mut conn, caller.environment.id, now).await?;
    let endable = if caller.roles.can_end_any_session() {
        count
    } else {
        session_table::count_live_impersonations_by(
            &mut conn,
            caller.environment.id,
            caller.actor.id().unwrap_or_default(),
            now,
        )
        .await?
    };
    Ok(ImpersonationOverview {
        running: count,
        endable,
        settings,
        version,
        protected_permissions,
        can_change_settings: caller.roles.can_change_settings(),
        can_unprotect: caller.roles.can_unprotect(),
        live: page
            .rows
            .into_iter()
            .filter(|row| row.end_due(now).is_none())
            .map(|row| live_item(caller, row, &names))
            .collect(),
        previous,
        next,
        asked_by: caller.actor.id().unwrap_or_default(),
        now,
    })
}

/// A page of what runs. Where nothing of it runs any more it is the first one.
async fn running(
    conn: &mut Conn,
    environment_id: Uuid,
    now: DateTime<Utc>,
    cursor: &str,
) -> ServiceResult<Window<Session>> {
    let limit = PAGE_SIZE as i64;
    let cursor = Cursor::decode(cursor);
    let place = cursor.as_ref().and_then(|cursor| match cursor.value {
        SortValue::Time(time) => Some((time, cursor.id)),
        _ => None,
    });
    let from = place.map(|place| (place, cursor.as_ref().is_some_and(|cursor| cursor.backwards)));
    let rows = session_table::live_impersonations(conn, environment_id, now, from, limit).await?;
    if rows.is_empty() && from.is_some() {
        let first = session_table::live_impersonations(conn, environment_id, now, None, limit).await?;
        return Ok(Window::of(first, None));
    }
    Ok(Window::of(rows, cursor.filter(|_| from.is_some()).as_ref()))
}

/// Ends one impersonation: the operator's own, or any for Owner and Admin. Ending an ended one changes nothing.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such impersonation, [`ServiceError::Forbidden`] where it is
/// another operator's.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn end(caller: &Caller, session_id: Uuid) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    let session = session_table::standing(&mut tx, caller.environment.id, session_id)
        .await?
        .filter(Session::is_impersonation)
        .ok_or(ServiceError::NotFound)?;
    let reason = ending_as(caller, &session).ok_or(ServiceError::Forbidden)?;
    session::end_in(&caller.state, &mut tx, &session, reason, &caller.actor, &caller.origin).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends every impersonation of the environment that the caller may end, however many there are, some at a time: others get
/// their turn in between. Gives how many.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn end_all(caller: &Caller) -> ServiceResult<u32> {
    let state = &caller.state;
    let operator_id = match caller.roles.can_end_any_session() {
        true => None,
        false => Some(caller.operator()?.id),
    };
    // Who starts one in the meantime does not keep this busy.
    let (environment_id, began) = (caller.environment.id, state.now());
    let mut ended = 0;
    loop {
        let mut tx = state.db.write().await?;
        let batch =
            session_table::impersonations_begun_before(&mut tx, environment_id, operator_id, began, session::AT_ONCE)
                .await?;
        if batch.is_empty() {
            return Ok(ended);
        }
        for session in &batch {
            let Some(reason) = ending_as(caller, session) else { continue };
            if session::end_in(state, &mut tx, session, reason, &caller.actor, &caller.origin).await? {
                ended += 1;
            }
        }
        tx.commit().await?;
    }
}

/// As what the caller may end a session: as its operator, as an administrator, or not at all.
fn ending_as(caller: &Caller, session: &Session) -> Option<EndReason> {
    if caller.is(session.operator_id) {
        Some(EndReason::EndedByOperator)
    } else {
        caller.roles.can_end_any_session().then_some(EndReason::RevokedByAdministrator)
    }
}

fn live_item(caller: &Caller, row: Session, names: &Names) -> LiveImpersonation {
    LiveImpersonation {
        can_end: ending_as(caller, &row).is_some(),
        account_name: names.account_of(&row).unwrap_or_default(),
        application_name: names.application_of(&row).unwrap_or_default(),
        account_external_id: row.account_external_id.unwrap_or_default(),
        client_id: row.client_id.unwrap_or_default(),
        session_id: row.id,
        operator_id: row.operator_id.unwrap_or_default(),
        operator_name: row.operator_name.unwrap_or_default(),
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        reason: row.reason.unwrap_or_default(),
        ticket: row.ticket,
        started_at: row.created_at,
        deadline: row.expires_at,
    }
}
