//! users.csv: users, their memberships and what they may do in each account.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::sheet::{Column, Problems, Row, Sheet, optional, required};
use super::{Counts, Kind, Reference, Writer};
use crate::server::db::import::{self as table, KnownUser, MembershipUpsert, UserUpsert};
use crate::server::password;

pub const COLUMNS: &[Column] = &[
    required("email"),
    required("name"),
    optional("email_verified"),
    optional("password_hash"),
    optional("picture_url"),
    optional("mfa_enrolled"),
    optional("locked"),
    optional("accounts"),
    optional("active_account"),
    optional("last_visit_at"),
    optional("visits"),
    optional("created_at"),
];

/// Users that are written with one statement.
const BATCH: usize = 200;

struct Membership {
    account: String,
    roles: Vec<String>,
    disabled: bool,
}

pub struct User {
    line: u64,
    email: String,
    name: String,
    email_verified: bool,
    password_hash: Option<String>,
    picture_url: Option<String>,
    mfa_enrolled: bool,
    locked: bool,
    memberships: Vec<Membership>,
    active_account: Option<String>,
    last_visit_at: Option<DateTime<Utc>>,
    visits: i64,
    created_at: Option<DateTime<Utc>>,
}

pub fn parse(sheet: &Sheet, problems: &mut Problems) -> Vec<User> {
    sheet.parse("email", problems, |row| {
        let memberships = memberships(row);
        User {
            line: row.line,
            email: row.email("email"),
            name: row.name("name"),
            email_verified: row.boolean("email_verified", false),
            password_hash: password_hash(row),
            picture_url: row.web_url("picture_url"),
            mfa_enrolled: row.boolean("mfa_enrolled", false),
            locked: row.boolean("locked", false),
            active_account: active_account(row, &memberships),
            memberships,
            last_visit_at: row.time("last_visit_at"),
            visits: row.count("visits"),
            created_at: row.time("created_at"),
        }
    })
}

/// `northwind:admin+billing;harbor:member!disabled`: separated by semicolons, roles after a colon.
fn memberships(row: &mut Row<'_>) -> Vec<Membership> {
    const COLUMN: &str = "accounts";
    let cell = row.cell(COLUMN).to_owned();
    let mut memberships: Vec<Membership> = Vec::new();
    for part in cell.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (part, disabled) = match part.split_once('!') {
            None => (part, false),
            Some((part, "disabled")) => (part, true),
            Some((part, word)) => {
                row.problem(COLUMN, format!("{word:?} after the ! is not `disabled`"));
                (part, false)
            }
        };
        let (account, roles) = part.split_once(':').unwrap_or((part, ""));
        let mut roles: Vec<String> = roles.split('+').map(str::trim).map(ToOwned::to_owned).collect();
        roles.retain(|role| !role.is_empty());
        roles.sort();
        roles.dedup();
        let account = account.trim().to_owned();
        if memberships.iter().any(|known| known.account == account) {
            row.problem(COLUMN, format!("{account:?} is there twice"));
            continue;
        }
        memberships.push(Membership { account, roles, disabled });
    }
    memberships
}

fn active_account(row: &mut Row<'_>, memberships: &[Membership]) -> Option<String> {
    let wanted = row.cell("active_account").to_owned();
    if wanted.is_empty() {
        return None;
    }
    if !memberships.iter().any(|membership| membership.account == wanted) {
        row.problem("active_account", format!("{wanted:?} is not among the user's accounts in this row"));
    }
    Some(wanted)
}

fn password_hash(row: &mut Row<'_>) -> Option<String> {
    let text = row.cell("password_hash").to_owned();
    if text.is_empty() {
        return None;
    }
    if !password::is_hash(&text) {
        row.problem("password_hash", "is no argon2id hash in PHC form ($argon2id$…)");
    }
    Some(text)
}

impl User {
    pub fn email(&self) -> &str {
        &self.email
    }

    pub fn references(&self) -> impl Iterator<Item = Reference<'_>> {
        let to = |kind, key| Reference { line: self.line, column: "accounts", kind, key };
        self.memberships.iter().flat_map(move |membership| {
            let roles = membership.roles.iter().map(move |role| to(Kind::Roles, role.as_str()));
            std::iter::once(to(Kind::Accounts, membership.account.as_str())).chain(roles)
        })
    }

    /// The account that is asked for; else the one that was active, where it stays; else the first that is not disabled.
    fn active(&self, known: Option<&KnownUser>, accounts: &HashMap<String, Uuid>) -> Option<Uuid> {
        let id = |membership: &Membership| accounts.get(&membership.account).copied();
        let before = known.and_then(|known| known.active_account_id);
        let stays = before.filter(|before| self.memberships.iter().any(|membership| id(membership) == Some(*before)));
        let first = || self.memberships.iter().find(|membership| !membership.disabled).and_then(id);
        self.active_account.as_ref().and_then(|account| accounts.get(account).copied()).or(stays).or_else(first)
    }
}

pub async fn write(writer: &mut Writer<'_>, sheet: &Sheet, users: &[User]) -> anyhow::Result<Counts> {
    let accounts = writer.referenced(Kind::Accounts, users.iter().flat_map(User::references)).await?;
    let roles = writer.referenced(Kind::Roles, users.iter().flat_map(User::references)).await?;
    let mut updated = 0;
    for batch in users.chunks(BATCH) {
        let emails: Vec<&str> = batch.iter().map(|user| user.email.as_str()).collect();
        let known = table::users(writer.tx, writer.environment_id, &emails).await?;
        updated += known.len();
        let ids: Vec<Uuid> =
            batch.iter().map(|user| known.get(&user.email).map_or_else(|| writer.state.new_id(), |k| k.id)).collect();
        let rows: Vec<UserUpsert<'_>> = batch
            .iter()
            .zip(&ids)
            .map(|(user, id)| UserUpsert {
                id: *id,
                environment_id: writer.environment_id,
                email: &user.email,
                name: &user.name,
                email_verified: user.email_verified,
                picture_url: user.picture_url.as_deref(),
                password_hash: user.password_hash.as_deref(),
                mfa_enrolled: user.mfa_enrolled,
                locked_at: user.locked.then_some(writer.now),
                active_account_id: user.active(known.get(&user.email), &accounts),
                last_visit_at: user.last_visit_at,
                visits: user.visits,
                created_at: user.created_at.unwrap_or(writer.now),
            })
            .collect();
        table::upsert_users(writer.tx, &rows, &|column| sheet.has(column)).await?;
        if sheet.has("accounts") {
            let known: Vec<Uuid> = known.values().map(|user| user.id).collect();
            let memberships = batch.iter().zip(&ids).flat_map(|(user, id)| {
                user.memberships.iter().filter_map(|membership| {
                    Some(MembershipUpsert {
                        account_id: *accounts.get(&membership.account)?,
                        user_id: *id,
                        disabled_at: membership.disabled.then_some(writer.now),
                        created_at: user.created_at.unwrap_or(writer.now),
                        role_ids: membership.roles.iter().filter_map(|role| roles.get(role).copied()).collect(),
                    })
                })
            });
            let memberships: Vec<MembershipUpsert> = memberships.collect();
            table::replace_memberships(writer.tx, &known, &memberships).await?;
        }
        writer.advance(batch.len());
    }
    Ok(Counts::of(users.len(), updated))
}
