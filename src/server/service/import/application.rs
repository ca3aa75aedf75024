//! applications.csv: the relying parties of an environment.

use serde::{Deserialize, Serialize};

use super::change::{Change, What};
use super::read::Entity;
use super::row::{Column, Given, Row, optional, required};
use super::writer::Allowed;
use super::{Rows, Writer};
use crate::server::crypto::secret::SecretKind;
use crate::server::db::import::{self as table, ApplicationUpsert, KnownApplication};
use crate::server::platform::random::Random;
use crate::server::service::audit::Event;

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

/// Where the client's secret comes from. `Keep` is public for a new application.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum ClientSecret {
    Keep,
    Remove,
    Hash(Vec<u8>),
    New,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Application {
    line: u64,
    client_id: String,
    name: String,
    login_method: Option<String>,
    app_url: String,
    login_url: Given<String>,
    initiate_login_url: Given<String>,
    redirect_uris: Given<Vec<String>>,
    post_logout_redirect_uris: Given<Vec<String>>,
    keep_session_alive: Option<bool>,
    client_secret: ClientSecret,
    signing_algorithm: Option<String>,
    jwks: Given<String>,
    backchannel_logout_uri: Given<String>,
}

impl Entity for Application {
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
            client_id: row.key("client_id"),
            name: row.name("name").unwrap_or_default(),
            login_method: row.word("login_method", &["hosted", "embedded"]),
            app_url,
            login_url: row.web_url("login_url"),
            initiate_login_url: row.web_url("initiate_login_url"),
            redirect_uris: row.redirect_uris("redirect_uris"),
            post_logout_redirect_uris: row.redirect_uris("post_logout_redirect_uris"),
            keep_session_alive: row.boolean("keep_session_alive"),
            client_secret: client_secret(row),
            signing_algorithm: row.word("signing_algorithm", &["RS256", "ES256"]),
            jwks: jwks(row),
            backchannel_logout_uri: backchannel_logout_uri(row),
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
fn jwks(row: &mut Row<'_>) -> Given<String> {
    let given = row.text("jwks");
    let Given::Set(text) = &given else { return given };
    let fault = match serde_json::from_str::<jsonwebtoken::jwk::JwkSet>(text) {
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
    given
}

/// Back-Channel Logout 1.0, section 2.2: an absolute address without a fragment.
fn backchannel_logout_uri(row: &mut Row<'_>) -> Given<String> {
    let given = row.web_url("backchannel_logout_uri");
    if given.set().is_some_and(|uri| uri.contains('#')) {
        row.problem("backchannel_logout_uri", "has a fragment, which this address must not have");
    }
    given
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}

impl Application {
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Makes the secret that a `new` asks for: the client id and the secret, which nobody stores.
    pub fn make_secret(&mut self, random: &dyn Random) -> Option<(String, String)> {
        let ClientSecret::New = self.client_secret else { return None };
        let (secret, hash) = SecretKind::ClientSecret.generate(random);
        self.client_secret = ClientSecret::Hash(hash);
        Some((self.client_id.clone(), secret))
    }

    pub fn changes(&self, known: &KnownApplication) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        let mut plain = |is: bool, what: What| {
            if is {
                changes.push((what, String::new()));
            }
        };
        let row = &known.row;
        plain(self.name != row.name, What::Renamed);
        plain(self.login_method.as_ref().is_some_and(|method| *method != row.login_method), What::LoginMethod);
        match self.keep_session_alive {
            Some(true) => plain(!row.keep_session_alive, What::SessionsLengthened),
            Some(false) => plain(row.keep_session_alive, What::SessionsShortened),
            None => {}
        }
        match (&self.client_secret, &row.client_secret_hash) {
            (ClientSecret::Hash(_) | ClientSecret::New, None) => plain(true, What::SecretSet),
            (ClientSecret::New, Some(_)) => plain(true, What::SecretChanged),
            (ClientSecret::Hash(hash), Some(known)) => plain(hash != known, What::SecretChanged),
            (ClientSecret::Remove, Some(_)) => plain(true, What::SecretRemoved),
            _ => {}
        }
        match (&self.jwks, &row.jwks) {
            (Given::Set(_), None) => plain(true, What::KeysSet),
            (Given::Set(keys), Some(known)) => plain(keys != known, What::KeysChanged),
            (Given::Cleared, Some(_)) => plain(true, What::KeysRemoved),
            _ => {}
        }
        if let Some(algorithm) = self.signing_algorithm.as_ref().filter(|given| **given != row.signing_algorithm) {
            changes.push((What::SigningAlgorithm, format!("{algorithm} instead of {}", row.signing_algorithm)));
        }
        self.address_changes(known, &mut changes);
        let login = (What::RedirectAdded, What::RedirectRemoved);
        redirects(&self.redirect_uris, &known.redirect_uris, login, &mut changes);
        let logout = (What::LogoutRedirectAdded, What::LogoutRedirectRemoved);
        redirects(&self.post_logout_redirect_uris, &known.post_logout_redirect_uris, logout, &mut changes);
        changes
    }

    /// Each with the address that it is from now on.
    fn address_changes(&self, known: &KnownApplication, changes: &mut Vec<Change>) {
        let row = &known.row;
        let mut to = |is: bool, what: What, address: &str| {
            if is {
                changes.push((what, address.to_owned()));
            }
        };
        to(self.app_url != row.app_url, What::AppUrl, &self.app_url);
        let login_url = self.login_url(Some(known));
        to(login_url != row.login_url, What::LoginUrl, &login_url);
        let initiate = self.initiate_login_url.over(row.initiate_login_url.clone());
        to(initiate != row.initiate_login_url, What::InitiateLoginUrl, initiate.as_deref().unwrap_or("none"));
        match (&self.backchannel_logout_uri, &row.backchannel_logout_uri) {
            (Given::Set(uri), None) => to(true, What::LogoutSet, uri),
            (Given::Set(uri), Some(known)) => to(uri != known, What::LogoutChanged, uri),
            (Given::Cleared, Some(_)) => to(true, What::LogoutRemoved, ""),
            _ => {}
        }
    }

    /// Takes out of the row what makes a change that nobody allowed.
    fn keep(&mut self, (what, about): &Change) {
        match what {
            What::RedirectRemoved => keep_uri(&mut self.redirect_uris, about),
            What::LogoutRedirectRemoved => keep_uri(&mut self.post_logout_redirect_uris, about),
            What::SessionsLengthened => self.keep_session_alive = None,
            What::SecretChanged | What::SecretRemoved => self.client_secret = ClientSecret::Keep,
            What::KeysChanged | What::KeysRemoved => self.jwks = Given::Kept,
            What::LogoutRemoved => self.backchannel_logout_uri = Given::Kept,
            _ => {}
        }
    }

    /// Where nothing was ever said, it is the app URL, and moves with it.
    fn login_url(&self, known: Option<&KnownApplication>) -> String {
        let before =
            known.map(|known| known.row.login_url.clone()).filter(|url| known.is_some_and(|k| *url != k.row.app_url));
        self.login_url.over(before).unwrap_or_else(|| self.app_url.clone())
    }
}

fn redirects(given: &Given<Vec<String>>, known: &[String], whats: (What, What), changes: &mut Vec<Change>) {
    let listed = match given {
        Given::Kept => return,
        Given::Cleared => &[][..],
        Given::Set(list) => list,
    };
    let (added, removed) = whats;
    changes.extend(listed.iter().filter(|uri| !known.contains(uri)).map(|uri| (added, uri.clone())));
    changes.extend(known.iter().filter(|uri| !listed.contains(uri)).map(|uri| (removed, uri.clone())));
}

fn keep_uri(given: &mut Given<Vec<String>>, uri: &str) {
    match given {
        Given::Set(uris) => uris.push(uri.to_owned()),
        given => *given = Given::Set(vec![uri.to_owned()]),
    }
}

pub async fn write(writer: &mut Writer<'_>, applications: &[Application]) -> anyhow::Result<()> {
    let keys: Vec<&str> = applications.iter().map(Entity::key).collect();
    let known = table::known_applications(writer.tx, writer.environment_id, &keys).await?;
    for application in applications {
        let before = known.get(&application.client_id);
        let compare = |row: &Application| before.map(|known| row.changes(known)).unwrap_or_default();
        let Allowed { row: application, changes, left_out } = writer.allowed(application, compare, Application::keep);
        if before.is_some() && changes.is_empty() && left_out.is_empty() {
            continue;
        }
        let id = before.map_or_else(|| writer.state.new_id(), |known| known.row.id);
        let row = row(writer, &application, before, id);
        table::upsert_application(writer.tx, &row).await?;
        for (kind, given) in [("login", &application.redirect_uris), ("logout", &application.post_logout_redirect_uris)]
        {
            if *given != Given::Kept {
                table::replace_redirect_uris(writer.tx, id, kind, &given.over(None).unwrap_or_default()).await?;
            }
        }
        for (what, about) in &changes {
            let Some((action, severity)) = what.facts().event else { continue };
            let sentence = format!("{} by an import", what.sentence(&application.name, about));
            let event = Event::new(writer.environment_id, action, severity, sentence);
            writer.record(event.in_application(id, &application.name)).await?;
        }
        for change in &left_out {
            let event = writer.leave_out(change, &application.name).in_application(id, &application.name);
            writer.record(event).await?;
        }
    }
    Ok(())
}

fn row(
    writer: &Writer<'_>,
    application: &Application,
    known: Option<&KnownApplication>,
    id: uuid::Uuid,
) -> ApplicationUpsert {
    let before = known.map(|known| &known.row);
    let word = |given: &Option<String>, known: Option<String>, new: &str| {
        given.clone().or(known).unwrap_or_else(|| new.to_owned())
    };
    let secret = match &application.client_secret {
        ClientSecret::Hash(hash) => Some(hash.clone()),
        ClientSecret::Remove => None,
        ClientSecret::Keep | ClientSecret::New => before.and_then(|row| row.client_secret_hash.clone()),
    };
    ApplicationUpsert {
        id,
        environment_id: writer.environment_id,
        client_id: application.client_id.clone(),
        name: application.name.clone(),
        login_method: word(&application.login_method, before.map(|row| row.login_method.clone()), "hosted"),
        app_url: application.app_url.clone(),
        login_url: application.login_url(known),
        initiate_login_url: application.initiate_login_url.over(before.and_then(|row| row.initiate_login_url.clone())),
        client_secret_hash: secret,
        keep_session_alive: application
            .keep_session_alive
            .unwrap_or_else(|| before.is_none_or(|row| row.keep_session_alive)),
        signing_algorithm: word(
            &application.signing_algorithm,
            before.map(|row| row.signing_algorithm.clone()),
            "RS256",
        ),
        jwks: application.jwks.over(before.and_then(|row| row.jwks.clone())),
        backchannel_logout_uri: application
            .backchannel_logout_uri
            .over(before.and_then(|row| row.backchannel_logout_uri.clone())),
        created_at: before.map_or(writer.now, |row| row.created_at),
    }
}
