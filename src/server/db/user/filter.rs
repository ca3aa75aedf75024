//! Which users a page shows and in which order, and what all statements about it share.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{rank, status};
use crate::model::user::{UserSort, UserStatus};
use crate::server::db::build::Statement;
use crate::server::db::page::SortValue;
use crate::server::platform::text::Word;

/// A row of the list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedUser {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub picture_url: Option<String>,
    pub email_verified: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub mfa_enrolled: bool,
    pub main_account: Option<String>,
    /// What others call it, where another account of the environment has the same name.
    pub main_account_key: Option<String>,
    pub account_sort: String,
    pub accounts: i64,
    pub sort_name: String,
    pub last_visit_us: i64,
    pub visits: i64,
    pub created_at: DateTime<Utc>,
    /// Which of [`Tier::ALL`], where that counts.
    pub tier: i64,
    /// How many there are on all pages, where all of them were looked at for this one.
    #[sqlx(default)]
    pub matching: Option<i64>,
}

impl ListedUser {
    /// Where it stands in the list of `filter`.
    pub fn place(&self, filter: &UserFilter) -> SortValue {
        let value = match filter.sort {
            UserSort::Name => SortValue::Text(self.sort_name.clone()),
            UserSort::Email => SortValue::Text(self.email.clone()),
            UserSort::LastVisit => SortValue::Number(self.last_visit_us),
            UserSort::Visits => SortValue::Number(self.visits),
            UserSort::Created => SortValue::Time(self.created_at),
            UserSort::Account => SortValue::Text(self.account_sort.clone()),
            UserSort::Status => {
                SortValue::Text(format!("{}{}", rank(status(self.locked_at, self.email_verified)), self.sort_name))
            }
        };
        match filter.ranking {
            Some(_) => SortValue::Ranked(u8::try_from(self.tier).unwrap_or_default(), Box::new(value)),
            None => value,
        }
    }
}

/// Which users, in which order, from where.
#[derive(Clone, Debug)]
pub struct UserFilter {
    pub environment_id: Uuid,
    /// One user only.
    pub id: Option<Uuid>,
    /// What name and e-mail must have, all of it.
    pub words: Vec<Word>,
    /// What leads to those who have them.
    pub lead: Lead,
    /// What the search index knows of the words: of each a part of each of its keys, of which one must be found. Empty where it
    /// knows nothing of them.
    pub parts: Vec<Vec<String>>,
    /// The numbers of the rows that it has for them, where it was asked already: a list as the database itself writes one.
    pub numbers: Option<String>,
    /// Rows that a walk looks at for a page, before the index is asked after all: those who have the words may stand together at
    /// the far end of the order.
    pub look: i64,
    /// Accounts that have all the words in their name or id: their members are found too.
    pub named_accounts: Vec<Uuid>,
    pub account_id: Option<Uuid>,
    pub status: Option<UserStatus>,
    pub excluded_domains: Vec<String>,
    pub sort: UserSort,
    /// Before the order of the list: who is most likely meant.
    pub ranking: Option<Ranking>,
    /// Of the rows as they are read.
    pub descending: bool,
    /// The page lies before its beginning: it is read from its end.
    pub backwards: bool,
    /// Rows strictly after this one, as they are read.
    pub after: Option<(SortValue, Uuid)>,
    pub limit: i64,
}

/// What a page of users is found by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lead {
    /// The order of the list: who it is about may be few or many.
    #[default]
    Order,
    /// Likewise, since many have the words: more than anybody counts.
    Many,
    /// The search index, which has few with the words.
    Words,
    /// The members of the accounts that have the words, in their order, and the few whom the search index has.
    Members,
}

/// What a user is most likely meant by, of what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// As an e-mail address and its beginning.
    pub email: String,
    /// As a name's beginning: what its `sort_name` begins with.
    pub name: String,
}

/// How likely a user is meant by what was typed, the likeliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Address,
    AddressBeginning,
    NameBeginning,
    Rest,
}

impl Tier {
    pub const ALL: [Self; 4] = [Self::Address, Self::AddressBeginning, Self::NameBeginning, Self::Rest];

    pub fn number(self) -> i64 {
        match self {
            Self::Address => 0,
            Self::AddressBeginning => 1,
            Self::NameBeginning => 2,
            Self::Rest => 3,
        }
    }
}

