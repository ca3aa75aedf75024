//! Applications: the relying parties of an environment.

mod edit;
mod read;

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::change::{Change, What};
use super::given::Given;
use super::writer::{Allowed, DirectoryWriter};
use crate::model::application::RedirectKind;
use crate::model::audit::action;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::application as of_new;
use crate::server::db::import::{self as table, ApplicationUpsert, KnownApplication};
use crate::server::error::ServiceResult;
use crate::server::platform::random::Random;

pub use edit::{Saved, create, delete, to_change, update};
pub use read::{StoredApplication, get, list, stored};

/// Where the client's secret comes from. `Keep` is public for a new application.
#[derive(Clone, Default, Serialize, Deserialize)]
pub enum ClientSecret {
    #[default]
    Keep,
    Remove,
    Hash(Vec<u8>),
    New,
}

/// Without the hash.
impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Remove => "Remove",
            Self::Hash(_) => "Hash(..)",
            Self::New => "New",
        })
    }
}

/// What an application is to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ApplicationEntry {
    /// The line of a file that says so.
    #[serde(default)]
    pub line: u64,
    /// The version that was seen; without one, whatever there is now is changed.
    #[serde(default)]
    pub version: Option<i64>,
    pub client_id: String,
    pub name: String,
    pub login_method: Option<String>,
    pub app_url: String,
    pub login_url: Given<String>,
    pub initiate_login_url: Given<String>,
    pub redirect_uris: Given<Vec<String>>,
    pub post_logout_redirect_uris: Given<Vec<String>>,
    pub keep_session_alive: Option<bool>,
    pub client_secret: ClientSecret,
    pub signing_algorithm: Option<String>,
    pub jwks: Given<String>,
    pub backchannel_logout_uri: Given<String>,
    /// Whether every account that is made from now on gets it.
    #[serde(default)]
    pub assigned_to_new: Option<bool>,
    /// Whether it is the default one there.
    #[serde(default)]
    pub default_of_new: Option<bool>,
    /// Where the secret is replaced: whether the one before works for [`OVERLAP`] beside it.
    #[serde(default)]
    pub keeps_former_secret: bool,
}

/// How long a secret works beside the one that replaced it.
pub const OVERLAP: TimeDelta = TimeDelta::hours(24);

impl ApplicationEntry {
    /// Makes the secret that a `new` asks for: the client id and the secret, which nobody stores.
    pub fn make_secret(&mut self, random: &dyn Random) -> Option<(String, String)> {
        let ClientSecret::New = self.client_secret else { return None };
        let (secret, hash) = SecretKind::ClientSecret.generate(random);
        self.client_secret = ClientSecret::Hash(hash);
        Some((self.client_id.clone(), secret))
    }

    pub fn changes(&self, known: &KnownApplication) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        if self.name != known.row.name {
            changes.push((What::Renamed, known.row.name.clone()));
        }
        let mut plain = |is: bool, what: What| {
            if is {
                changes.push((what, String::new()));
            }
        };
        let row = &known.row;
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
        match self.assigned_to_new {
            Some(true) if !row.assigned_to_new => changes.push((What::NewAccountsGiven, String::new())),
            Some(false) if row.assigned_to_new => changes.push((What::NewAccountsKept, String::new())),
            _ => {}
        }
        if self.default_of_new.is_some_and(|is| is && !row.default_of_new) {
            changes.push((What::NewAccountsDefault, String::new()));
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

pub async fn write(writer: &mut DirectoryWriter<'_>, applications: &[ApplicationEntry]) -> ServiceResult<()> {
    let keys: Vec<&str> = applications.iter().map(|application| application.client_id.as_str()).collect();
    let known = table::known_applications(writer.tx, writer.environment_id, &keys).await?;
    let mut faster = Vec::new();
    for application in applications {
        let before = known.get(&application.client_id);
        writer.require_new("client_id", &application.client_id, before.is_some())?;
        let compare = |row: &ApplicationEntry| before.map(|known| row.changes(known)).unwrap_or_default();
        let Allowed { row: application, changes, left_out } =
            writer.allowed(application, compare, ApplicationEntry::keep);
        if before.is_some() && changes.is_empty() && left_out.is_empty() {
            continue;
        }
        let id = before.map_or_else(|| writer.state.new_id(), |known| known.row.id);
        let row = row(writer, &application, before, id);
        if !table::upsert_application(writer.tx, &row).await? {
            writer.require_new("client_id", &application.client_id, true)?;
            faster.push(application.into_owned());
            continue;
        }
        if row.default_of_new && before.is_none_or(|known| !known.row.default_of_new) {
            of_new::no_other_default(writer.tx, writer.environment_id, id).await?;
        }
        let (login, logout) = (&application.redirect_uris, &application.post_logout_redirect_uris);
        for (kind, given) in [(RedirectKind::Login, login), (RedirectKind::Logout, logout)] {
            if *given != Given::Kept {
                table::replace_redirect_uris(writer.tx, id, kind, &given.over(None).unwrap_or_default()).await?;
            }
        }
        let made = writer.made(&application.name, action::APPLICATION_CREATED).filter(|_| before.is_none());
        if let Some(event) = made {
            writer.record(event.in_application(id, &application.name)).await?;
        }
        for event in changes
            .iter()
            .filter_map(|change| writer.event(change, &application.name, action::APPLICATION_CHANGED))
            .collect::<Vec<_>>()
        {
            writer.record(event.in_application(id, &application.name)).await?;
        }
        for change in &left_out {
            let event = writer.leave_out(change, &application.name).in_application(id, &application.name);
            writer.record(event).await?;
        }
    }
    // What somebody else made a moment ago is known by now.
    if faster.is_empty() { Ok(()) } else { Box::pin(write(writer, &faster)).await }
}

fn row(
    writer: &DirectoryWriter<'_>,
    application: &ApplicationEntry,
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
    let replaced = before.and_then(|row| row.client_secret_hash.clone()).filter(|hash| Some(hash) != secret.as_ref());
    let former = match (replaced, &secret) {
        (Some(hash), Some(_)) if application.keeps_former_secret => (Some(hash), Some(writer.now + OVERLAP)),
        (Some(_), _) | (_, None) => (None, None),
        _ => before.map(|row| (row.former_secret_hash.clone(), row.former_secret_until)).unwrap_or_default(),
    };
    let is_given =
        |given: Option<bool>, known: fn(&ApplicationUpsert) -> bool| given.unwrap_or(before.is_some_and(known));
    let assigned_to_new = is_given(application.assigned_to_new, |row| row.assigned_to_new);
    ApplicationUpsert {
        id,
        environment_id: writer.environment_id,
        client_id: application.client_id.clone(),
        name: application.name.clone(),
        login_method: word(&application.login_method, before.map(|row| row.login_method.clone()), "hosted"),
        app_url: application.app_url.clone(),
        login_url: application.login_url(known),
        initiate_login_url: application.initiate_login_url.over(before.and_then(|row| row.initiate_login_url.clone())),
        former_secret_hash: former.0,
        former_secret_until: former.1,
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
        assigned_to_new,
        default_of_new: assigned_to_new && is_given(application.default_of_new, |row| row.default_of_new),
        created_at: before.map_or(writer.now, |row| row.created_at),
    }
}
