//! Operators: signing in and out, the frame of their pages, and making the first one.

use chrono::TimeDelta;
use uuid::Uuid;

use super::audit::{self, Event};
use super::caller::{Caller, Client, Operator};
use super::impersonation;
use crate::model::audit::{Severity, action};
use crate::model::environment::Environment;
use crate::model::operator::{Role, Roles, Shell};
use crate::server::db::environment::EnvironmentRow;
use crate::server::db::operator::{self as table, NewOperatorSession, OperatorRow};
use crate::server::db::{Tx, environment};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::password::{MAX_BYTES, MIN_LENGTH};
use crate::server::secret::SecretKind;
use crate::server::state::AppState;
use crate::server::text::storable;

/// A portal session lasts a working day.
const SESSION_LIFETIME: TimeDelta = TimeDelta::hours(12);

/// A new portal session: the cookie's value.
pub struct SignedIn {
    pub cookie: String,
    pub operator: Operator,
}

/// Signs an operator in. An unknown e-mail, a wrong password and a disabled operator get the same answer after the
/// same time.
///
/// # Errors
/// [`ServiceError::Invalid`] for the field `password`, [`ServiceError::RateLimited`].
pub async fn sign_in(state: &AppState, client: &Client, email: &str, password: &str) -> ServiceResult<SignedIn> {
    let email = storable(&email.trim().to_lowercase());
    state.limits.sign_in(&format!("portal {email}"), client.ip_address.as_deref())?;
    let mut conn = state.db.read().await?;
    let known = table::by_email(&mut conn, &email).await?;
    drop(conn);
    let usable = password.len() <= MAX_BYTES;
    let hash = known.as_ref().map(|row| row.password_hash.as_str()).filter(|_| usable);
    let matches = state.passwords.verify(if usable { password } else { "" }, hash).await?;
    let refused = || ServiceError::invalid("password", "The e-mail or the password is wrong.");
    let Some(row) = known else {
        record_unknown(state, client).await?;
        return Err(refused());
    };
    let operator = Operator { id: row.id, email: row.email, name: row.name, session_id: state.new_id() };
    let mut tx = state.db.write().await?;
    if !matches || row.disabled_at.is_some() {
        record_everywhere(state, &mut tx, &operator, client, action::OPERATOR_SIGN_IN_FAILED, Severity::Medium).await?;
        tx.commit().await?;
        return Err(refused());
    }
    let (cookie, secret_hash) = SecretKind::OperatorCookie.generate(state.random.as_ref());
    let now = state.now();
    let session = NewOperatorSession {
        id: operator.session_id,
        operator_id: operator.id,
        secret_hash: &secret_hash,
        now,
        expires_at: now + SESSION_LIFETIME,
        ip_address: client.ip_address.as_deref(),
        user_agent: client.user_agent.as_deref(),
    };
    table::insert_session(&mut tx, &session).await?;
    record_everywhere(state, &mut tx, &operator, client, action::OPERATOR_SIGNED_IN, Severity::Info).await?;
    tx.commit().await?;
    Ok(SignedIn { cookie, operator })
}