impl Ranking {
    /// The number of the tier that the user of `alias` is in.
    pub(super) fn push(&self, sql: &mut Statement<'_>, alias: &str) {
        sql.push(format_args!("CAST(CASE WHEN {alias}.email = ")).bind(self.email.clone()).push(" THEN 0 WHEN ");
        begins(sql, &format!("{alias}.email"), &self.email);
        sql.push(" THEN 1 WHEN ");
        begins(sql, &format!("{alias}.sort_name"), &self.name);
        sql.push(" THEN 2 ELSE 3 END AS BIGINT)");
    }
}

/// ` column` begins with `text`, as an index finds it.
pub(super) fn begins(sql: &mut Statement<'_>, column: &str, text: &str) {
    sql.push(format_args!("({column} >= ")).bind(text.to_owned());
    // Behind all that begins so: no text has the last character.
    sql.push(format_args!(" AND {column} < ")).bind(format!("{text}\u{10ffff}")).push(")");
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub matching: i64,
    /// There may be more.
    pub more: bool,
}

/// The columns of [`ListedUser`] but the last, and where they are from: behind it the page, `p`, with the ids and their tiers.
pub(super) const LISTED: &str =
    "SELECT u.id, u.name, u.email, u.picture_url, u.email_verified, u.locked_at, u.mfa_enrolled,
    a.name AS main_account, u.account_sort,
    CASE WHEN a.sort_name <> '' AND EXISTS (SELECT 1 FROM accounts b
      WHERE b.environment_id = a.environment_id AND b.sort_name = a.sort_name AND b.id <> a.id)
    THEN a.external_id END AS main_account_key,
    (SELECT count(*) FROM memberships m WHERE m.user_id = u.id) AS accounts,
    u.sort_name, u.last_visit_us, u.visits, u.created_at, p.tier";

/// Adds ` FROM` the rows of a page `p`, which was begun with a bracket and is closed here, in the order of the list. Where SQLite has
/// `seq` of them, their rows are found without the index of ids.
pub(super) fn joined(sql: &mut Statement<'_>, filter: &UserFilter, has_seq: bool) {
    // SQLite joins in the order that CROSS says.
    let join = if sql.is_sqlite() { "CROSS JOIN" } else { "JOIN" };
    let key = if has_seq { "seq" } else { "id" };
    sql.push(format_args!(") p {join} users u ON u.{key} = p.{key} AND u.environment_id = "))
        .bind(filter.environment_id);
    sql.push(" LEFT JOIN accounts a ON a.id = u.active_account_id ORDER BY ");
    in_order(sql, filter, "p");
}

/// `tier, v, id` of `alias`, each in its direction.
pub(super) fn in_order(sql: &mut Statement<'_>, filter: &UserFilter, alias: &str) {
    let tier = if filter.backwards { "DESC" } else { "ASC" };
    let way = if filter.descending { "DESC" } else { "ASC" };
    sql.push(format_args!("{alias}.tier {tier}, {alias}.v {way}, {alias}.id {way}"));
}

/// Binds what a place of the list is compared with.
pub(super) fn bind_place(sql: &mut Statement<'_>, value: &SortValue) {
    match value {
        SortValue::Text(text) => drop(sql.bind(text.clone())),
        SortValue::Number(number) => drop(sql.bind(*number)),
        SortValue::Time(time) => drop(sql.bind(*time)),
        SortValue::Ranked(_, value) => bind_place(sql, value),
    }
}

/// ` AND` the user of `alias` is of no domain that is left out.
pub(super) fn and_filtered(sql: &mut Statement<'_>, filter: &UserFilter, alias: &str) {
    if !filter.excluded_domains.is_empty() {
        // One list: SQLite's parser gives up on a thousand conditions inside each other.
        sql.push(format_args!(" AND {alias}.email_domain NOT IN ("))
            .bind_all(filter.excluded_domains.clone())
            .push(")");
    }
}

/// The users who are in the accounts that have the words, as `named`.
pub(super) fn members(sql: &mut Statement<'_>, filter: &UserFilter) {
    sql.push("SELECT named.user_id FROM memberships named WHERE named.account_id IN (");
    sql.bind_all(filter.named_accounts.clone()).push(")");
}
