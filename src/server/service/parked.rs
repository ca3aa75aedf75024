//! Long authorization requests wait on the server while their user signs in: addresses and forms carry a short name, so
//! that no proxy, browser or field between cuts them.
//!
//! Strangers can make as many as they like. Each network has a share, and where that is used up its own oldest go: nobody
//! throws away what others wait for.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use uuid::Uuid;

use super::caller::Client;
use crate::server::db::Tx;
use crate::server::db::parked::{self as table, NewParked};
use crate::server::error::ServiceResult;
use crate::server::secret::SecretKind;
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

/// Bytes that this server has parked.
static PARKED: AtomicU64 = AtomicU64::new(0);

/// Keeps `text` for a browser, and gives its name.
pub async fn park(state: &AppState, environment_id: Uuid, client: &Client, text: &str) -> ServiceResult<String> {
    let (name, name_hash) = SecretKind::ParkedRequest.generate(state.random.as_ref());
    let network = network(client);
    let bytes = text.len() as i64;
    let mut tx = state.db.write().await?;
    make_room(&mut tx, environment_id, &network, bytes).await?;
    let before = PARKED.fetch_add(text.len() as u64, Ordering::Relaxed);
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

/// The network of a browser: all of an IPv4 address, the first 64 bits of an IPv6 one.
fn network(client: &Client) -> String {
    let address = client.ip_address.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(IpAddr::V4(address)) => address.to_string(),
        None => String::new(),
    }
}

/// Whether `text` could be the name of something parked.
pub fn is_name(text: &str) -> bool {
    SecretKind::ParkedRequest.hash_of(text).is_some()
}

/// What a name stands for.
pub enum Kept {
    Text(String),
    /// It waited for too long.
    Expired,
    /// It went long ago, or made room for others of its network, or was never parked here.
    Nothing,
}

/// What was parked under this name, as often as it is asked for: people go back and load again.
pub async fn find(state: &AppState, environment_id: Uuid, name: &str) -> ServiceResult<Kept> {
    let Some(name_hash) = SecretKind::ParkedRequest.hash_of(name) else { return Ok(Kept::Nothing) };
    let mut conn = state.db.read().await?;
    Ok(match table::find(&mut conn, environment_id, &name_hash).await? {
        Some((text, expires_at)) if expires_at > state.now() => Kept::Text(text),
        Some(_) => Kept::Expired,
        None => Kept::Nothing,
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

    #[test]
    fn an_address_has_the_share_of_its_network() {
        let of = |text: &str| network(&Client { ip_address: Some(text.to_owned()), ..Client::default() });
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }
}
