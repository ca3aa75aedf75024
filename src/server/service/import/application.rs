//! applications.csv: the relying parties of an environment.

use super::Rows;
use super::read::Entity;
use super::row::{Column, Row, optional, required};
use crate::model::validate::value;
use crate::server::crypto::secret::SecretKind;
use crate::server::service::directory::application::{ApplicationEntry, ClientSecret};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::validate;

const COLUMNS: &[Column] = &[
    required("client_id", "northwind-console", "the key: 1 to 100 letters, digits, dots, _ and -"),
    required("name", "Northwind Console", "1 to 200 characters"),
    optional("login_method", "hosted", "hosted or embedded. New applications: hosted"),
    required("app_url", "https://console.northwind.example/", "where the application begins"),
    optional("login_url", "", "where its own sign-in is. New applications, and -: the app_url"),
    optional(
        "initiate_login_url",
        "https://console.northwind.example/login",
        "where it takes third-party initiated login",
    ),
    optional(
        "redirect_uris",
        "https://console.northwind.example/callback",
        "separated by spaces; compared letter by letter",
    )
    .listed(' '),
    optional("post_logout_redirect_uris", "https://console.northwind.example/", "likewise, for sign-out").listed(' '),
    optional(
        "keep_session_alive",
        "true",
        "true: impersonations last an hour; false: 5 minutes. New applications: true",
    ),
    optional("client_secret", "new", "ucs_…, or `new` to have one made and printed once; empty for a public client"),
    optional("client_secret_hash", "", "SHA-256 of a secret in hexadecimal, instead of it"),
    optional("signing_algorithm", "RS256", "RS256 or ES256. New applications: RS256"),
    optional("jwks", "", "the client's public keys as a JSON Web Key Set, for private_key_jwt"),
    optional("backchannel_logout_uri", "", "where the client is told that a session ended"),
];

impl Entity for ApplicationEntry {
    const COLUMNS: &'static [Column] = COLUMNS;
    const KEY: &'static str = "client_id";
    const BATCH: usize = 50;

    fn parse(row: &mut Row<'_>) -> Self {
        let app_url = row.web_url("app_url").set().cloned().unwrap_or_default();
        if app_url.is_empty() {
            row.problem("app_url", "is empty");
        }
        Self {
            line: row.line,
            version: None,
            client_id: row.key("client_id"),
            name: row.name("name").unwrap_or_default(),
            login_method: row.word("login_method", &value::LOGIN_METHODS),
            app_url,
            login_url: row.web_url("login_url"),
            initiate_login_url: row.web_url("initiate_login_url"),
            redirect_uris: row.redirect_uris("redirect_uris"),
            post_logout_redirect_uris: row.redirect_uris("post_logout_redirect_uris"),
            keep_session_alive: row.boolean("keep_session_alive"),
            client_secret: client_secret(row),
            signing_algorithm: row.word("signing_algorithm", &value::ALGORITHMS),
            jwks: jwks(row),
            backchannel_logout_uri: backchannel_logout_uri(row),
            ..Self::default()
        }
    }

    fn key(&self) -> &str {
        &self.client_id
    }

    fn rows(batch: Vec<Self>) -> Rows {
        Rows::Applications(batch)
    }
}

fn client_secret(row: &mut Row<'_>) -> ClientSecret {
    let (secret, hash) = (row.cell("client_secret").to_owned(), row.cell("client_secret_hash").to_owned());
    match (secret.as_str(), hash.as_str()) {
        ("", "") => ClientSecret::Keep,
        ("new", "") => ClientSecret::New,
        ("-", "" | "-") | ("", "-") => ClientSecret::Remove,
        (secret, "") => SecretKind::ClientSecret.hash_of(secret).map_or_else(
            || {
                // The secret itself stays out of the message: messages are logged.
                row.problem("client_secret", "is no client secret of Understudy (ucs_…); write `new` to have one made");
                ClientSecret::Keep
            },
            ClientSecret::Hash,
        ),
        ("", hash) => hex::decode(hash).ok().filter(|hash| hash.len() == 32).map_or_else(
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

fn jwks(row: &mut Row<'_>) -> Given<String> {
    let given = row.text("jwks");
    if let Some(Err(fault)) = given.set().map(|text| validate::jwks(text)) {
        row.problem("jwks", fault);
    }
    given
}

fn backchannel_logout_uri(row: &mut Row<'_>) -> Given<String> {
    let given = row.web_url("backchannel_logout_uri");
    if let Given::Set(uri) = &given
        && validate::web_url(uri).is_ok()
        && let Err(fault) = validate::backchannel_logout_uri(uri)
    {
        row.problem("backchannel_logout_uri", fault);
    }
    given
}
