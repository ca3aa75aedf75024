//! Operators as a list and one by one, for those who administer an environment. Owners of all environments see everybody; others
//! see who has a role in theirs, with the roles that hold there.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::SESSION_LIFETIME;
use crate::model::environment::EnvironmentOption;
use crate::model::operator::Roles;
use crate::model::session::EndReason;
use crate::model::user::PAGE_SIZE;
use crate::server::db::operator::manage::{self as table, ManagedOperator, RunningPortalSession};
use crate::server::db::page::{Cursor, SortValue, Window};
use crate::server::db::{Conn, environment, session};
use crate::server::domain::environment::Environment;
use crate::server::domain::grants::{Grants, Place};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text::{Search, Word, search_text};
use crate::server::service::caller::Caller;
use crate::server::service::registry::names::Names;

/// Rows that are read in one go where only some of them are looked for.
const LOOKED_AT: i64 = 500;
/// How often that is done for one page at most.
const LOOKS: usize = 20;
/// Portal sessions of one operator that are shown.
const SESSIONS: i64 = 50;

/// Roles that hold somewhere.
#[derive(Clone, Debug)]
pub struct HeldRoles {
    /// `None` where they hold in all environments.
    pub environment: Option<EnvironmentOption>,
    pub roles: Roles,
}

/// An operator in the list.
#[derive(Clone, Debug)]
pub struct OperatorItem {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    /// Until a password was chosen by the invitation's link.
    pub invited: bool,
    pub suspended: bool,
    pub last_signed_in_at: Option<DateTime<Utc>>,
    /// Those for all environments first, then in the order of the environments.
    pub roles: Vec<HeldRoles>,
}

/// A page of the list.
#[derive(Clone, Debug)]
pub struct OperatorsPage {
    pub rows: Vec<OperatorItem>,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// Where the caller may grant roles, and so invite to.
    pub places: Vec<PlaceToGrant>,
    pub now: DateTime<Utc>,
}

/// A place with what an operator was granted for it.
#[derive(Clone, Debug)]
pub struct PlaceToGrant {
    pub place: Place,
    /// `None` for all environments.
    pub environment: Option<EnvironmentOption>,
    pub granted: Roles,
    /// Whether the caller may change it.
    pub may_grant: bool,
}

/// An impersonation of an operator's.
#[derive(Clone, Debug)]
pub struct OperatorImpersonation {
    pub id: Uuid,
    pub user_id: Uuid,
    pub user_name: String,
    pub account: Option<String>,
    pub application: Option<String>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub started_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub end_reason: Option<EndReason>,
}

/// One operator, as the page shows it.
#[derive(Clone, Debug)]
pub struct OperatorDetail {
    pub operator: OperatorItem,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub link_expires_at: Option<DateTime<Utc>>,
    /// Whether the caller may suspend, remove, sign out and make links.
    pub may_manage: bool,
    /// Whether it is the caller's own page.
    pub is_own: bool,
    pub places: Vec<PlaceToGrant>,
    /// Running portal sessions, newest first, and whether there are more.
    pub sessions: Vec<RunningPortalSession>,
    pub more_sessions: bool,
    /// Impersonations in the caller's environment, newest first.
    pub impersonations: Vec<OperatorImpersonation>,
    pub previous: Option<String>,
    pub next: Option<String>,
    pub now: DateTime<Utc>,
}

/// Who looks, and how far they see.
struct Viewer {
    grants: Option<Grants>,
    environments: Vec<Environment>,
}

impl Viewer {
    async fn of(caller: &Caller, conn: &mut Conn) -> ServiceResult<Self> {
        caller.require(Roles::can_administer)?;
        let grants = match caller.actor.is_system() {
            true => None,
            false => Some(table::grants(conn, caller.operator()?.id).await?),
        };
        Ok(Self { grants, environments: environment::open(conn).await? })
    }

    fn may_manage(&self) -> bool {
        self.grants.as_ref().is_none_or(Grants::may_manage)
    }

    fn scope(&self, caller: &Caller) -> Option<Uuid> {
        (!self.may_manage()).then_some(caller.environment.id)
    }

    fn places(&self, of: &Grants) -> Vec<PlaceToGrant> {
        let seen = self.environments.iter().filter(|row| self.grants.as_ref().is_none_or(|own| own.may_see(row.id)));
        let environments = seen.map(|row| (Some(row.id), Some(option(row))));
        let places = std::iter::once((None, None)).chain(environments);
        let of_place = |(place, environment)| PlaceToGrant {
            place,
            environment,
            granted: of.granted(place),
            may_grant: self.grants.as_ref().is_none_or(|own| own.may_grant(place)),
        };
        places.map(of_place).collect()
    }

    fn item(&self, row: &ManagedOperator, grants: &Grants) -> OperatorItem {
        let held = self.places(grants).into_iter().filter(|place| !place.granted.is_empty());
        OperatorItem {
            id: row.id,
            email: row.email.clone(),
            name: row.name.clone(),
            invited: row.invited_at.is_some(),
            suspended: row.disabled_at.is_some() && row.invited_at.is_none(),
            last_signed_in_at: row.last_signed_in_at,
            roles: held.map(|place| HeldRoles { environment: place.environment, roles: place.granted }).collect(),
        }
    }
}

fn option(row: &Environment) -> EnvironmentOption {
    EnvironmentOption { slug: row.slug.clone(), name: row.name.clone(), colour: row.colour }
}

