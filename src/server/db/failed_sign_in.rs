//! Sign-ins with an unknown e-mail that failed, counted by the hour, and in it by address.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_all, fetch_one, fetch_optional};

/// An hour at one door of an environment.
#[derive(Clone, Copy, Debug)]
pub struct Hour<'a> {
    pub environment_id: Uuid,
    pub door: &'a str,
    pub hour: DateTime<Utc>,
}

/// One more. Gives how many there were in this hour, and from how many addresses as far as they are kept apart.
pub async fn count(tx: &mut Tx, at: Hour<'_>) -> DbResult<(i64, i64)> {
    fetch_one!(
        tx,
        "INSERT INTO failed_sign_ins (environment_id, door, hour, attempts) VALUES ($1, $2, $3, 1)
         ON CONFLICT (environment_id, door, hour) DO UPDATE SET attempts = failed_sign_ins.attempts + 1
         RETURNING attempts, addresses",
        at.environment_id,
        at.door,
        at.hour
    )
}

/// One more from this address: one that is known in this hour, or one more while there are less than `most`, or all the others
/// together. Gives whether it was a new one.
pub async fn count_address(tx: &mut Tx, at: Hour<'_>, address: &[u8], most: i64) -> DbResult<bool> {
    let attempts: Option<(i64,)> = fetch_optional!(
        tx,
        "INSERT INTO failed_sign_in_addresses (environment_id, door, hour, address, attempts)
         SELECT $1, $2, $3, $4, 1 WHERE EXISTS
           (SELECT 1 FROM failed_sign_ins WHERE environment_id = $1 AND door = $2 AND hour = $3 AND addresses < $5)
           OR EXISTS (SELECT 1 FROM failed_sign_in_addresses
             WHERE environment_id = $1 AND door = $2 AND hour = $3 AND address = $4)
         ON CONFLICT (environment_id, hour, door, address)
           DO UPDATE SET attempts = failed_sign_in_addresses.attempts + 1
         RETURNING attempts",
        at.environment_id,
        at.door,
        at.hour,
        address,
        most
    )?;
    match attempts {
        Some((1,)) => {
            let sql = "UPDATE failed_sign_ins SET addresses = addresses + 1
                       WHERE environment_id = $1 AND door = $2 AND hour = $3";
            execute!(tx, sql, at.environment_id, at.door, at.hour)?;
            Ok(true)
        }
        Some(_) => Ok(false),
        None => {
            execute!(
                tx,
                "INSERT INTO failed_sign_in_addresses (environment_id, door, hour, address, attempts) VALUES ($1, $2, $3, $4, 1)
                 ON CONFLICT (environment_id, hour, door, address)
                   DO UPDATE SET attempts = failed_sign_in_addresses.attempts + 1",
                at.environment_id,
                at.door,
                at.hour,
                &b""[..]
            )?;
            Ok(false)
        }
    }
}

/// What failed at one door of an environment.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Failures {
    pub environment: String,
    pub door: String,
    pub attempts: i64,
    /// Of the address from which the most came within an hour; 0 where that is not known.
    pub most_of_one: i64,
}

/// How many there were since then, by environment and door.
pub async fn since(conn: &mut Conn, time: DateTime<Utc>) -> DbResult<Vec<Failures>> {
    fetch_all!(
        conn,
        "SELECT e.name AS environment, f.door, CAST(SUM(f.attempts) AS BIGINT) AS attempts,
           CAST(COALESCE(MAX((SELECT MAX(a.attempts) FROM failed_sign_in_addresses a
             WHERE a.environment_id = f.environment_id AND a.hour = f.hour AND a.door = f.door AND length(a.address) > 0)), 0)
             AS BIGINT) AS most_of_one
         FROM failed_sign_ins f JOIN environments e ON e.id = f.environment_id
         WHERE f.hour >= $1 GROUP BY e.name, e.position, f.door ORDER BY e.position, e.name, f.door",
        time
    )
}
