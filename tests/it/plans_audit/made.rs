//! A trail that is made by SQL: what its events have follows from their number, in the database and here.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use understudy::server::db::Db;
use uuid::Uuid;

use crate::support::{start_of_test, try_execute};

pub const NEWEST: u128 = 125_000;
/// An account whose events are a quarter of all, none of which is a sign-in; and one with a hundred.
pub const LARGE: Uuid = Uuid::from_u128(0xa1);
pub const SMALL: Uuid = Uuid::from_u128(0xa2);
pub const BUSY: Uuid = Uuid::from_u128(0xb1);
pub const RARE: Uuid = Uuid::from_u128(0xb2);
pub const USER: Uuid = Uuid::from_u128(0xc1_0000_0000);
pub const USER_OF_MANY: Uuid = Uuid::from_u128(0xc2_0000_0000);
pub const SESSION: Uuid = Uuid::from_u128(0xd1_0000_0000);

/// An event by its number: the higher, the newer. Three happen at the same time.
pub struct Made {
    pub id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub action: &'static str,
    pub severity: &'static str,
    pub account_id: Uuid,
    pub operator_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub search_text: String,
}

impl Made {
    pub fn of(number: u128) -> Self {
        let is = |every: u128, rest: u128| number % every == rest;
        let seconds = i64::try_from((NEWEST - number) / 3 + 1).expect("a time") * 12;
        let action = match number % 4 {
            _ if is(20_000, 7) => "client.deleted",
            0 | 2 => "user.signed_in",
            1 => "impersonation.opened",
            _ => "session.revoked",
        };
        let mut search_text = format!(" {action} number-{number} ticket-{} into question", number % 977);
        for (every, rest, word) in [(40, 0, " okafor"), (9_973, 0, " quetzal")] {
            if is(every, rest) {
                search_text += word;
            }
        }
        Self {
            id: Uuid::from_u128(number),
            occurred_at: start_of_test() - TimeDelta::seconds(seconds),
            action,
            severity: if is(20_011, 0) {
                "critical"
            } else if is(10, 3) {
                "medium"
            } else {
                "info"
            },
            account_id: if is(1_000, 2) {
                SMALL
            } else if is(4, 3) {
                LARGE
            } else {
                Uuid::from_u128(0xa000 + number / 4 % 500)
            },
            operator_id: if is(30_011, 2) { Some(RARE) } else { is(4, 1).then_some(BUSY) },
            user_id: if is(5_000, 4) { Some(USER) } else { is(3, 0).then_some(USER_OF_MANY) },
            session_id: is(25_000, 9).then_some(SESSION),
            search_text,
        }
    }
}

/// Puts these events into production.
pub async fn fill(db: &Db, numbers: impl Iterator<Item = u128>) {
    let is_sqlite = db.kind() == "SQLite";
    let id = |id: Uuid| if is_sqlite { format!("x'{}'", id.simple()) } else { format!("'{id}'") };
    let maybe = |known: Option<Uuid>| known.map_or_else(|| "NULL".to_owned(), id);
    let (environment, hidden) =
        ("(SELECT id FROM environments WHERE slug = 'production')", if is_sqlite { "0" } else { "FALSE" });
    let numbers: Vec<u128> = numbers.collect();
    for numbers in numbers.chunks(2_000) {
        let mut sql =
            "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_name,
            account_id, operator_id, user_id, session_id, description, visible_to_account, search_text) VALUES"
                .to_owned();
        for (index, made) in numbers.iter().map(|number| Made::of(*number)).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(
                sql,
                "{comma} ({}, {environment}, '{}', '{}', '{}', 'system', 'Understudy', {}, {}, {}, {}, 'Made', {hidden}, '{}')",
                id(made.id),
                made.occurred_at.format("%Y-%m-%dT%H:%M:%S+00:00"),
                made.action,
                made.severity,
                id(made.account_id),
                maybe(made.operator_id),
                maybe(made.user_id),
                maybe(made.session_id),
                made.search_text
            )
            .expect("a text");
        }
        try_execute(db, &sql).await.expect("events");
    }
}
