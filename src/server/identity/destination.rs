//! Where a browser goes on to after one of our own pages.

use std::sync::Arc;

use axum::response::Response;

use crate::server::domain::application::Application;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::oauth::parameters::Parameters;
use crate::server::oauth::provider::Provider;
use crate::server::oauth::{hint, parking};
use crate::server::platform::url::is_path;
use crate::server::service::registry::relying_party;

/// Where the browser goes after signing in, and for which application that is.
pub struct Destination {
    pub path: String,
    /// What stands for it in the form: the path, or a short name.
    pub continued: String,
    pub application: Option<Arc<Application>>,
    /// The way through the sign-in leads to an application.
    pub leads_on: bool,
    /// The e-mail that the application suggests.
    pub email: String,
    /// What ended, where the browser was sent here because of it.
    pub ended: Option<String>,
}

/// Reads where to go on: a sign-in of one of this environment's applications, or one of its account pages. Anything
/// else, and any other host, is the list of sessions instead.
///
/// # Errors
/// The page for a sign-in that is too long, or stood open for too long.
pub async fn destination(provider: &Provider, wanted: Option<&str>) -> ServiceResult<Result<Destination, Response>> {
    let continued = wanted.unwrap_or_default();
    let wanted = match parking::read(provider, continued).await? {
        Ok(wanted) => wanted,
        Err(page) => return Ok(Err(page)),
    };
    let wanted = if is_inside(&wanted) { wanted.as_str() } else { "" };
    let authorize = wanted.strip_prefix(&provider.path("/authorize?"));
    let account = format!("{}/", provider.path("/account"));
    let Some(query) = authorize else {
        let path = if wanted.starts_with(&account) { wanted.to_owned() } else { provider.path("/account/sessions") };
        return Ok(Ok(Destination {
            continued: path.clone(),
            path,
            application: None,
            leads_on: false,
            email: String::new(),
            ended: None,
        }));
    };
    let request = Parameters::parse(query);
    if request.has_nul() {
        return Err(ServiceError::invalid(
            "continue",
            "The address to go on to cannot be read. Begin at the application.",
        ));
    }
    let client_id = request.get("client_id").unwrap_or_default();
    let application = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let leads_on = match (&application, request.get("redirect_uri")) {
        (Some(application), Some(uri)) => {
            relying_party::is_login_redirect(&provider.state, application.id, uri).await?
        }
        _ => false,
    };
    let hint = request.get("login_hint").filter(|hint| hint::id_in(hint).is_none()).unwrap_or_default();
    Ok(Ok(Destination {
        path: wanted.to_owned(),
        continued: continued.to_owned(),
        application,
        leads_on,
        email: hint.trim().to_owned(),
        ended: None,
    }))
}

/// Whether `path` is a path of this host and can be read as nothing else.
fn is_inside(path: &str) -> bool {
    is_path(path) && !steps_up(path.split('?').next().unwrap_or_default())
}

/// Whether a browser could read `path` as one that is elsewhere: two dots go up, however they are written
/// (url.spec.whatwg.org, "double-dot URL path segment").
fn steps_up(path: &str) -> bool {
    path.to_ascii_lowercase().replace("%2e", ".").contains("..")
}

#[cfg(test)]
mod tests {
    use super::is_inside;

    #[test]
    fn signing_in_leads_to_no_other_host() {
        for path in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "",
            "/a\r\nb",
            "/id/../x",
            "/id/%2e%2E/x",
            "/id/.%2e/x",
            "/a b",
        ] {
            assert!(!is_inside(path), "{path}");
        }
        assert!(is_inside("/id/production/authorize?client_id=a&redirect_uri=https%3A%2F%2Fa.example%2F.."));
    }
}
