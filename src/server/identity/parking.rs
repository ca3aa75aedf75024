//! Long authorization requests on their way through the sign-in page: where an address of ours would carry one, a short
//! name stands for it, and where such an address is asked for, the request is put in its place. What neither a proxy nor
//! a browser could carry is refused in a page, and nothing is cut off without a word.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::page;
use super::parameters::{Parameters, with_query};
use super::provider::{Provider, environment_in};
use crate::server::error::ServiceResult;
use crate::server::service::parked::{self, LONGEST};
use crate::server::service::relying_party;
use crate::server::state::AppState;

/// Bytes that every proxy and browser carries.
const CARRIED: usize = 2_000;
/// Stands for a whole request.
const NAME: &str = "parked";

/// Shortens what leads to our own pages, and reads what was shortened.
pub async fn short_addresses(
    State(state): State<AppState>,
    path: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let slug = environment_in(&path).to_owned();
    let query = request.uri().query().unwrap_or_default();
    if query.len() > LONGEST {
        return too_long(query.len());
    }
    if request.uri().path().ends_with("/authorize") && query.contains(NAME) {
        match recalled(&state, &slug, query).await {
            Ok(None) => {}
            Ok(Some(Some(uri))) => *request.uri_mut() = uri,
            Ok(Some(None)) => return forgotten(),
            Err(error) => return page::failed(error, ""),
        }
    }
    let mut response = next.run(request).await;
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    if let Some(location) = location.filter(|location| location.len() > CARRIED) {
        match shortened(&state, &slug, location).await {
            Ok(None) => {}
            Ok(Some(location)) => {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Err(error) => return page::failed(error, ""),
        }
    }
    response
}

async fn environment_id(state: &AppState, slug: &str) -> ServiceResult<Option<Uuid>> {
    Ok(relying_party::environment(state, slug).await?.map(|environment| environment.id))
}

/// The address for which this query has a name: none where it has no name, nothing where the name means nothing any more.
async fn recalled(state: &AppState, slug: &str, query: &str) -> ServiceResult<Option<Option<Uri>>> {
    let parameters = Parameters::parse(query);
    let Some(name) = parameters.get(NAME) else { return Ok(None) };
    let Some(environment_id) = environment_id(state, slug).await? else { return Ok(None) };
    let kept = parked::find(state, environment_id, name).await?;
    Ok(Some(kept.and_then(|kept| kept.parse().ok())))
}

/// The same address with a name for the request in it, if it is one of ours and has one.
async fn shortened(state: &AppState, slug: &str, location: &str) -> ServiceResult<Option<HeaderValue>> {
    let base = format!("/id/{slug}");
    let Some((path, query)) = location.split_once('?').filter(|(path, _)| path.starts_with(&base)) else {
        return Ok(None);
    };
    let parameters = Parameters::parse(query);
    let (text, parameter) = match &path[base.len()..] {
        "/authorize" => (location, NAME),
        "/login" => (parameters.get("continue").unwrap_or_default(), "continue"),
        _ => return Ok(None),
    };
    if text.is_empty() || text.len() > LONGEST {
        return Ok(None);
    }
    let Some(environment_id) = environment_id(state, slug).await? else { return Ok(None) };
    let name = parked::park(state, environment_id, text).await?;
    // What else the sign-in page is told stays.
    let rest = if parameter == NAME { String::new() } else { parameters.without(&[parameter]) };
    let path = if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") };
    Ok(HeaderValue::try_from(with_query(&path, &[(parameter, &name)])).ok())
}

/// What a name of the sign-in page stands for; anything else stands for itself.
///
/// # Errors
/// The page for what waited too long, or is too long.
pub async fn read(provider: &Provider, continued: &str) -> ServiceResult<Result<String, Response>> {
    if continued.len() > LONGEST {
        return Ok(Err(too_long(continued.len())));
    }
    if !parked::is_name(continued) {
        return Ok(Ok(continued.to_owned()));
    }
    let kept = parked::find(&provider.state, provider.environment.id, continued).await?;
    Ok(kept.ok_or_else(forgotten))
}

fn forgotten() -> Response {
    page::plain(
        StatusCode::BAD_REQUEST,
        "This sign-in stood open for too long",
        "It is kept for an hour. Go back to the application and begin again.",
    )
}

fn too_long(length: usize) -> Response {
    let sentence = format!(
        "The application sent {length} bytes, and {LONGEST} is the most. It should keep what belongs to its state at its \
         own side. Tell its developers."
    );
    page::plain(StatusCode::URI_TOO_LONG, "This sign-in is too long", &sentence)
}
