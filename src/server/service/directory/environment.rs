//! Environments: making one with its first signing keys, and where it is served. What else there is to change is in its parts.

mod archive;
mod change;

use url::{Host, Url};

use crate::model::audit::action;
use crate::model::environment::is_slug;
use crate::model::validate::{Checks, FieldError};
use crate::server::db::{Tx, credential, environment};
use crate::server::domain::environment::Environment;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text;
use crate::server::service::audit::{self, Event};
use crate::server::service::authority::Authority;
use crate::server::service::caller::{Caller, ServerCaller};

pub use archive::{Archived, archive, restore};
pub use change::{EnvironmentItem, Look, change, list, move_by};

/// Makes an environment after all others, impersonation off, with an active and a next signing key of each algorithm.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments and whoever administers the server,
/// [`ServiceError::Invalid`] where the `slug` or the `name` cannot be used or the slug is taken.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create(caller: &ServerCaller, slug: &str, name: &str) -> ServiceResult<Environment> {
    let mut tx = caller.state.db.write().await?;
    let row = create_in(caller, &mut tx, slug, name).await?;
    tx.commit().await?;
    Ok(row)
}

/// [`create`] in a transaction of the caller's.
///
/// # Errors
/// As [`create`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn create_in(caller: &ServerCaller, tx: &mut Tx, slug: &str, name: &str) -> ServiceResult<Environment> {
    Authority::of(caller, tx).await?.require_manage()?;
    let state = &caller.state;
    let taken = || FieldError::new("slug", format!("there is an environment {slug} already"));
    let mut checks = Checks::default();
    if !is_slug(slug) {
        let message = format!(
            "{slug:?} cannot name an environment: use 1 to 40 lower-case letters, digits and hyphens, and no word that an \
             address of the portal begins with"
        );
        checks.check::<()>(Err(FieldError::new("slug", message)));
    } else if environment::by_slug(tx, slug).await?.is_some() {
        checks.check::<()>(Err(taken()));
    }
    let name = text::name(name).map_err(|error| FieldError::new("name", format!("the environment's name {error}")));
    let name = checks.check(name);
    checks.passed()?;
    let row = Environment { id: state.new_id(), slug: slug.to_owned(), name, host: None, colour: None };
    let position = i64::try_from(environment::all(tx).await?.len()).map_err(anyhow::Error::from)?;
    let inserted = environment::insert(tx, &row, position, state.now()).await;
    inserted.map_err(|error| error.or_taken(|| taken().into()))?;
    state.keyring.create_first(tx, state.clock.as_ref(), state.random.as_ref(), row.id).await?;
    let sentence = format!("The environment {} was made", row.name);
    let event = Event::of(row.id, action::ENVIRONMENT_CREATED, sentence).by(&caller.actor).from(&caller.origin);
    audit::record(state, tx, event).await?;
    Ok(row)
}

/// An environment that has another issuer from now on.
pub struct Moved {
    pub environment: Environment,
    pub issuer: String,
    pub former_issuer: String,
    /// Refresh tokens that would have gone on under the other issuer.
    pub revoked: u64,
}

/// Serves the environment at a host name of its own from now on, or with `None` below the public address. That is another
/// issuer, and a token is never of two (OpenID Connect Core, section 12.2): those of the former one are good no more. `None`
/// where it is served there already.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but whoever administers the server, [`ServiceError::Invalid`] where `host` is no host
/// name, or is one that something else of ours has.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn set_host(caller: &Caller, host: Option<&str>) -> ServiceResult<Option<Moved>> {
    caller.require_system()?;
    let state = &caller.state;
    let invalid = |message: String| ServiceError::invalid("host", message);
    let host = host.map(|host| own_host(&state.public_url, host)).transpose().map_err(invalid)?;
    let mut tx = state.db.write().await?;
    let all = environment::all(&mut tx).await?;
    // As it is now: the caller's was read before.
    let row = all.iter().find(|row| row.id == caller.environment.id).ok_or(ServiceError::NotFound)?;
    if host == row.host {
        return Ok(None);
    }
    if let Some(host) = &host {
        let same_name = |other: &&Environment| other.host.as_deref().is_some_and(|known| name(known) == name(host));
        if let Some(other) = all.iter().filter(|other| other.id != row.id).find(same_name) {
            // Cookies do not tell ports apart.
            return Err(invalid(format!("{} is the host name of {} already", name(host), other.slug)));
        }
    }
    // Of two environments that get the same at once, one is told so by the index, which does not say by which other.
    let taken =
        || invalid(format!("{} is the host name of another environment already", host.as_deref().unwrap_or_default()));
    environment::set_host(&mut tx, row.id, host.as_deref()).await.map_err(|error| error.or_taken(taken))?;
    let revoked = credential::revoke_of_environment(&mut tx, row.id, state.now()).await?;
    let former_issuer = state.issuer(row);
    let environment = Environment { host, ..row.clone() };
    let issuer = state.issuer(&environment);
    let sentence = format!("The issuer is {issuer} from now on, and no longer {former_issuer}");
    let event = Event::of(row.id, action::ENVIRONMENT_HOST_CHANGED, sentence).by(&caller.actor).from(&caller.origin);
    audit::record(state, &mut tx, event).await?;
    tx.commit().await?;
    Ok(Some(Moved { environment, issuer, former_issuer, revoked }))
}

/// A host name, with a port where it is not the scheme's own, as browsers write it.
fn own_host(public_url: &Url, text: &str) -> Result<String, String> {
    let said = || {
        format!(
            "{text:?} is no host name of an environment: give one as in login.acme.example or login.acme.example:8443, \
             without scheme and path"
        )
    };
    let is_more = |c: char| c.is_whitespace() || c.is_control() || "/?#@\\%".contains(c);
    if text.contains(is_more) {
        return Err(said());
    }
    let url = Url::parse(&format!("{}://{text}", public_url.scheme())).map_err(|_| said())?;
    let host = match url.host() {
        Some(Host::Domain(host)) => host.trim_end_matches('.'),
        Some(_) => return Err("an environment cannot have an IP address for its own: give a host name".to_owned()),
        None => return Err(said()),
    };
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(said());
    }
    if public_url.host_str().is_some_and(|public| public.trim_end_matches('.') == host) {
        return Err(format!(
            "{host} is the portal's own host name (PUBLIC_URL): the environment needs another, for cookies do not tell \
             ports apart"
        ));
    }
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// RFC 1123, section 2.1.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn name(host: &str) -> &str {
    host.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        own_host(&Url::parse("https://understudy.example.com").expect("a URL"), text)
    }

    #[test]
    fn a_host_name_is_kept_as_browsers_write_it() {
        for (text, stored) in [
            ("login.acme.example", "login.acme.example"),
            ("Login.ACME.example.", "login.acme.example"),
            ("login.acme.example:443", "login.acme.example"),
            ("login.acme.example:8443", "login.acme.example:8443"),
            ("anmeldung.bücher.example", "anmeldung.xn--bcher-kva.example"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(stored), "{text}");
        }
        for text in [
            "",
            "https://login.acme.example",
            "login.acme.example/x",
            "user@login.acme.example",
            "login acme.example",
            "login.acme.example\n",
            "login_acme.example",
            "-login.acme.example",
            "login..acme.example",
            "login.acme.example:99999",
            "192.0.2.1",
            "0x7f.1",
            "[::1]",
            "understudy.example.com",
            "UNDERSTUDY.example.com:8443",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
