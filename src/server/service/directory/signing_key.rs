//! Signing keys: which there are, and their rotation.
//!
//! A key is published before it signs and after it signed. Clients read the public keys at most every five minutes (the
//! `Cache-Control` of the key set), so the next key is known to all of them long before it becomes active; and a retired
//! one stays for a day, far longer than the tokens that it signed are valid.

use chrono::TimeDelta;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use uuid::Uuid;

use crate::model::audit::action;
use crate::model::key::{KeyItem, KeyState, KeysPage, SigningAlgorithm};
use crate::model::operator::Roles;
use crate::server::crypto::keyring::jwa;
use crate::server::db::Tx;
use crate::server::db::signing_key as table;
use crate::server::domain::environment::Environment;
use crate::server::domain::key::SealedKey;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::state::AppState;

/// How long a key stays published after it stopped signing: what it signed is valid for minutes, and an id token may come
/// back as a hint later.
pub const RETIRING: TimeDelta = TimeDelta::hours(24);

/// How long the public half of a removed key is kept, for id tokens that come back as hints: as long as a session that one
/// may name, and a day.
const PAST: TimeDelta = TimeDelta::days(32);

/// One rotation of one algorithm.
pub struct Rotated {
    pub algorithm: SigningAlgorithm,
    /// The key that signs from now on.
    pub active: String,
    /// The key that signed until now.
    pub retired: Option<String>,
}

/// The Keys page.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &Caller) -> ServiceResult<KeysPage> {
    caller.require_view()?;
    let state = &caller.state;
    let mut conn = state.db.read().await?;
    let rows = table::of_environment(&mut conn, caller.environment.id).await?;
    Ok(KeysPage {
        keys: rows.into_iter().map(item).collect(),
        jwks_url: format!("{}/.well-known/jwks.json", state.issuer(&caller.environment)),
        can_rotate: caller.roles.can_administer(),
        now: state.now(),
    })
}

fn item(row: SealedKey) -> KeyItem {
    KeyItem {
        state: row.state,
        removed_at: row.retired_at.map(|retired_at| retired_at + RETIRING),
        kid: row.kid,
        algorithm: row.algorithm.as_str().to_owned(),
        created_at: row.created_at,
        activated_at: row.activated_at,
    }
}

/// Rotates the keys of the caller's environment: of one algorithm, or of all where none is named.
///
/// # Errors
/// [`ServiceError::Forbidden`] for anyone but Owner and Admin, [`ServiceError::Invalid`] for an unknown algorithm.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn rotate(caller: &Caller, algorithm: &str) -> ServiceResult<Vec<Rotated>> {
    caller.require(Roles::can_administer)?;
    let (state, environment) = (&caller.state, &caller.environment);
    let algorithms = SigningAlgorithm::ALL;
    let algorithms: Vec<SigningAlgorithm> =
        algorithms.into_iter().filter(|known| algorithm.is_empty() || known.as_str() == algorithm).collect();
    if algorithms.is_empty() {
        let known = SigningAlgorithm::ALL.map(SigningAlgorithm::as_str).join(" and ");
        return Err(ServiceError::invalid("algorithm", format!("the algorithms are {known}")));
    }
    let fresh = make(state, environment, &algorithms).await?;
    let mut tx = state.db.write().await?;
    let mut rotated = Vec::new();
    for (algorithm, fresh) in algorithms.into_iter().zip(fresh) {
        let one = rotate_one(state, &mut tx, environment, algorithm, fresh).await?;
        let retired = one.retired.as_deref().map(|kid| format!(", {kid} retires")).unwrap_or_default();
        let sentence = format!("{} key rotated: {} signs from now on{retired}", algorithm.as_str(), one.active);
        audit::record(state, &mut tx, Event::of_caller(caller, action::KEYS_ROTATED, sentence)).await?;
        rotated.push(one);
    }
    tx.commit().await?;
    Ok(rotated)
}

