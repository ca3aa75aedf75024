//! What every command needs first: the database, migrated, and the keys, opened.

use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use url::Url;

use super::options::DatabaseOptions;
use crate::server::crypto::keyring::Keyring;
use crate::server::db::{Conn, Db, environment, signing_key, sqlite_file};
use crate::server::domain::environment::Environment;
use crate::server::error::ServiceError;
use crate::server::platform::client_address::TrustedProxies;
use crate::server::platform::clock::SystemClock;
use crate::server::platform::closed;
use crate::server::platform::outbound::Network;
use crate::server::platform::random::SystemRandom;
use crate::server::state::AppState;

/// Opens the database, brings its schema up to date and makes sure that the master key opens its signing keys.
///
/// # Errors
/// One line that says what to mend.
pub async fn open(
    options: &DatabaseOptions,
    public_url: Url,
    trusted_proxies: TrustedProxies,
) -> anyhow::Result<AppState> {
    if let Some(file) = sqlite_file(&options.url()?) {
        closed::prepare_database(&file)?;
    }
    closed::close(&options.master_key_in_folder());
    let db = connect(options).await?;
    db.migrate().await.context("the database's schema could not be brought up to date")?;
    let keyring = Keyring::new(options.master_key(&SystemRandom)?);
    open_keys(&db, &keyring).await?;
    let outbound = Network::of(&public_url);
    Ok(AppState::new(
        db,
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
        Arc::new(outbound),
        keyring,
        public_url,
        trusted_proxies,
    ))
}

/// As [`open`], for commands that never answer a browser.
pub async fn open_offline(options: &DatabaseOptions) -> anyhow::Result<AppState> {
    open(options, Url::parse("http://localhost:3000")?, TrustedProxies::default()).await
}

/// # Errors
/// Where the URL is malformed or nothing answers there; the message holds no password.
pub async fn connect(options: &DatabaseOptions) -> anyhow::Result<Db> {
    let url = options.url()?;
    Db::connect(&url, options.database_connections)
        .await
        .with_context(|| format!("the database at {} cannot be used", without_password(&url)))
}

async fn open_keys(db: &Db, keyring: &Keyring) -> anyhow::Result<()> {
    let mut conn = db.read().await?;
    for row in signing_key::all(&mut conn).await? {
        keyring.open(&row).await.context(
            "the master key does not open this database's signing keys; give the one that sealed them, as MASTER_KEY, \
             as MASTER_KEY_FILE or as master.key in the data folder",
        )?;
    }
    Ok(())
}

/// # Errors
/// Where there is none of that slug: the message lists those that there are.
pub async fn environment(conn: &mut Conn, slug: &str) -> anyhow::Result<Environment> {
    if let Some(row) = environment::by_slug(conn, slug).await? {
        return Ok(row);
    }
    let known: Vec<String> = environment::all(conn).await?.into_iter().map(|row| row.slug).collect();
    if known.is_empty() {
        bail!("there is no environment {slug:?} yet; make it with `understudy environment create`");
    }
    bail!("there is no environment {slug:?}; there are {}", known.join(", "))
}

/// A failed use case as one line.
pub fn plain(error: ServiceError) -> anyhow::Error {
    match error {
        ServiceError::Invalid(errors) => anyhow!(errors),
        ServiceError::Internal(error) => error,
        other => anyhow!(other),
    }
}

/// Whether a database URL has a password in it.
pub fn has_password(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password"))
}

/// A database URL that may be shown.
pub fn without_password(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return "the given URL".to_owned() };
    if parsed.password().is_some() && parsed.set_password(Some("…")).is_err() {
        return "the given URL".to_owned();
    }
    // PostgreSQL takes a password as a query parameter too.
    if !url.starts_with("sqlite:") {
        parsed.set_query(None);
    }
    parsed.to_string().replace("%E2%80%A6", "…")
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_database_url_is_shown_without_its_password() {
        assert_eq!(without_password("postgres://u:secret@h:5432/d?password=x"), "postgres://u:…@h:5432/d");
        assert_eq!(without_password("sqlite:/data/a.db"), "sqlite:/data/a.db");
        assert_eq!(without_password("no url: secret"), "the given URL");
    }
}
