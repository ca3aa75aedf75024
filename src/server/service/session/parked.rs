//! Long authorization requests wait on the server while their user signs in: addresses and forms carry a short name, so
//! that no proxy, browser or field between cuts them.
//!
//! Strangers can make as many as they like. Each network has a share, and where that is used up its own oldest go: nobody
//! throws away what others wait for.

use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::server::crypto::secret::SecretKind;
use crate::server::db::Tx;
use crate::server::db::parked::{self as table, NewParked};
use crate::server::error::ServiceResult;
use crate::server::service::caller::Origin;
use crate::server::state::AppState;

/// Bytes of a request at most, as it is sent. Bodies and addresses end soon after.
pub const LONGEST: usize = 64_000;
/// How long a sign-in page may stand open.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// Waiting requests of one network, and their bytes: an office behind one address signs in at the same time, too.
const SHARE: i64 = 500;
const SHARE_BYTES: i64 = 4 << 20;
/// Bytes that wait in an environment, from however many networks. Beyond, the oldest go, whosever they are.
const ALL_BYTES: i64 = 256 << 20;
/// The whole is measured each time that this server has parked so many bytes.
const MEASURED: u64 = 4 << 20;
/// Rows in one transaction.
const BATCH: i64 = 200;

/// Keeps `text` for a browser, and gives its name.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn park(state: &AppState, environment_id: Uuid, origin: &Origin, text: &str) -> ServiceResult<String> {
    let (name, name_hash) = SecretKind::ParkedRequest.generate(state.random.as_ref());
    let network = network(origin);
    let bytes = text.len() as i64;
    let mut tx = state.db.write().await?;
    make_room(&mut tx, environment_id, &network, bytes).await?;
    let before = state.parked_bytes.fetch_add(text.len() as u64, Ordering::Relaxed);
    if before / MEASURED != (before + text.len() as u64) / MEASURED {
        let mut waiting = table::bytes(&mut tx, environment_id).await?;
        while waiting > ALL_BYTES && table::delete_first(&mut tx, environment_id, BATCH).await? > 0 {
            waiting = table::bytes(&mut tx, environment_id).await?;
        }
    }
    let expires_at = state.now() + LIFETIME;
    let new = NewParked { name_hash: &name_hash, environment_id, network: &network, text, expires_at };
    table::insert(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(name)
}

/// Lets the oldest requests of the network go until there is room for one more of so many bytes.
async fn make_room(tx: &mut Tx, environment_id: Uuid, network: &str, bytes: i64) -> ServiceResult<()> {
    let (mut waiting, mut waiting_bytes) = table::share(tx, environment_id, network).await?;
    while waiting >= SHARE || waiting_bytes + bytes > SHARE_BYTES {
        let Some(gone) = table::delete_oldest(tx, environment_id, network).await? else { break };
        waiting -= 1;
        waiting_bytes -= gone;
    }
    Ok(())
}

/// The network of a browser, by what is known or claimed of its address, as sign-in attempts are counted; of IPv6 all that one
/// owner usually has, who could else fill the whole from many.
fn network(origin: &Origin) -> String {
    origin.places().first().map(|place| URL_SAFE_NO_PAD.encode(place.network(48))).unwrap_or_default()
}

/// Whether `text` could be the name of something parked.
pub fn is_name(text: &str) -> bool {
    SecretKind::ParkedRequest.hash_of(text).is_some()
}

/// What a name stands for.
pub enum ParkedRequest {
    Text(String),
    /// It waited for too long.
    Expired,
    /// It went long ago, or made room for others of its network, or was never parked here.
    Nothing,
}

/// What was parked under this name, as often as it is asked for: people go back and load again.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find(state: &AppState, environment_id: Uuid, name: &str) -> ServiceResult<ParkedRequest> {
    let Some(name_hash) = SecretKind::ParkedRequest.hash_of(name) else { return Ok(ParkedRequest::Nothing) };
    let mut conn = state.db.read().await?;
    Ok(match table::find(&mut conn, environment_id, &name_hash).await? {
        Some((text, expires_at)) if expires_at > state.now() => ParkedRequest::Text(text),
        Some(_) => ParkedRequest::Expired,
        None => ParkedRequest::Nothing,
    })
}

/// Forgets what nobody came back for. Gives how many went.
pub async fn forget_expired(state: &AppState) -> ServiceResult<u64> {
    let mut deleted = 0;
    loop {
        let mut tx = state.db.write().await?;
        let batch = table::delete_expired(&mut tx, state.now(), BATCH).await?;
        if batch == 0 {
            return Ok(deleted);
        }
        tx.commit().await?;
        deleted += batch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::platform::client_address::{Forwarding, Place};

    #[test]
    fn an_address_has_the_share_of_its_network() {
        let of = |text: &str| network(&Origin { ip_address: Some(text.to_owned()), ..Origin::default() });
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:ffff::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:2:2::9"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }

    #[test]
    fn whoever_may_be_one_of_two_has_the_share_of_neither_and_of_nobody_else() {
        let doubtful = |claimed: &str| {
            let place = Place::Claimed {
                over: "10.0.0.1".parse().expect("an address"),
                header: Forwarding::Common,
                address: claimed.parse().expect("an address"),
            };
            let ip_address = Some(format!("{claimed} or 192.0.2.9"));
            network(&Origin { ip_address, behind_proxy: Some(vec![place]), ..Origin::default() })
        };
        assert_ne!(doubtful("192.0.2.7"), doubtful("192.0.2.8"));
        let own = network(&Origin { ip_address: Some("192.0.2.7".to_owned()), ..Origin::default() });
        assert_ne!(doubtful("192.0.2.7"), own);
    }
}