/// A failed sign-in with an unknown e-mail, in every environment: as much work as for a known one, and as visible. The
/// e-mail itself is not kept: often enough it is a password in the wrong field.
async fn record_unknown(state: &AppState, client: &Client) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    for environment in environment::all(&mut tx).await? {
        let sentence = "A sign-in to the portal with an unknown e-mail failed";
        let event =
            Event::new(environment.id, action::OPERATOR_SIGN_IN_FAILED, Severity::Medium, sentence).from(client);
        audit::record(state, &mut tx, event).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// An operator signs in to the portal, not to one environment: the event stands in each where it has a role.
async fn record_everywhere(
    state: &AppState,
    tx: &mut Tx,
    operator: &Operator,
    client: &Client,
    name: &str,
    severity: Severity,
) -> ServiceResult<()> {
    let sentence = match name {
        action::OPERATOR_SIGNED_IN => format!("{} signed in to the portal", operator.name),
        action::OPERATOR_SIGNED_OUT => format!("{} signed out of the portal", operator.name),
        _ => format!("A sign-in to the portal as {} failed", operator.name),
    };
    for environment in table::environments(tx, operator.id).await? {
        let event = Event::new(environment.id, name, severity, sentence.as_str()).by_operator(operator).from(client);
        audit::record(state, tx, event).await?;
    }
    Ok(())
}

/// The operator behind a portal cookie, if it is signed in.
pub async fn authenticate(state: &AppState, cookie: &str) -> ServiceResult<Option<Operator>> {
    let Some(secret_hash) = SecretKind::OperatorCookie.hash_of(cookie) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    let row = table::session_by_secret(&mut conn, &secret_hash, state.now()).await?;
    Ok(row.map(|row| Operator { id: row.operator_id, email: row.email, name: row.name, session_id: row.session_id }))
}

/// The operator at work in an environment.
///
/// # Errors
/// [`ServiceError::NotFound`] where there is no such environment or the operator has no role in it: alike.
pub async fn enter(state: &AppState, operator: Operator, client: Client, slug: &str) -> ServiceResult<Caller> {
    let mut conn = state.db.read().await?;
    let (environment, roles) =
        table::place(&mut conn, operator.id, &storable(slug)).await?.ok_or(ServiceError::NotFound)?;
    Ok(Caller { state: state.clone(), client, operator, environment, roles })
}

/// Ends the operator's portal session. Impersonations that it started go on until their deadline.
pub async fn sign_out(state: &AppState, operator: &Operator, client: &Client) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    if table::end_session(&mut tx, operator.session_id, state.now()).await? == 1 {
        record_everywhere(state, &mut tx, operator, client, action::OPERATOR_SIGNED_OUT, Severity::Info).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The frame of an environment's pages.
pub async fn shell(state: &AppState, operator: &Operator, slug: &str) -> ServiceResult<Shell> {
    let mut conn = state.db.read().await?;
    let environments = table::environments(&mut conn, operator.id).await?;
    let current = environments.iter().find(|row| row.slug == slug).cloned().ok_or(ServiceError::NotFound)?;
    let roles = table::roles_in(&mut conn, operator.id, current.id).await?;
    let live_impersonations = impersonation::count_live(&mut conn, current.id, state.now()).await?;
    let plain = |row: EnvironmentRow| Environment { slug: row.slug, name: row.name };
    Ok(Shell {
        operator_id: operator.id,
        operator_name: operator.name.clone(),
        operator_email: operator.email.clone(),
        environment: plain(current),
        roles,
        environments: environments.into_iter().map(plain).collect(),
        live_impersonations,
    })
}

/// The path of the operator's first page.
///
/// # Errors
/// [`ServiceError::NotFound`] where the operator has no role anywhere.
pub async fn home(state: &AppState, operator: &Operator) -> ServiceResult<String> {
    let mut conn = state.db.read().await?;
    let environments = table::environments(&mut conn, operator.id).await?;
    let preferred = environments.iter().find(|row| row.slug == "production").or(environments.first());
    Ok(format!("/{}/users", preferred.ok_or(ServiceError::NotFound)?.slug))
}

/// Makes an operator with roles in one environment or in all, or, where the e-mail is known, grants it these roles.
///
/// # Errors
/// [`ServiceError::Invalid`] for the e-mail, the name or the password.
pub async fn create(
    state: &AppState,
    tx: &mut Tx,
    email: &str,
    name: &str,
    password: &str,
    environment_id: Option<Uuid>,
    roles: Roles,
) -> ServiceResult<Uuid> {
    let email = email.trim().to_lowercase();
    if !crate::model::user::is_email(&email) {
        return Err(ServiceError::invalid("email", format!("{email:?} is not an e-mail address")));
    }
    if name.trim().is_empty() {
        return Err(ServiceError::invalid("name", "the operator needs a name"));
    }
    if password.chars().count() < MIN_LENGTH || password.len() > MAX_BYTES {
        return Err(ServiceError::invalid(
            "password",
            format!("the password must have {MIN_LENGTH} to {MAX_BYTES} characters"),
        ));
    }
    if table::by_email(tx, &email).await?.is_some() {
        return Err(ServiceError::invalid("email", format!("there is an operator {email} already")));
    }
    let row = OperatorRow {
        id: state.new_id(),
        email,
        name: name.trim().to_owned(),
        password_hash: state.passwords.hash(password).await?,
        disabled_at: None,
    };
    table::insert(tx, &row, state.now()).await?;
    let sentence = format!("{} became an operator: {}", row.name, roles.labels());
    for role in roles.iter() {
        table::grant(tx, state.new_id(), row.id, environment_id, role).await?;
    }
    record_roles(state, tx, row.id, action::OPERATOR_CREATED, &sentence).await?;
    Ok(row.id)
}

/// Grants or takes away roles of a known operator.
///
/// # Errors
/// [`ServiceError::Invalid`] where there is no operator with this e-mail.
pub async fn change_roles(
    state: &AppState,
    tx: &mut Tx,
    email: &str,
    environment_id: Option<Uuid>,
    grant: &[Role],
    revoke: &[Role],
) -> ServiceResult<()> {
    let email = email.trim().to_lowercase();
    let row = table::by_email(tx, &email)
        .await?
        .ok_or_else(|| ServiceError::invalid("email", format!("there is no operator {email}")))?;
    let sentence = format!(
        "Roles of {} changed: granted {}; taken away {}",
        row.name,
        labels_or_none(grant),
        labels_or_none(revoke)
    );
    // Written before roles are taken away, so that the environment that loses them has the event too.
    record_roles(state, tx, row.id, action::OPERATOR_ROLES_CHANGED, &sentence).await?;
    for role in grant {
        table::grant(tx, state.new_id(), row.id, environment_id, *role).await?;
    }
    for role in revoke {
        table::revoke(tx, row.id, environment_id, *role).await?;
    }
    Ok(())
}

fn labels_or_none(roles: &[Role]) -> String {
    if roles.is_empty() { "none".to_owned() } else { roles.iter().copied().collect::<Roles>().labels() }
}

async fn record_roles(state: &AppState, tx: &mut Tx, id: Uuid, name: &str, sentence: &str) -> ServiceResult<()> {
    for environment in table::environments(tx, id).await? {
        audit::record(state, tx, Event::new(environment.id, name, Severity::High, sentence)).await?;
    }
    Ok(())
}
