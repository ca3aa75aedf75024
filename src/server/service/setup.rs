//! The first run: an installation without operators gets its first Owner and its first environment from whoever has a link that
//! only the server prints. It works for an hour, once, and never where there is an operator or was one.

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use super::caller::{Origin, ServerCaller};
use super::directory::environment as environments;
use super::operator::{self as operators, NewOperator, SignedInOperator};
use crate::model::environment::{is_slug, proposed_slug};
use crate::model::operator::Role;
use crate::model::validate::{Checks, FieldError};
use crate::server::crypto::secret::SecretKind;
use crate::server::db::operator::{self as operator_table, manage as managed};
use crate::server::db::{environment, setup as table};
use crate::server::domain::actor::Operator;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text;
use crate::server::state::AppState;

/// How long a link works, unless it is used.
pub const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// A link with which the installation can be set up.
pub struct SetupLink {
    /// Goes into the link's address, and is nowhere else: only its hash is stored.
    pub code: String,
    pub expires_at: DateTime<Utc>,
}

/// Makes a link, for whoever administers the server; `None` where there is an operator already.
///
/// # Errors
/// [`ServiceError::Forbidden`] for everybody else.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn make_link(caller: &ServerCaller) -> ServiceResult<Option<SetupLink>> {
    caller.require_system()?;
    let state = &caller.state;
    let mut tx = state.db.write().await?;
    if operator_table::any(&mut tx).await? {
        return Ok(None);
    }
    let now = state.now();
    let expires_at = now + LIFETIME;
    let (code, code_hash) = SecretKind::SetupLink.generate(state.random.as_ref());
    table::add(&mut tx, &code_hash, now, expires_at).await?;
    tx.commit().await?;
    Ok(Some(SetupLink { code, expires_at }))
}

/// Whether nobody can sign in because nobody ever could. It is asked once more only as long as that is so.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn is_needed(state: &AppState) -> ServiceResult<bool> {
    if state.is_set_up.load(Ordering::Relaxed) {
        return Ok(false);
    }
    let mut conn = state.db.read().await?;
    let is_set_up = operator_table::any(&mut conn).await?;
    state.is_set_up.store(is_set_up, Ordering::Relaxed);
    Ok(!is_set_up)
}

/// What a set-up has to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Whether the first environment is to be made, too. At the command line one may have been made before.
    pub needs_environment: bool,
}

/// What is to be set up by a link, where it works still. Looking uses nothing up.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn open(state: &AppState, code: &str) -> ServiceResult<Option<Open>> {
    let Some(code_hash) = SecretKind::SetupLink.hash_of(code) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    if !table::works(&mut conn, &code_hash, state.now()).await? || operator_table::any(&mut conn).await? {
        return Ok(None);
    }
    Ok(Some(Open { needs_environment: environment::open(&mut conn).await?.is_empty() }))
}

/// The first Owner, and the first environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetUp<'a> {
    pub name: &'a str,
    pub email: &'a str,
    pub password: &'a str,
    /// The environment's name; nobody looks at it where there is an environment.
    pub environment: &'a str,
    /// Its word in addresses; proposed by its name where it is empty.
    pub slug: &'a str,
}

/// Sets the installation up, uses the link up and signs the first Owner in. Gives the path of the first page, too.
///
/// # Errors
/// [`ServiceError::NotFound`] where the link does not work; [`ServiceError::Invalid`] for what is wrong with any field, all at
/// once, and [`ServiceError::Busy`]: then the link still works.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn set_up(
    state: &AppState,
    code: &str,
    wanted: SetUp<'_>,
    origin: &Origin,
) -> ServiceResult<(SignedInOperator, String)> {
    let code_hash = SecretKind::SetupLink.hash_of(code).ok_or(ServiceError::NotFound)?;
    let asked = open(state, code).await?.ok_or(ServiceError::NotFound)?;
    let caller = ServerCaller { origin: origin.clone(), ..ServerCaller::system(state) };
    let slug = slug(&wanted);
    check(&wanted, &slug, asked.needs_environment)?;
    let password = operators::new_password(&caller, wanted.password).await?;
    let mut tx = state.db.write().await?;
    managed::lock(&mut tx).await?;
    if operator_table::any(&mut tx).await? || !table::use_up(&mut tx, &code_hash, state.now()).await? {
        return Err(ServiceError::NotFound);
    }
    table::forget(&mut tx).await?;
    if environment::open(&mut tx).await?.is_empty() {
        let made = environments::create_in(&caller, &mut tx, &slug, wanted.environment).await;
        made.map_err(|error| named(error, "name", "environment"))?;
    }
    let roles = [Role::Owner].into_iter().collect();
    let new = NewOperator { email: wanted.email, name: wanted.name, password, environment_id: None, roles };
    let id = operators::create_in(&caller, &mut tx, new).await?;
    let row = managed::by_id(&mut tx, id, None).await?.ok_or(ServiceError::NotFound)?;
    let owner = Operator { id, email: row.email, name: row.name, session_id: state.new_id() };
    let first = environment::open(&mut tx).await?.into_iter().next().ok_or(ServiceError::NotFound)?;
    let signed_in = operators::open_session(state, &mut tx, owner, origin).await?;
    tx.commit().await?;
    Ok((signed_in, format!("/{}/overview", first.slug)))
}

fn slug(wanted: &SetUp<'_>) -> String {
    match wanted.slug.trim() {
        "" => proposed_slug(&text::search_key(wanted.environment)),
        typed => typed.to_owned(),
    }
}

/// Everything that is wrong, before anything takes time.
fn check(wanted: &SetUp<'_>, slug: &str, needs_environment: bool) -> ServiceResult<()> {
    let mut checks = Checks::default();
    let wrong = |field: &str, error| FieldError::new(field, format!("This {error}."));
    checks.check(text::name(wanted.name).map_err(|error| wrong("name", error)));
    checks.check(text::email(wanted.email).map_err(|error| wrong("email", error)));
    checks.check(operators::check_password(wanted.password));
    if needs_environment {
        checks.check(text::name(wanted.environment).map_err(|error| wrong("environment", error)));
        if !is_slug(slug) {
            let message = match slug {
                "" => "Give the environment a word of lower-case letters, digits and hyphens.".to_owned(),
                _ => format!("{slug} cannot be its word: use 1 to 40 lower-case letters, digits and hyphens."),
            };
            checks.check::<()>(Err(FieldError::new("slug", message)));
        }
    }
    Ok(checks.passed()?)
}

/// What is said of a field that has another name in this form.
fn named(error: ServiceError, field: &str, here: &str) -> ServiceError {
    let rename = |error: FieldError| match error.field == field {
        true => FieldError::new(here, error.message),
        false => error,
    };
    match error {
        ServiceError::Invalid(errors) => ServiceError::Invalid(errors.map(rename)),
        other => other,
    }
}
