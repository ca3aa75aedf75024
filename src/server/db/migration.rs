//! The schema's history, in the binary. Both folders hold the same names: a missing file does not compile.

use std::collections::HashSet;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::{Db, DbResult, fetch_all};

macro_rules! migrations {
    ($folder:literal) => {
        migrations!($folder:
            (20261123000001, "initial"),
            (20261124000001, "provider"),
            (20261124000003, "upkeep"),
            (20261124000005, "configuration_version"),
            (20261126000001, "browsers"),
            (20261126000002, "past_keys"),
            (20261126000011, "parked_requests"),
            (20261126000012, "application_problems"),
            (20261126000021, "sign_in_limits"),
            (20261126000022, "origin_of_impersonations"),
            (20261126000023, "protected_permissions"),
            (20261126000024, "portal_sessions"),
            (20261126000031, "grants"),
            (20261126000032, "append_only"),
            (20261126000041, "text"),
            (20261126000051, "import_staging"),
            (20261126000081, "password_links"),
            (20261126000091, "reopened"),
            (20261126000101, "parked_shares"),
            (20261126000102, "replaced_sessions"),
            (20261126000111, "cascades"),
            (20261126000121, "text_keys"),
            (20261126000122, "lists"),
            (20261126000131, "former_cookies"),
            (20261126000141, "environment_hosts"),
            (20261126000163, "application_names"),
            (20261126000171, "user_sessions"),
            (20261126000201, "modes_and_seals"),
            (20261126000202, "deliveries"),
            (20261127000001, "lists_at_size"),
            (20261127000021, "trail_at_size"),
            (20261127000022, "retention"),
            (20261127000031, "import_at_size"),
            (20261127000041, "choosing_accounts"),
            (20261127000051, "search_in_order"),
            (20261127000061, "administration"),
            (20261127000071, "people"),
            (20261127000081, "roles"),
            (20261127000082, "applications"),
            (20261127000091, "trail_groups"),
        )
    };
    ($folder:literal: $(($version:literal, $name:literal),)+) => {
        Migrator::with_migrations(vec![$(Migration::new(
            $version,
            $name.into(),
            MigrationType::Simple,
            include_str!(concat!("../../../migrations/", $folder, "/", $version, "_", $name, ".sql")).into_sql_str(),
            false,
        )),+])
    };
}

pub fn sqlite() -> Migrator {
    migrations!("sqlite")
}

pub fn postgres() -> Migrator {
    migrations!("postgres")
}

impl Db {
    /// Whether every migration of this version was applied: others, of a later version, do no harm.
    ///
    /// # Errors
    /// Also where no migration was ever applied.
    pub async fn is_current(&self) -> DbResult<bool> {
        let mut conn = self.read().await?;
        let applied: Vec<(i64,)> = fetch_all!(conn, "SELECT version FROM _sqlx_migrations WHERE success")?;
        let applied: HashSet<i64> = applied.into_iter().map(|(version,)| version).collect();
        // Both folders have the same.
        Ok(sqlite().iter().all(|known| applied.contains(&known.version)))
    }
}