/// Operators by their addresses, those whose name or address is looked for.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners and Admins of the environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &Caller, q: &str, cursor: &str) -> ServiceResult<OperatorsPage> {
    let mut conn = caller.state.db.read().await?;
    let viewer = Viewer::of(caller, &mut conn).await?;
    let cursor = Cursor::decode(cursor).filter(|cursor| matches!(cursor.value, SortValue::Text(_)));
    let search = Search::of(q);
    let window = found(&mut conn, viewer.scope(caller), &search, cursor.as_ref()).await?;
    let ids: Vec<Uuid> = window.rows.iter().map(|row| row.id).collect();
    let grants = table::grants_of(&mut conn, &ids).await?;
    let at = |row: &ManagedOperator, backwards| {
        Cursor { backwards, value: SortValue::Text(row.email.clone()), id: row.id }.encode()
    };
    let none = Grants::default();
    Ok(OperatorsPage {
        previous: window.rows.first().filter(|_| window.has_previous).map(|row| at(row, true)),
        next: window.rows.last().filter(|_| window.has_next).map(|row| at(row, false)),
        rows: window.rows.iter().map(|row| viewer.item(row, grants.get(&row.id).unwrap_or(&none))).collect(),
        places: viewer.places(&none).into_iter().filter(|place| place.may_grant).collect(),
        now: caller.state.now(),
    })
}

/// Operators are as few as the people of a support department: they are held against what is looked for here, by the rules by
/// which users are found, and no index is kept for them.
async fn found(
    conn: &mut Conn,
    scope: Option<Uuid>,
    search: &Search,
    cursor: Option<&Cursor>,
) -> ServiceResult<Window<ManagedOperator>> {
    if search.is_empty() {
        return Ok(Window::of(table::page(conn, scope, cursor, PAGE_SIZE as i64).await?, cursor));
    }
    if search.too_long || search.only_signs {
        return Ok(Window::new(Vec::new(), PAGE_SIZE, None));
    }
    let (mut from, mut kept) = (cursor.cloned(), Vec::new());
    for _ in 0..LOOKS {
        let (rows, more) = table::page(conn, scope, from.as_ref(), LOOKED_AT).await?.apart();
        let backwards = cursor.is_some_and(|cursor| cursor.backwards);
        from = rows.last().map(|row| Cursor { backwards, value: SortValue::Text(row.email.clone()), id: row.id });
        kept.extend(rows.into_iter().filter(|row| is_found(row, search)));
        if !more || kept.len() > PAGE_SIZE {
            break;
        }
    }
    Ok(Window::new(kept, PAGE_SIZE, cursor))
}

fn is_found(row: &ManagedOperator, search: &Search) -> bool {
    if let Some(id) = search.id {
        return row.id == id;
    }
    let text = search_text(&[&row.name, &row.email]);
    // One or two letters mean the beginning of a word: everything has them somewhere.
    let has = |key: &str| match key.chars().count() < 3 && key.is_ascii() {
        true => text.contains(&format!(" {key}")),
        false => text.contains(key),
    };
    search.words.iter().all(|word: &Word| word.keys().any(has))
}

/// One operator.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners and Admins of the environment, [`ServiceError::NotFound`] where there is no such
/// operator, or none whom the caller sees.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn detail(caller: &Caller, id: Uuid, cursor: &str) -> ServiceResult<OperatorDetail> {
    let now = caller.state.now();
    let mut conn = caller.state.db.read().await?;
    let viewer = Viewer::of(caller, &mut conn).await?;
    let row = table::by_id(&mut conn, id, viewer.scope(caller)).await?.ok_or(ServiceError::NotFound)?;
    let grants = table::grants(&mut conn, id).await?;
    let sessions = table::running_sessions(&mut conn, id, now - SESSION_LIFETIME, now, SESSIONS).await?;
    let (sessions, more_sessions) = sessions.apart();
    let cursor = Cursor::decode(cursor).filter(|cursor| matches!(cursor.value, SortValue::Time(_)));
    let read = session::of_operator(&mut conn, caller.environment.id, id, cursor.as_ref(), PAGE_SIZE as i64).await?;
    let window = Window::of(read, cursor.as_ref());
    let names = Names::of_sessions(&mut conn, &window.rows).await?;
    let at = |backwards| {
        move |row: &crate::server::domain::session::Session| Cursor::at_time(backwards, row.created_at, row.id).encode()
    };
    Ok(OperatorDetail {
        operator: viewer.item(&row, &grants),
        version: row.version,
        created_at: row.created_at,
        link_expires_at: row.link_expires_at.filter(|expires_at| *expires_at > now),
        may_manage: viewer.may_manage(),
        is_own: caller.is(Some(id)),
        places: viewer.places(&grants),
        sessions,
        more_sessions,
        previous: window.rows.first().filter(|_| window.has_previous).map(at(true)),
        next: window.rows.last().filter(|_| window.has_next).map(at(false)),
        impersonations: window
            .rows
            .into_iter()
            .map(|row| OperatorImpersonation {
                id: row.id,
                user_id: row.user_id,
                account: names.account_of(&row),
                application: names.application_of(&row),
                user_name: row.user_name,
                reason: row.reason,
                ticket: row.ticket,
                started_at: row.created_at,
                expires_at: row.expires_at,
                ended_at: row.ended_at,
                end_reason: row.end_reason,
            })
            .collect(),
        now,
    })
}
