//! Who and what there is, each a function of its number alone: the users of an environment, their accounts and memberships.

use chrono::{DateTime, TimeDelta, Utc};
use understudy::server::platform::text;
use uuid::Uuid;

use crate::dice::{Dice, Kind, id};
use crate::words::{ACCOUNT_FIRST, ACCOUNT_LAST, ACCOUNT_MIDDLE, COMMON, FIRST_NAMES, LAST_NAMES, RARE};

/// Accounts for as many users: 20,000 for a million.
const USERS_PER_ACCOUNT: u64 = 50;
/// Domains of addresses: `d77.example` has 500 of a million.
pub const DOMAINS: u64 = 2000;
/// One of these has a quarter of all users.
pub const LARGEST_DOMAIN: &str = "mail.example";
pub const APPLICATIONS: u64 = 12;
pub const ROLES: [&str; 6] = ["admin", "manager", "member", "billing", "auditor", "guest"];
/// How far back the oldest user, the oldest visit and the oldest event are. Events are kept for 400 days where nothing else is
/// said: data that is kept for a month loses none of them.
pub const GROWN_IN: TimeDelta = TimeDelta::days(3 * 365);
pub const REMEMBERED: TimeDelta = TimeDelta::days(360);
/// One user in so many has the common name, the rare one.
const COMMON_IN: u64 = 40;
const RARE_IN: u64 = 50_000;
/// Numbers of the two accounts of one name, where there are as many.
pub const SAME_NAME: [u64; 2] = [10, 11];

#[derive(Clone)]
pub struct World {
    pub environment_id: Uuid,
    pub users: u64,
    /// All that is made was made before.
    pub until: DateTime<Utc>,
    /// Id and name of who works in the portal.
    pub operators: Vec<(Uuid, String)>,
}

pub struct Account {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
}

pub struct Application {
    pub id: Uuid,
    pub client_id: String,
    pub name: String,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Status {
    Active,
    Invited,
    Locked,
}

pub struct User {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub status: Status,
    pub created_at: DateTime<Utc>,
    /// Those of the accounts, the active one first.
    pub accounts: Vec<u64>,
    pub last_visit: Option<DateTime<Utc>>,
    pub visits: u64,
}

impl World {
    pub fn accounts(&self) -> u64 {
        (self.users / USERS_PER_ACCOUNT).max(20)
    }

    /// The last ones have one member each.
    fn small_accounts(&self) -> u64 {
        (self.accounts() / 100).max(1)
    }

    pub fn application(&self, number: u64) -> Application {
        let name = format!("{} Console {}", ACCOUNT_FIRST[(number as usize * 7 + 3) % ACCOUNT_FIRST.len()], number + 1);
        let client_id = text::search_key(&name).replace(' ', "-");
        Application { id: id(Kind::Application, number, self.until - GROWN_IN), client_id, name }
    }

    pub fn role(&self, number: u64) -> Uuid {
        id(Kind::Role, number, self.until - GROWN_IN)
    }

    pub fn account(&self, number: u64) -> Account {
        let created_at = self.until - GROWN_IN + TimeDelta::seconds(number as i64);
        // Two have the name of the first of them.
        let named = if number == SAME_NAME[1] { SAME_NAME[0] } else { number };
        let (first, rest) = (named as usize % ACCOUNT_FIRST.len(), named as usize / ACCOUNT_FIRST.len());
        let (middle, rest) = (rest % ACCOUNT_MIDDLE.len(), rest / ACCOUNT_MIDDLE.len());
        let last = ACCOUNT_LAST[(rest + first) % ACCOUNT_LAST.len()];
        Account {
            id: id(Kind::Account, number, created_at),
            external_id: format!("acct-{number:06}"),
            name: format!(
                "{} {} {last}",
                ACCOUNT_FIRST[first],
                ACCOUNT_MIDDLE[(middle + first) % ACCOUNT_MIDDLE.len()]
            ),
            created_at,
        }
    }

    /// The applications of an account, the default one first.
    pub fn applications_of(&self, account: u64) -> Vec<u64> {
        let mut dice = Dice::of(Kind::Application, 1_000_000 + account);
        let first = dice.below(APPLICATIONS);
        (0..=dice.below(3)).map(|next| (first + next) % APPLICATIONS).collect()
    }

    pub fn user(&self, number: u64) -> User {
        let mut dice = Dice::of(Kind::User, number);
        let first = *dice.pick(&FIRST_NAMES);
        let last = match number {
            _ if number.is_multiple_of(COMMON_IN) => COMMON,
            _ if number % RARE_IN == 7 => RARE,
            _ => *dice.pick(&LAST_NAMES),
        };
        let domain = match number % DOMAINS {
            77 => "d77.example".to_owned(),
            _ if dice.per_mille(250) => LARGEST_DOMAIN.to_owned(),
            domain => format!("d{domain}.example"),
        };
        let local: String = text::search_key(&format!("{first}.{last}"))
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
            .collect();
        let apart = GROWN_IN.num_microseconds().unwrap_or_default() / self.users as i64;
        let created_at = self.until - GROWN_IN + TimeDelta::microseconds(apart * number as i64);
        let status = match dice.below(100) {
            0 => Status::Locked,
            1..=5 => Status::Invited,
            _ => Status::Active,
        };
        let visited = status != Status::Invited && !dice.per_mille(30);
        let visits = 1 + (dice.share().powi(4) * 400.0) as u64;
        // Nobody was there before being made.
        let last_visit = dice.lately(self.until, REMEMBERED).max(created_at);
        User {
            id: id(Kind::User, number, created_at),
            name: format!("{first} {last}"),
            email: format!("{local}{number}@{domain}"),
            status,
            created_at,
            accounts: self.accounts_of(number),
            last_visit: visited.then_some(last_visit),
            visits: if visited { visits } else { 0 },
        }
    }

    /// The accounts of a user: none for 8 of 100, one for most. The largest account has 5 % of all users, and so on down by a
    /// power of its place.
    fn accounts_of(&self, user: u64) -> Vec<u64> {
        let mut dice = Dice::of(Kind::Membership, user);
        let (all, small) = (self.accounts(), self.small_accounts());
        let many = match dice.below(100) {
            0..8 => 0,
            8..88 => 1,
            88..97 => 2,
            97..99 => 3,
            _ => 6,
        };
        let power = (all as f64).ln() / 20_f64.ln();
        let mut accounts = Vec::with_capacity(many);
        for _ in 0..many {
            let account = (dice.share().powf(power) * (all - small) as f64) as u64;
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        let apart = self.users / small;
        if user % apart == apart / 2 && user / apart < small {
            accounts.push(all - small + user / apart);
        }
        accounts
    }

    /// A user who has been there and works in an account: whom events are about. Who comes first comes more often.
    pub fn visitor(&self, dice: &mut Dice) -> User {
        loop {
            let number = (dice.share().powf(1.5) * self.users as f64) as u64;
            let user = self.user(number);
            if user.last_visit.is_some() && !user.accounts.is_empty() {
                return user;
            }
        }
    }
}