/// New keys for each algorithm, made before the transaction: an RSA key takes a while. Two where there is no next key, as in
/// databases of earlier versions: then one of them becomes active without having been published.
async fn make(
    state: &AppState,
    environment: &Environment,
    algorithms: &[SigningAlgorithm],
) -> ServiceResult<Vec<Vec<SealedKey>>> {
    let mut conn = state.db.read().await?;
    let known = table::of_environment(&mut conn, environment.id).await?;
    drop(conn);
    let mut all = Vec::new();
    for &algorithm in algorithms {
        let has_next = known.iter().any(|key| key.state == KeyState::Next && key.algorithm == algorithm);
        let mut fresh = Vec::new();
        for _ in 0..if has_next { 1 } else { 2 } {
            let row = state.keyring.new_row(algorithm, state.clock.as_ref(), state.random.as_ref()).await?;
            fresh.push(SealedKey { environment_id: environment.id, ..row });
        }
        all.push(fresh);
    }
    Ok(all)
}

/// Active becomes retiring, next becomes active, a new one becomes next.
async fn rotate_one(
    state: &AppState,
    tx: &mut Tx,
    environment: &Environment,
    algorithm: SigningAlgorithm,
    mut fresh: Vec<SealedKey>,
) -> ServiceResult<Rotated> {
    let meanwhile =
        || ServiceError::invalid("", "The keys were rotated by somebody else just now. Look at them again.");
    let now = state.now();
    let known = table::of_environment(tx, environment.id).await?;
    let kid = |wanted: KeyState| {
        let mut found = known.iter().filter(|key| key.algorithm == algorithm && key.state == wanted);
        found.next().map(|key| key.kid.clone())
    };
    let retired = kid(KeyState::Active);
    if let Some(kid) = &retired
        && !table::retire(tx, kid, now).await?
    {
        return Err(meanwhile());
    }
    let active = match kid(KeyState::Next) {
        Some(kid) => kid,
        None => {
            let row = fresh.pop().ok_or_else(meanwhile)?;
            table::insert(tx, &row).await?;
            row.kid
        }
    };
    if !table::activate(tx, &active, now).await? {
        return Err(meanwhile());
    }
    table::insert(tx, &fresh.pop().ok_or_else(meanwhile)?).await?;
    Ok(Rotated { algorithm, active, retired })
}

/// Deletes keys that have been retiring for long enough. Gives how many.
pub async fn remove_retired(state: &AppState) -> ServiceResult<u64> {
    let mut conn = state.db.read().await?;
    let due = table::retired_before(&mut conn, state.now() - RETIRING).await?;
    drop(conn);
    let mut removed = 0;
    for key in due {
        let mut tx = state.db.write().await?;
        if table::delete_retired(&mut tx, &key.kid).await? {
            let sentence =
                format!("{} key {} removed, a day after it stopped signing", key.algorithm.as_str(), key.kid);
            let event = Event::of(key.environment_id, action::KEY_REMOVED, sentence);
            audit::record(state, &mut tx, event).await?;
            removed += 1;
        }
        tx.commit().await?;
    }
    let mut tx = state.db.write().await?;
    if table::forget_past(&mut tx, state.now() - PAST).await? > 0 {
        tx.commit().await?;
    }
    Ok(removed)
}

/// The public key of this name that is published no more, and its algorithm: good for hints and for nothing else.
pub async fn past(
    state: &AppState,
    environment_id: Uuid,
    kid: &str,
) -> ServiceResult<Option<(Algorithm, DecodingKey)>> {
    let mut conn = state.db.read().await?;
    let Some(row) = table::past(&mut conn, environment_id, kid).await? else { return Ok(None) };
    let jwk: Option<Jwk> = serde_json::from_str(&row.public_jwk).ok();
    let key = jwk.and_then(|jwk| DecodingKey::from_jwk(&jwk).ok());
    Ok(key.map(|key| (jwa(row.algorithm), key)))
}
