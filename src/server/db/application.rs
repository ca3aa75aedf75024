//! Applications: the relying parties of an environment.

use uuid::Uuid;

use super::{Conn, DbResult, fetch_all, fetch_optional, fetch_scalar};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ApplicationRow {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub client_id: String,
    pub name: String,
    pub login_method: String,
    pub app_url: String,
    pub login_url: String,
    pub initiate_login_url: Option<String>,
    pub client_secret_hash: Option<Vec<u8>>,
    pub keep_session_alive: bool,
    pub signing_algorithm: String,
    /// Public keys that the client signs its assertions with, a JSON Web Key Set.
    pub jwks: Option<String>,
    pub backchannel_logout_uri: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, client_id, name, login_method, app_url, login_url, initiate_login_url, ",
            "client_secret_hash, keep_session_alive, signing_algorithm, jwks, backchannel_logout_uri FROM applications ",
            $rest
        )
    };
}

pub async fn by_client_id(conn: &mut Conn, environment_id: Uuid, client_id: &str) -> DbResult<Option<ApplicationRow>> {
    fetch_optional!(conn, select!("WHERE environment_id = $1 AND client_id = $2"), environment_id, client_id)
}

pub async fn by_id(conn: &mut Conn, id: Uuid) -> DbResult<Option<ApplicationRow>> {
    fetch_optional!(conn, select!("WHERE id = $1"), id)
}

/// Whether `uri` is registered, letter by letter. `kind` is `login` or `logout`.
pub async fn has_redirect_uri(conn: &mut Conn, application_id: Uuid, kind: &str, uri: &str) -> DbResult<bool> {
    let count: i64 = fetch_scalar!(
        conn,
        "SELECT count(*) FROM redirect_uris WHERE application_id = $1 AND kind = $2 AND uri = $3",
        application_id,
        kind,
        uri
    )?;
    Ok(count > 0)
}

/// Every registered address of the environment at which an application's pages are: what CORS origins are derived from.
pub async fn registered_urls(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> = fetch_all!(
        conn,
        "SELECT r.uri FROM redirect_uris r JOIN applications p ON p.id = r.application_id WHERE p.environment_id = $1
         UNION SELECT app_url FROM applications WHERE environment_id = $1
         UNION SELECT login_url FROM applications WHERE environment_id = $1",
        environment_id
    )?;
    Ok(rows.into_iter().map(|(uri,)| uri).collect())
}

/// Every address at which a browser may run an application of the environment, with the application. The login URL of
/// an application with hosted login is the provider's, so only that of an embedded one is the application's own.
pub async fn urls(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(
        conn,
        "SELECT p.id, r.uri FROM redirect_uris r JOIN applications p ON p.id = r.application_id WHERE p.environment_id = $1
         UNION SELECT id, app_url FROM applications WHERE environment_id = $1
         UNION SELECT id, login_url FROM applications WHERE environment_id = $1 AND login_method = 'embedded'",
        environment_id
    )
}

/// The applications that registered `uri` for after signing out, letter by letter.
pub async fn by_logout_uri(conn: &mut Conn, environment_id: Uuid, uri: &str) -> DbResult<Vec<ApplicationRow>> {
    fetch_all!(
        conn,
        select!(
            "WHERE environment_id = $1
               AND id IN (SELECT application_id FROM redirect_uris WHERE kind = 'logout' AND uri = $2)"
        ),
        environment_id,
        uri
    )
}

/// The redirect URIs of one application.
pub async fn login_redirect_uris(conn: &mut Conn, application_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> =
        fetch_all!(conn, "SELECT uri FROM redirect_uris WHERE application_id = $1 AND kind = 'login'", application_id)?;
    Ok(rows.into_iter().map(|(uri,)| uri).collect())
}
