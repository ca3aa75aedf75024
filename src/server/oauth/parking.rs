//! Long authorization requests on their way through the pages that interrupt them: where an address, a link or a form of ours
//! would carry one, a short name stands for it, and where such an address is asked for, the request is put in its place. What
//! neither a proxy nor a browser could carry is refused in a page, and nothing is cut off without a word.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use super::parameters::{Parameters, with_query};
use super::provider::{Provider, base, environment_in};
use super::unnoted::Unnoted;
use crate::model::problem::ProblemKind;
use crate::server::domain::environment::Environment;
use crate::server::error::ServiceResult;
use crate::server::http::origin::origin;
use crate::server::http::page;
use crate::server::service::caller::Origin;
use crate::server::service::registry::relying_party;
use crate::server::service::session::parked::{self, ParkedRequest};
use crate::server::state::AppState;

pub use crate::server::service::session::parked::LONGEST;

/// Bytes that every proxy and browser carries.
const CARRIED: usize = 2_000;
/// What a page of ours adds to a request that it will come back to.
const ADDED: usize = 1_000;
/// Stands for a whole request.
const NAME: &str = "parked";

/// A request for one of our pages, as far as this is concerned.
struct Asked {
    state: AppState,
    slug: String,
    origin: Origin,
}

/// Shortens what leads to our own pages, and reads what was shortened.
pub async fn short_addresses(
    State(state): State<AppState>,
    path: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if query.len() > LONGEST {
        return said_of(too_long(query.len()), query);
    }
    let (parts, body) = request.into_parts();
    let asked = Asked { slug: environment_in(&path).to_owned(), origin: origin(&state, &parts), state };
    request = Request::from_parts(parts, body);
    let query = request.uri().query().unwrap_or_default();
    if request.uri().path().ends_with("/authorize") && query.contains(NAME) {
        match recalled(&asked, query).await {
            Ok(None) => {}
            Ok(Some(Ok(uri))) => *request.uri_mut() = uri,
            Ok(Some(Err(page))) => return page,
            Err(error) => return page::failed(error, &asked.origin.request_id),
        }
    }
    let mut response = next.run(request).await;
    let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    if let Some(location) = location.filter(|location| location.len() > CARRIED) {
        match shortened(&asked, location).await {
            Ok(None) => {}
            Ok(Some(Ok(location))) => {
                response.headers_mut().insert(header::LOCATION, location);
            }
            Ok(Some(Err(page))) => return instead(&response, page),
            Err(error) => return instead(&response, page::failed(error, &asked.origin.request_id)),
        }
    }
    response
}

