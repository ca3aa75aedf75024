//! Applications: the relying parties of an environment.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::build::Statement;
use super::page::Bounded;
use super::word::{Stored, known};
use super::{
    Conn, DbError, DbResult, Tx, built, execute, expect_one, fetch_all, fetch_bounded, fetch_known, fetch_optional,
    read_as,
};
use crate::model::application::{LoginMethod, LogoutState, RedirectKind};
use crate::model::key::SigningAlgorithm;
use crate::server::domain::application::{Application, ListedApplication};
use crate::server::platform::text::Word;

#[derive(sqlx::FromRow)]
struct ApplicationRow {
    id: Uuid,
    environment_id: Uuid,
    client_id: String,
    name: String,
    login_method: Stored<LoginMethod>,
    app_url: String,
    login_url: String,
    initiate_login_url: Option<String>,
    client_secret_hash: Option<Vec<u8>>,
    former_secret_hash: Option<Vec<u8>>,
    former_secret_until: Option<DateTime<Utc>>,
    keep_session_alive: bool,
    signing_algorithm: Stored<SigningAlgorithm>,
    jwks: Option<String>,
    backchannel_logout_uri: Option<String>,
    assigned_to_new: bool,
    default_of_new: bool,
    version: i64,
}

impl TryFrom<ApplicationRow> for Application {
    type Error = DbError;

    fn try_from(row: ApplicationRow) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            environment_id: row.environment_id,
            client_id: row.client_id,
            name: row.name,
            login_method: row.login_method.known("applications", "login_method", row.id)?,
            app_url: row.app_url,
            login_url: row.login_url,
            initiate_login_url: row.initiate_login_url,
            client_secret_hash: row.client_secret_hash,
            former_secret: row.former_secret_hash.zip(row.former_secret_until),
            keep_session_alive: row.keep_session_alive,
            signing_algorithm: row.signing_algorithm.known("applications", "signing_algorithm", row.id)?,
            jwks: row.jwks,
            backchannel_logout_uri: row.backchannel_logout_uri,
            assigned_to_new: row.assigned_to_new,
            default_of_new: row.default_of_new,
            version: row.version,
        })
    }
}

read_as!(ApplicationRow => Application);

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, client_id, name, login_method, app_url, login_url, initiate_login_url, ",
            "client_secret_hash, former_secret_hash, former_secret_until, keep_session_alive, signing_algorithm, jwks, ",
            "backchannel_logout_uri, assigned_to_new, default_of_new, version ",
            "FROM applications ",
            $rest
        )
    };
}

pub async fn by_client_id(conn: &mut Conn, environment_id: Uuid, client_id: &str) -> DbResult<Option<Application>> {
    fetch_optional!(conn, select!("WHERE environment_id = $1 AND client_id = $2"), environment_id, client_id)
}

/// The client ids of applications that have `word` in name or client id, `limit` at most.
pub async fn client_ids(
    conn: &mut Conn,
    environment_id: Uuid,
    word: &Word,
    limit: i64,
) -> DbResult<Vec<(Uuid, String)>> {
    let mut sql = conn.build("SELECT p.id, p.client_id FROM applications p WHERE p.environment_id = ");
    sql.bind(environment_id).and_has("p", std::slice::from_ref(word));
    sql.push(" ORDER BY p.client_id LIMIT ").bind(limit);
    built!(sql, fetch_all)
}

pub async fn by_id(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<Application>> {
    fetch_optional!(conn, select!("WHERE environment_id = $1 AND id = $2"), environment_id, id)
}

/// Every registered address of the environment at which an application's pages are: what CORS origins are derived from.
pub async fn registered_urls(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> = fetch_all!(
        conn,
        "SELECT r.uri FROM redirect_uris r JOIN applications p ON p.id = r.application_id
         WHERE p.environment_id = $1 AND r.kind = 'login'
         UNION SELECT app_url FROM applications WHERE environment_id = $1
         UNION SELECT login_url FROM applications WHERE environment_id = $1",
        environment_id
    )?;
    Ok(rows.into_iter().map(|(uri,)| uri).collect())
}

/// The redirect URIs of one application.
pub async fn login_redirect_uris(conn: &mut Conn, application_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> =
        fetch_all!(conn, "SELECT uri FROM redirect_uris WHERE application_id = $1 AND kind = 'login'", application_id)?;
    Ok(rows.into_iter().map(|(uri,)| uri).collect())
}

#[derive(sqlx::FromRow)]
struct ApplicationListRow {
    id: Uuid,
    client_id: String,
    name: String,
    login_method: Stored<LoginMethod>,
    has_secret: bool,
    has_keys: bool,
    keep_session_alive: bool,
    is_told: bool,
    accounts: i64,
    last_delivery: Option<Stored<LogoutState>>,
}

impl TryFrom<ApplicationListRow> for ListedApplication {
    type Error = DbError;

    fn try_from(row: ApplicationListRow) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            client_id: row.client_id,
            name: row.name,
            login_method: row.login_method.known("applications", "login_method", row.id)?,
            has_secret: row.has_secret,
            has_keys: row.has_keys,
            keep_session_alive: row.keep_session_alive,
            is_told: row.is_told,
            accounts: row.accounts,
            last_delivery: row
                .last_delivery
                .map(|word| word.known("applications", "last_delivery", row.id))
                .transpose()?,
        })
    }
}

read_as!(ApplicationListRow => ListedApplication);

