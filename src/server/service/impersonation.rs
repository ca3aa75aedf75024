//! Starting, showing and ending impersonations.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::audit::{self, Event};
use super::caller::Caller;
use super::policy::{self, AccountFacts, ApplicationFacts, Facts, Grant, Membership, Target};
use super::session::{self, EndedBy};
use crate::model::audit::{Severity, action};
use crate::model::impersonation::{
    Denial, Drawer, DrawerAccount, DrawerApplication, HandOff, ImpersonationOverview, ImpersonationSettings,
    LiveImpersonation, MINUTES, MINUTES_WITHOUT_KEEP_ALIVE, StartImpersonation, validate_reason, validate_ticket,
};
use crate::model::session::{EndReason, SessionKind};
use crate::server::address::{origin_of, with_query};
use crate::server::db::account::{AssignedApplicationRow, MembershipRow};
use crate::server::db::grant::{self, NewHandOffCode};
use crate::server::db::session::{self as session_table, NewSession, StandingRow};
use crate::server::db::user::UserRecord;
use crate::server::db::{Conn, account, settings, user};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::secret::SecretKind;

/// How long a hand-off code works.
const HAND_OFF_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// A target with everything that choosing an account and an application for it needs.
pub struct Candidate {
    pub user: UserRecord,
    pub memberships: Vec<MembershipRow>,
    pub applications: Vec<AssignedApplicationRow>,
    pub settings: ImpersonationSettings,
}

impl Candidate {
    /// Reads the target.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] where the environment has no such user.
    pub async fn load(conn: &mut Conn, environment_id: Uuid, user_id: Uuid) -> ServiceResult<Self> {
        let user = user::by_id(conn, environment_id, user_id).await?.ok_or(ServiceError::NotFound)?;
        Ok(Self {
            memberships: account::memberships(conn, user.id).await?,
            applications: account::applications_of_user(conn, user.id).await?,
            settings: settings::get(conn, environment_id).await?,
            user,
        })
    }

    fn applications_of(&self, account_id: Uuid) -> impl Iterator<Item = &AssignedApplicationRow> {
        self.applications.iter().filter(move |application| application.account_id == account_id)
    }

    /// The account that is preselected: the active one, else the first by name.
    fn preselected(&self) -> Option<&MembershipRow> {
        let active = self.memberships.iter().find(|row| Some(row.account_id) == self.user.active_account_id);
        active.or(self.memberships.first())
    }

    fn facts<'a>(&'a self, caller: &'a Caller, account: Option<AccountFacts>) -> Facts<'a> {
        Facts {
            enabled: self.settings.enabled,
            roles: caller.roles,
            operator_email: &caller.operator.email,
            nested: false,
            target: Target {
                email: &self.user.email,
                locked: self.user.locked_at.is_some(),
                verified: self.user.email_verified,
            },
            account,
        }
    }