/// A page in place of an answer: what that gave the browser, a finished sign-in above all, is given all the same.
fn instead(response: &Response, mut page: Response) -> Response {
    for cookie in response.headers().get_all(header::SET_COOKIE) {
        page.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    page
}

impl Asked {
    async fn environment(&self) -> ServiceResult<Option<std::sync::Arc<Environment>>> {
        relying_party::environment(&self.state, &self.slug).await
    }
}

/// The address for which this query has a name, or the page for a name that means nothing any more. `None` where it has no
/// name: an application may call a parameter of its own the same.
async fn recalled(asked: &Asked, query: &str) -> ServiceResult<Option<Result<Uri, Response>>> {
    let parameters = Parameters::parse(query);
    let Some(name) = parameters.get(NAME).filter(|name| parked::is_name(name)) else { return Ok(None) };
    let Some(environment) = asked.environment().await? else { return Ok(None) };
    let kept = parked::find(&asked.state, environment.id, name).await?;
    Ok(Some(match kept {
        ParkedRequest::Text(text) => text.parse().map_err(|_| too_long(text.len())),
        gone => Err(forgotten(&gone)),
    }))
}

/// The same address with a name for the request in it, if it is one of ours and has one; or the page for a request that is
/// too long.
async fn shortened(asked: &Asked, location: &str) -> ServiceResult<Option<Result<HeaderValue, Response>>> {
    let Some(environment) = asked.environment().await? else { return Ok(None) };
    let base = base(&environment);
    let Some((path, query)) = location.split_once('?').filter(|(path, _)| path.starts_with(&base)) else {
        return Ok(None);
    };
    let parameters = Parameters::parse(query);
    let (text, parameter) = match &path[base.len()..] {
        "/authorize" => (location, NAME),
        "/login" => (parameters.get("continue").unwrap_or_default(), "continue"),
        _ => return Ok(None),
    };
    if text.len() > LONGEST + ADDED {
        return Ok(Some(Err(said_of(too_long(text.len()), text))));
    }
    // What has a name already needs none.
    if text.len() <= CARRIED {
        return Ok(None);
    }
    let name = parked::park(&asked.state, environment.id, &asked.origin, text).await?;
    // What else the sign-in page is told stays.
    let rest = if parameter == NAME { String::new() } else { parameters.without(&[parameter]) };
    let path = if rest.is_empty() { path.to_owned() } else { format!("{path}?{rest}") };
    Ok(HeaderValue::try_from(with_query(&path, &[(parameter, &name)])).ok().map(Ok))
}

/// A path of ours with its query, or where that is long, a name that [`read`] understands: for links and forms.
pub async fn short_name(provider: &Provider, path: String) -> ServiceResult<String> {
    if path.len() <= CARRIED || path.len() > LONGEST + ADDED {
        return Ok(path);
    }
    parked::park(&provider.state, provider.environment.id, &provider.origin, &path).await
}

/// The same as an address to which a browser can go.
pub async fn short_address(provider: &Provider, path: String) -> ServiceResult<String> {
    let authorize = provider.path("/authorize");
    if !path.strip_prefix(&authorize).is_some_and(|rest| rest.starts_with('?')) {
        return Ok(path);
    }
    let name = short_name(provider, path).await?;
    Ok(if parked::is_name(&name) { with_query(&authorize, &[(NAME, &name)]) } else { name })
}

/// What a name of the sign-in page stands for; anything else stands for itself.
///
/// # Errors
/// The page for what waited too long, or is too long.
pub async fn read(provider: &Provider, continued: &str) -> ServiceResult<Result<String, Response>> {
    if continued.len() > LONGEST + ADDED {
        return Ok(Err(too_long(continued.len())));
    }
    if !parked::is_name(continued) {
        return Ok(Ok(continued.to_owned()));
    }
    Ok(match parked::find(&provider.state, provider.environment.id, continued).await? {
        ParkedRequest::Text(text) => Ok(text),
        gone => Err(forgotten(&gone)),
    })
}

fn forgotten(kept: &ParkedRequest) -> Response {
    let (title, sentence) = match kept {
        ParkedRequest::Nothing => (
            "This sign-in is not kept any more",
            "It is kept for an hour, and for less where very many begin from the same network: then the oldest go. Go back \
             to the application and begin again.",
        ),
        ParkedRequest::Expired | ParkedRequest::Text(_) => (
            "This sign-in stood open for too long",
            "It is kept for an hour. Go back to the application and begin again.",
        ),
    };
    page::plain(StatusCode::BAD_REQUEST, title, sentence)
}

pub fn too_long(length: usize) -> Response {
    let sentence = format!(
        "The application sent {length} bytes, and {LONGEST} is the most. It should keep what belongs to its state at its \
         own side. Tell its developers."
    );
    page::plain(StatusCode::URI_TOO_LONG, "This sign-in is too long", &sentence)
}

/// The answer with what whoever mends the application is told of it.
pub fn said_of(mut response: Response, query: &str) -> Response {
    let query = query.rsplit_once("/authorize?").map_or(query, |(_, query)| query);
    let sentence = format!("the request has {} bytes, and {LONGEST} is the most", query.len());
    let client_id = Parameters::parse(query).get("client_id").map(ToOwned::to_owned);
    Unnoted { kind: ProblemKind::AuthorizationRequest, text: sentence, client_id }.attach(&mut response);
    response
}
