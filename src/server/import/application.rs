//! applications.csv: the relying parties of an environment.

use super::sheet::{Column, Problems, Row, Sheet, optional, required};
use super::{Counts, Writer};
use crate::server::db::import::{self as table, ApplicationUpsert, Keyed};
use crate::server::secret::SecretKind;

pub const COLUMNS: &[Column] = &[
    required("client_id"),
    required("name"),
    optional("login_method"),
    required("app_url"),
    optional("login_url"),
    optional("initiate_login_url"),
    optional("redirect_uris"),
    optional("post_logout_redirect_uris"),
    optional("keep_session_alive"),
    optional("client_secret"),
    optional("client_secret_hash"),
    optional("signing_algorithm"),
    optional("jwks"),
    optional("backchannel_logout_uri"),
];

/// Where the client's secret comes from. `Keep` is public for a new application.
enum ClientSecret {
    Keep,
    Hash(Vec<u8>),
    New,
}

pub struct Application {
    client_id: String,
    name: String,
    login_method: &'static str,
    app_url: String,
    login_url: String,
    initiate_login_url: Option<String>,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    keep_session_alive: bool,
    client_secret: ClientSecret,
    signing_algorithm: &'static str,
    jwks: Option<String>,
    backchannel_logout_uri: Option<String>,
}

pub fn parse(sheet: &Sheet, problems: &mut Problems) -> Vec<Application> {
    sheet.parse("client_id", problems, |row| {
        let app_url = row.web_url("app_url").unwrap_or_default();
        if app_url.is_empty() {
            row.problem("app_url", "is empty");
        }
        Application {
            client_id: row.key("client_id"),
            name: row.name("name"),
            login_method: row.word("login_method", &["hosted", "embedded"]),
            login_url: row.web_url("login_url").unwrap_or_else(|| app_url.clone()),
            app_url,
            initiate_login_url: row.web_url("initiate_login_url"),
            redirect_uris: row.redirect_uris("redirect_uris"),
            post_logout_redirect_uris: row.redirect_uris("post_logout_redirect_uris"),
            keep_session_alive: row.boolean("keep_session_alive", true),
            client_secret: client_secret(row),
            signing_algorithm: row.word("signing_algorithm", &["RS256", "ES256"]),
            jwks: jwks(row),
            backchannel_logout_uri: backchannel_logout_uri(row),
        }
    })
}

fn client_secret(row: &mut Row<'_>) -> ClientSecret {
    let (secret, hash) = (row.cell("client_secret").to_owned(), row.cell("client_secret_hash").to_owned());
    match (secret.as_str(), hash.as_str()) {
        ("", "") => ClientSecret::Keep,
        ("new", "") => ClientSecret::New,
        (secret, "") => SecretKind::ClientSecret.hash_of(secret).map_or_else(
            || {
                // The secret itself stays out of the message: messages are logged.
                row.problem("client_secret", "is no client secret of Understudy (ucs_…); write `new` to have one made");
                ClientSecret::Keep
            },
            ClientSecret::Hash,
        ),
        ("", hash) => unhex(hash).map_or_else(
            || {
                row.problem("client_secret_hash", "is not a SHA-256 in 64 hexadecimal digits");
                ClientSecret::Keep
            },
            ClientSecret::Hash,
        ),
        _ => {
            row.problem("client_secret", "is given together with client_secret_hash; give one of them");
            ClientSecret::Keep
        }
    }
}

/// A JSON Web Key Set with at least one key that can verify RS256 or ES256, and with no private key in it.
fn jwks(row: &mut Row<'_>) -> Option<String> {
    let text = row.cell("jwks").to_owned();
    if text.is_empty() {
        return None;
    }
    let fault = match serde_json::from_str::<jsonwebtoken::jwk::JwkSet>(&text) {
        Err(_) => Some("is no JSON Web Key Set"),
        Ok(_) if text.contains("\"d\"") => Some("holds a private key; give the public ones only"),
        Ok(set) if set.keys.is_empty() => Some("has no key in it"),
        Ok(set) if !set.keys.iter().all(|key| jsonwebtoken::DecodingKey::from_jwk(key).is_ok()) => {
            Some("has a key in it that cannot be read")
        }
        Ok(_) => None,
    };
    if let Some(fault) = fault {
        row.problem("jwks", fault);
    }
    Some(text)
}

/// Back-Channel Logout 1.0, section 2.2: an absolute address without a fragment.
fn backchannel_logout_uri(row: &mut Row<'_>) -> Option<String> {
    let uri = row.web_url("backchannel_logout_uri")?;
    if uri.contains('#') {
        row.problem("backchannel_logout_uri", "has a fragment, which this address must not have");
    }
    Some(uri)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}

impl Application {
    pub fn key(&self) -> &str {
        &self.client_id
    }
}

pub async fn write(writer: &mut Writer<'_>, sheet: &Sheet, applications: &[Application]) -> anyhow::Result<Counts> {
    let keys: Vec<&str> = applications.iter().map(Application::key).collect();
    let known = table::ids(writer.tx, Keyed::Applications, writer.environment_id, &keys).await?;
    for application in applications {
        let id = known.get(&application.client_id).copied().unwrap_or_else(|| writer.state.new_id());
        let client_secret_hash = match &application.client_secret {
            ClientSecret::Keep => None,
            ClientSecret::Hash(hash) => Some(hash.clone()),
            ClientSecret::New => {
                let (secret, hash) = SecretKind::ClientSecret.generate(writer.state.random.as_ref());
                writer.secrets.push((application.client_id.clone(), secret));
                Some(hash)
            }
        };
        let row = ApplicationUpsert {
            id,
            environment_id: writer.environment_id,
            client_id: &application.client_id,
            name: &application.name,
            login_method: application.login_method,
            app_url: &application.app_url,
            login_url: &application.login_url,
            initiate_login_url: application.initiate_login_url.as_deref(),
            client_secret_hash: client_secret_hash.as_deref(),
            keep_session_alive: application.keep_session_alive,
            signing_algorithm: application.signing_algorithm,
            jwks: application.jwks.as_deref(),
            backchannel_logout_uri: application.backchannel_logout_uri.as_deref(),
            now: writer.now,
        };
        table::upsert_application(writer.tx, &row, &|column| sheet.has(column)).await?;
        if sheet.has("redirect_uris") {
            table::replace_redirect_uris(writer.tx, id, "login", &application.redirect_uris).await?;
        }
        if sheet.has("post_logout_redirect_uris") {
            table::replace_redirect_uris(writer.tx, id, "logout", &application.post_logout_redirect_uris).await?;
        }
        writer.advance(1);
    }
    Ok(Counts::of(applications.len(), known.len()))
}