    fn account_facts(&self, membership: &MembershipRow, client_id: Option<&str>) -> AccountFacts {
        let mut applications = self.applications_of(membership.account_id);
        let chosen = match client_id {
            Some(client_id) => self.applications_of(membership.account_id).find(|row| row.client_id == client_id),
            None => self.applications_of(membership.account_id).next(),
        };
        AccountFacts {
            membership: if membership.disabled_at.is_some() { Membership::Disabled } else { Membership::Enabled },
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
pub async fn drawer(caller: &Caller, user_id: Uuid) -> ServiceResult<Drawer> {
    caller.require_view()?;
    let now = caller.state.now();
    let mut conn = caller.state.db.read().await?;
    let candidate = Candidate::load(&mut conn, caller.environment.id, user_id).await?;
    let roles = account::membership_roles(&mut conn, user_id).await?;
    let running = session_table::live_impersonations(&mut conn, caller.environment.id, now).await?;
    drop(conn);
    let mut accounts: Vec<DrawerAccount> = candidate
        .memberships
        .iter()
        .map(|membership| {
            let facts = candidate.account_facts(membership, None);
            let applications = candidate.applications_of(membership.account_id).map(|application| {
                let facts = candidate.account_facts(membership, Some(&application.client_id));
                DrawerApplication {
                    client_id: application.client_id.clone(),
                    name: application.name.clone(),
                    is_default: application.is_default,
                    hosted: application.login_method == "hosted",
                    minutes: if application.keep_session_alive { MINUTES } else { MINUTES_WITHOUT_KEEP_ALIVE },
                    denial: policy::decide(&candidate.facts(caller, Some(facts))).err(),
                }
            });
            DrawerAccount {
                external_id: membership.external_id.clone(),
                name: membership.name.clone(),
                roles: roles
                    .iter()
                    .filter(|(account_id, _, _)| *account_id == membership.account_id)
                    .map(|(_, _, name)| name.clone())
                    .collect(),
                active: Some(membership.account_id) == candidate.user.active_account_id,
                applications: applications.collect(),
                denial: policy::decide_for_account(&facts).err(),
            }
        })
        .collect();
    accounts.sort_by_key(|account| !account.active);
    let denial = policy::decide_for_target(&candidate.facts(caller, None)).err();
    Ok(Drawer {
        user_id,
        name: candidate.user.name.clone(),
        email: candidate.user.email.clone(),
        denial: denial.or(accounts.is_empty().then_some(Denial::NoAccount)),
        accounts,
        hidden_from_account_audit: candidate.settings.hide_from_account_audit,
        running: running
            .into_iter()
            .filter(|row| row.user_id == user_id && row.operator_id == Some(caller.operator.id))
            .filter(|row| row.end_due(now).is_none())
            .map(|row| live_item(caller, row))
            .collect(),
        now,
    })
}

/// Starts an impersonation: session, START event and hand-off code in one transaction, or nothing.
///
/// # Errors
/// [`ServiceError::Invalid`] for the reason or the ticket, [`ServiceError::Denied`] where the policy says no (which is
/// itself audited), [`ServiceError::NotFound`] for ids that are not of this environment.
pub async fn start(caller: &Caller, request: &StartImpersonation) -> ServiceResult<HandOff> {
    caller.require_view()?;
    let reason = validate_reason(&request.reason)?;
    let ticket = validate_ticket(&request.ticket)?;
    let state = &caller.state;
    state.limits.start(&caller.operator.id.to_string())?;
    let mut tx = state.db.write().await?;
    let candidate = Candidate::load(&mut tx, caller.environment.id, request.user_id).await?;
    let membership = candidate.memberships.iter().find(|row| row.external_id == request.account);
    let account = match membership {
        Some(membership) => Some(candidate.account_facts(membership, Some(&request.application))),
        None if candidate.memberships.is_empty() => None,
        None => Some(AccountFacts { membership: Membership::None, has_applications: false, application: None }),
    };
    let decision = policy::decide(&candidate.facts(caller, account));
    let chosen = membership.and_then(|membership| {
        let application =
            candidate.applications_of(membership.account_id).find(|row| row.client_id == request.application)?;
        Some((membership, application))
    });
    let (grant, membership, application) = match (decision, chosen) {
        (Ok(grant), Some((membership, application))) => (grant, membership, application),
        (decision, _) => {
            drop(tx);
            let denial = decision.err().unwrap_or(Denial::NotAssigned);
            return Err(refuse(caller, &candidate.user, denial, &reason, ticket.as_deref()).await?);
        }
    };
    let entrance = Entrance::of(application)?;
    let now = state.now();
    let deadline = now + TimeDelta::minutes(grant.minutes);
    let hidden = candidate.settings.hide_from_account_audit;
    let session_id = state.new_id();
    let session = NewSession {
        id: session_id,
        environment_id: caller.environment.id,
        user_id: candidate.user.id,
        kind: SessionKind::Impersonation,
        account_id: Some(membership.account_id),
        application_id: Some(application.application_id),
        operator_id: Some(caller.operator.id),
        reason: Some(&reason),
        ticket: ticket.as_deref(),
        deadline: Some(deadline),
        hidden_from_account: hidden,
        now,
        expires_at: deadline,
        ip_address: caller.client.ip_address.as_deref(),
        user_agent: caller.client.user_agent.as_deref(),
    };
    session_table::insert(&mut tx, &session).await?;
    let event = Event::new(
        caller.environment.id,
        action::IMPERSONATION_STARTED,
        Severity::High,
        started_sentence(caller, &candidate.user, &membership.name, &application.name, grant),
    )
    .by_operator(&caller.operator)
    .about_user(candidate.user.id, &candidate.user.name, &candidate.user.email)
    .in_account(membership.account_id, &membership.name, hidden)
    .in_application(application.application_id, &application.name)
    .impersonated_by(&caller.operator, session_id)
    .for_reason(&reason, ticket.as_deref())
    .from(&caller.client);
    audit::record(state, &mut tx, event).await?;
    let (code, code_hash) = SecretKind::HandOffCode.generate(state.random.as_ref());
    let expires_at = now + HAND_OFF_LIFETIME;
    let hand_off = NewHandOffCode {
        code_hash: &code_hash,
        session_id,
        application_id: application.application_id,
        operator_session_id: Some(caller.operator.session_id),
        now,
        expires_at,
    };
    grant::insert_hand_off(&mut tx, &hand_off).await?;
    tx.commit().await?;
    let issuer = state.issuer(&caller.environment.slug);
    Ok(HandOff { session_id, url: entrance.url(&issuer, &code), expires_at, deadline })
}

/// Where the new tab goes with its hand-off code.
enum Entrance {
    /// To the provider, which signs the user in and leads on to the application.
    Hosted,
    /// To the application itself, which trades the code at the token endpoint: sign-in that a third party initiates
    /// (OpenID Connect Core section 4), with the code as `login_hint`.
    Embedded { login_url: String, target: String },
}

impl Entrance {
    fn of(application: &AssignedApplicationRow) -> ServiceResult<Self> {
        if application.login_method != "embedded" {
            return Ok(Self::Hosted);
        }
        if origin_of(&application.login_url).is_none() {
            let sentence =
                "The application's login address is neither http nor https. An administrator must mend it first.";
            return Err(ServiceError::invalid("application", sentence));
        }
        Ok(Self::Embedded { login_url: application.login_url.clone(), target: application.app_url.clone() })
    }

    fn url(&self, issuer: &str, code: &str) -> String {
        match self {
            Self::Hosted => format!("{issuer}/hand-off?code={code}"),
            Self::Embedded { login_url, target } => {
                with_query(login_url, &[("iss", issuer), ("login_hint", code), ("target_link_uri", target)])
            }
        }
    }
}

fn started_sentence(caller: &Caller, user: &UserRecord, account: &str, application: &str, grant: Grant) -> String {
    format!(
        "{} started impersonating {} in {account}, {application}, for at most {} minutes",
        caller.operator.name, user.name, grant.minutes
    )
}

/// Writes down that a start was refused, and gives the refusal.
async fn refuse(
    caller: &Caller,
    user: &UserRecord,
    denial: Denial,
    reason: &str,
    ticket: Option<&str>,
) -> ServiceResult<ServiceError> {
    let event = Event::new(
        caller.environment.id,
        action::IMPERSONATION_DENIED,
        Severity::Medium,
        format!("{} may not impersonate {}: {}", caller.operator.name, user.name, denial.sentence()),
    )
    .by_operator(&caller.operator)
    .about_user(user.id, &user.name, &user.email)
    .for_reason(reason, ticket)
    .from(&caller.client);
    audit::record_alone(&caller.state, event).await?;
    Ok(ServiceError::Denied(denial))
}

/// The Impersonation page: settings, and what is running.
pub async fn overview(caller: &Caller) -> ServiceResult<ImpersonationOverview> {
    caller.require_view()?;
    let now = caller.state.now();
    let mut conn = caller.state.db.read().await?;
    let settings = settings::get(&mut conn, caller.environment.id).await?;
    let live = session_table::live_impersonations(&mut conn, caller.environment.id, now).await?;
    Ok(ImpersonationOverview {
        settings,
        can_change_settings: caller.roles.can_change_settings(),
        live: live.into_iter().filter(|row| row.end_due(now).is_none()).map(|row| live_item(caller, row)).collect(),
        now,
    })
}

/// Ends one impersonation: the operator's own, or any for Owner and Admin. Ending an ended one changes nothing.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such impersonation, [`ServiceError::Forbidden`] where it is
/// another operator's.
pub async fn end(caller: &Caller, session_id: Uuid) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    let session = session_table::standing(&mut tx, caller.environment.id, session_id)
        .await?
        .filter(StandingRow::is_impersonation)
        .ok_or(ServiceError::NotFound)?;
    let reason = ending_as(caller, &session).ok_or(ServiceError::Forbidden)?;
    let by = EndedBy::Operator(&caller.operator);
    session::end_in(&caller.state, &mut tx, &session, reason, by, &caller.client).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends every impersonation of the environment that the caller may end. Gives how many.
pub async fn end_all(caller: &Caller) -> ServiceResult<u32> {
    let mut tx = caller.state.db.write().await?;
    let live = session_table::live_impersonations(&mut tx, caller.environment.id, caller.state.now()).await?;
    let mut ended = 0;
    for session in &live {
        let Some(reason) = ending_as(caller, session) else { continue };
        let by = EndedBy::Operator(&caller.operator);
        if session::end_in(&caller.state, &mut tx, session, reason, by, &caller.client).await? {
            ended += 1;
        }
    }
    tx.commit().await?;
    Ok(ended)
}

/// As what the caller may end a session: as its operator, as an administrator, or not at all.
fn ending_as(caller: &Caller, session: &StandingRow) -> Option<EndReason> {
    if session.operator_id == Some(caller.operator.id) {
        Some(EndReason::EndedByOperator)
    } else {
        caller.roles.can_end_any_session().then_some(EndReason::RevokedByAdministrator)
    }
}

fn live_item(caller: &Caller, row: StandingRow) -> LiveImpersonation {
    let can_end = ending_as(caller, &row).is_some();
    LiveImpersonation {
        session_id: row.id,
        operator_id: row.operator_id.unwrap_or_default(),
        operator_name: row.operator_name.unwrap_or_default(),
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        account_name: row.account_name.unwrap_or_default(),
        application_name: row.application_name.unwrap_or_default(),
        reason: row.reason.unwrap_or_default(),
        ticket: row.ticket,
        started_at: row.created_at,
        deadline: row.expires_at,
        can_end,
    }
}

/// How many impersonations run in an environment.
pub async fn count_live(conn: &mut Conn, environment_id: Uuid, now: DateTime<Utc>) -> ServiceResult<i64> {
    Ok(session_table::count_live_impersonations(conn, environment_id, now).await?)
}
