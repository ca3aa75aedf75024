//! users.csv: users, their memberships and what they may do in each account.

mod merge;

use super::read::Entity;
use super::row::{Column, Row, optional, required};
use super::source::kind_of_hash;
use super::{Kind, Reference, Rows};
use crate::server::db::import::KnownUser;
use crate::server::service::directory::given::Given;
use crate::server::service::directory::user::{Membership, User};
use crate::server::service::directory::validate;

const COLUMNS: &[Column] = &[
    required("email", "ann@northwind.example", "the key: the address that the user signs in with"),
    required("name", "Ann Arbor", "1 to 200 characters"),
    optional(
        "email_verified",
        "true",
        "true or false; an unverified user is invited and cannot sign in. New users: false",
    ),
    optional("password_hash", "", "argon2id in PHC form ($argon2id$…)"),
    optional("picture_url", "", "http or https"),
    optional("mfa_enrolled", "false", "true or false: enrolled elsewhere; it is not asked for here"),
    optional("locked", "false", "true or false; a locked user cannot sign in and cannot be impersonated"),
    optional("accounts", "northwind:admin", "memberships: account:role+role;account:role!disabled").listed(';'),
    optional("active_account", "northwind", "one of the accounts; else the one that was active, or the first"),
    optional("last_visit_at", "2024-11-20T10:00:00Z", "also the last sign-in; never moves what is known back"),
    optional("visits", "7", "distinct days with a visit; never less than what is known"),
    optional("created_at", "2024-01-31", "of a new user"),
];

impl Entity for User {
    const COLUMNS: &'static [Column] = COLUMNS;
    const KEY: &'static str = "email";
    const BATCH: usize = 500;

    fn parse(row: &mut Row<'_>) -> Self {
        let memberships = memberships(row);
        Self {
            line: row.line,
            merged_lines: Vec::new(),
            is_new: false,
            version: None,
            external_id: Given::Kept,
            email: row.email("email"),
            name: row.name("name"),
            email_verified: row.boolean("email_verified"),
            password_hash: password_hash(row),
            picture_url: row.web_url("picture_url"),
            mfa_enrolled: row.boolean("mfa_enrolled"),
            locked: row.boolean("locked"),
            active_account: active_account(row, &memberships),
            memberships,
            adds: row.shape.adds,
            last_visit_at: row.time("last_visit_at"),
            visits: row.count("visits"),
            created_at: row.time("created_at"),
        }
    }

    fn key(&self) -> &str {
        &self.email
    }

    fn key_of(row: &mut Row<'_>) -> String {
        row.email("email")
    }

    fn merge(&mut self, other: Self) -> Option<&'static str> {
        self.merge_row(other)
    }

    fn rows(batch: Vec<Self>) -> Rows {
        Rows::Users(batch)
    }
}

/// `northwind:admin+billing;harbor:member!disabled`: separated by semicolons, roles after a colon.
fn memberships(row: &mut Row<'_>) -> Given<Vec<Membership>> {
    const COLUMN: &str = "accounts";
    let cell = match row.text(COLUMN) {
        Given::Kept => return Given::Kept,
        Given::Cleared => return Given::Cleared,
        Given::Set(cell) => cell,
    };
    let mut memberships: Vec<Membership> = Vec::new();
    for part in cell.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (part, disabled) = match part.split_once('!') {
            None => (part, false),
            Some((part, "disabled")) => (part, true),
            Some((part, word)) => {
                row.problem(COLUMN, format!("{} after the ! is not `disabled`", super::problem::quoted(word)));
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
            row.problem(COLUMN, format!("{} is there twice", super::problem::quoted(&account)));
            continue;
        }
        memberships.push(Membership { account, roles, disabled, line: row.line });
    }
    if memberships.is_empty() { Given::Kept } else { Given::Set(memberships) }
}

fn active_account(row: &mut Row<'_>, memberships: &Given<Vec<Membership>>) -> Option<String> {
    let wanted = row.text("active_account").set()?.clone();
    let listed = match memberships {
        Given::Kept => true,
        Given::Cleared => false,
        Given::Set(list) => list.iter().any(|membership| membership.account == wanted),
    };
    if !listed {
        let wanted = super::problem::quoted(&wanted);
        row.problem("active_account", format!("{wanted} is not among the user's accounts in this row"));
    }
    Some(wanted)
}

fn password_hash(row: &mut Row<'_>) -> Given<String> {
    let given = row.text("password_hash");
    if let Given::Set(hash) = &given {
        if !hash.starts_with("$argon2id$") && hash.starts_with('$') {
            let kind = kind_of_hash(hash);
            let advice = "leave it out, and send the user a set-password link (understudy user set-password-link)";
            row.problem("password_hash", format!("is {kind}, and only argon2id can be taken; {advice}"));
        } else if let Err(fault) = validate::password_hash(hash) {
            row.problem("password_hash", fault);
        }
    }
    given
}

impl User {
    pub fn is_verified(&self) -> bool {
        self.email_verified == Some(true)
    }

    pub fn is_enrolled(&self) -> bool {
        self.mfa_enrolled == Some(true)
    }

    pub fn references(&self) -> impl Iterator<Item = Reference<'_>> {
        let memberships = self.memberships.set().map(Vec::as_slice).unwrap_or_default();
        memberships.iter().flat_map(move |membership| {
            let to = move |kind, key| Reference { line: membership.line, column: "accounts", kind, key };
            let roles = membership.roles.iter().map(move |role| to(Kind::Roles, role.as_str()));
            std::iter::once(to(Kind::Accounts, membership.account.as_str())).chain(roles)
        })
    }

    /// What is wrong with the row beside what is known already.
    pub fn fault(&self, known: Option<&KnownUser>) -> Option<(&'static str, String)> {
        let wanted = self.active_account.as_ref().filter(|_| self.memberships == Given::Kept)?;
        let is_member = |known: &KnownUser| known.memberships.iter().any(|membership| membership.account == *wanted);
        let message = || format!("{} is not among the user's accounts", super::problem::quoted(wanted));
        (!known.is_some_and(is_member)).then(|| ("active_account", message()))
    }
}
