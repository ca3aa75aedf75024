//! How many there are in an environment, as every write keeps it.

use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_one};

/// Users and accounts of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Counts {
    pub active: i64,
    pub invited: i64,
    pub locked: i64,
    pub accounts: i64,
}

impl Counts {
    pub fn users(self) -> i64 {
        self.active + self.invited + self.locked
    }
}

pub async fn of(conn: &mut Conn, environment_id: Uuid) -> DbResult<Counts> {
    fetch_one!(
        conn,
        "SELECT CAST(coalesce(sum(active), 0) AS BIGINT) AS active, CAST(coalesce(sum(invited), 0) AS BIGINT) AS invited,
           CAST(coalesce(sum(locked), 0) AS BIGINT) AS locked, CAST(coalesce(sum(accounts), 0) AS BIGINT) AS accounts
         FROM environment_counts WHERE environment_id = $1",
        environment_id
    )
}

/// Makes one row of all that writers added on PostgreSQL. On SQLite there is never more than one.
pub async fn add_up(tx: &mut Tx) -> DbResult<()> {
    if tx.is_sqlite() {
        return Ok(());
    }
    execute!(
        tx,
        "WITH several AS (SELECT environment_id FROM environment_counts GROUP BY environment_id HAVING count(*) > 1),
           gone AS (DELETE FROM environment_counts c USING several s WHERE c.environment_id = s.environment_id RETURNING c.*)
         INSERT INTO environment_counts (environment_id, active, invited, locked, accounts)
         SELECT environment_id, sum(active), sum(invited), sum(locked), sum(accounts) FROM gone GROUP BY environment_id"
    )?;
    Ok(())
}