/// A statement that begins with what the list shows of `applications p`; the accounts of each are counted up to `counted`.
fn listed(conn: &mut Conn, counted: i64) -> Statement<'_> {
    let mut sql = conn.build(
        "SELECT p.id, p.client_id, p.name, p.login_method, (p.client_secret_hash IS NOT NULL) AS has_secret,
           (p.jwks IS NOT NULL) AS has_keys, p.keep_session_alive, (p.backchannel_logout_uri IS NOT NULL) AS is_told,
           (SELECT count(*) FROM (SELECT a.account_id FROM account_applications a WHERE a.application_id = p.id LIMIT ",
    );
    sql.bind(counted).push(
        ") AS assigned) AS accounts,
           (SELECT CASE WHEN d.delivered_at IS NOT NULL THEN 'delivered' WHEN d.dead_at IS NOT NULL THEN 'failed'
                     WHEN d.last_error IS NOT NULL THEN 'retrying' ELSE 'sending' END
            FROM deliveries d WHERE d.kind = 'back_channel_logout' AND d.destination = p.id
            ORDER BY d.created_at DESC, d.id DESC LIMIT 1) AS last_delivery
         FROM applications p ",
    );
    sql
}

/// The first `limit` applications of an environment that have all of `words` in name or client id, by name. The accounts of each are
/// counted up to `counted`.
pub async fn list(
    conn: &mut Conn,
    environment_id: Uuid,
    words: &[Word],
    limit: i64,
    counted: i64,
) -> DbResult<Bounded<ListedApplication>> {
    let mut sql = listed(conn, counted);
    sql.push("WHERE p.environment_id = ").bind(environment_id).and_has("p", words);
    sql.push(" ORDER BY p.sort_name, p.id LIMIT ").bind(limit + 1);
    built!(sql, fetch_bounded, limit)
}

/// One application of an environment as the list has it.
pub async fn list_row(
    conn: &mut Conn,
    environment_id: Uuid,
    id: Uuid,
    counted: i64,
) -> DbResult<Option<ListedApplication>> {
    let mut sql = listed(conn, counted);
    sql.push("WHERE p.environment_id = ").bind(environment_id).push(" AND p.id = ").bind(id);
    built!(sql, fetch_optional)
}

/// All registered addresses of an application.
pub async fn redirect_uris(conn: &mut Conn, application_id: Uuid) -> DbResult<Vec<(RedirectKind, String)>> {
    let rows: Vec<(Stored<RedirectKind>, String)> = fetch_all!(
        conn,
        "SELECT kind, uri FROM redirect_uris WHERE application_id = $1 ORDER BY kind, uri",
        application_id
    )?;
    let read = |(kind, uri): (Stored<RedirectKind>, _)| Ok((kind.known("redirect_uris", "kind", application_id)?, uri));
    known(rows.into_iter().map(read))
}

/// An account that has an application.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AssignedAccount {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
    pub is_default: bool,
}

/// The accounts that have an application, by name.
pub async fn accounts(conn: &mut Conn, application_id: Uuid, limit: i64) -> DbResult<Bounded<AssignedAccount>> {
    fetch_bounded!(
        conn,
        limit,
        "SELECT a.id, a.external_id, a.name, aa.is_default FROM account_applications aa JOIN accounts a ON a.id = aa.account_id
         WHERE aa.application_id = $1 ORDER BY a.sort_name, a.id LIMIT $2",
        application_id,
        limit + 1
    )
}

/// Every address at which a browser may run an application of the environment, with the application: where it is led
/// after signing out is no page that may call. The login URL of
/// an application with hosted login is the provider's, so only that of an embedded one is the application's own.
pub async fn urls(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(
        conn,
        "SELECT p.id, r.uri FROM redirect_uris r JOIN applications p ON p.id = r.application_id
         WHERE p.environment_id = $1 AND r.kind = 'login'
         UNION SELECT id, app_url FROM applications WHERE environment_id = $1
         UNION SELECT id, login_url FROM applications WHERE environment_id = $1 AND login_method = 'embedded'",
        environment_id
    )
}

/// Every address for after signing out of the environment, with its application.
pub async fn logout_uris(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(
        conn,
        "SELECT r.application_id, r.uri FROM redirect_uris r JOIN applications p ON p.id = r.application_id
         WHERE p.environment_id = $1 AND r.kind = 'logout'",
        environment_id
    )
}

/// The applications that registered `uri` for after signing out, letter by letter.
pub async fn by_logout_uri(conn: &mut Conn, environment_id: Uuid, uri: &str) -> DbResult<Vec<Application>> {
    fetch_known!(
        conn,
        select!(
            "WHERE environment_id = $1
               AND id IN (SELECT application_id FROM redirect_uris WHERE kind = 'logout' AND uri = $2)"
        ),
        environment_id,
        uri
    )
}

/// Removes an application with its addresses and tokens.
pub async fn delete(tx: &mut Tx, environment_id: Uuid, id: Uuid) -> DbResult<()> {
    let deleted = execute!(tx, "DELETE FROM applications WHERE environment_id = $1 AND id = $2", environment_id, id)?;
    expect_one("applications", deleted)
}

/// The applications that every new account gets, and whether it is the default one there.
pub async fn of_new_accounts(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<(Uuid, bool)>> {
    fetch_all!(
        conn,
        "SELECT id, default_of_new FROM applications WHERE environment_id = $1 AND assigned_to_new ORDER BY client_id",
        environment_id
    )
}

/// Makes another the one that new accounts have as their default.
pub async fn no_other_default(tx: &mut Tx, environment_id: Uuid, id: Uuid) -> DbResult<()> {
    execute!(
        tx,
        "UPDATE applications SET default_of_new = FALSE, version = version + 1
         WHERE environment_id = $1 AND id <> $2 AND default_of_new",
        environment_id,
        id
    )?;
    Ok(())
}
