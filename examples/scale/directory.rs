//! Applications, roles, accounts, users and memberships, as an import writes them.

use anyhow::Result;
use chrono::TimeDelta;
use understudy::server::platform::text;

use crate::dice::{Dice, Kind};
use crate::sink::{Row, Sink, row};
use crate::world::{APPLICATIONS, GROWN_IN, ROLES, Status, World};

pub async fn fill(sink: &mut Sink, world: &World) -> Result<()> {
    registry(sink, world).await?;
    let all = world.clone();
    let columns = [
        "id",
        "environment_id",
        "email",
        "email_domain",
        "email_verified",
        "name",
        "sort_name",
        "search_text",
        "picture_url",
        "password_hash",
        "mfa_enrolled",
        "locked_at",
        "active_account_id",
        "last_login_at",
        "last_visit_us",
        "visits",
        "created_at",
        "text_version",
    ];
    told("users", sink.load("users", &columns, (0..world.users).map(move |number| user(&all, number))).await?);
    let all = world.clone();
    let columns = ["account_id", "user_id", "disabled_at", "created_at"];
    let rows = (0..world.users).flat_map(move |number| memberships(&all, number));
    told("memberships", sink.load("memberships", &columns, rows).await?);
    let all = world.clone();
    let columns = ["account_id", "user_id", "role_id"];
    let rows = (0..world.users).flat_map(move |number| membership_roles(&all, number));
    told("roles of memberships", sink.load("membership_roles", &columns, rows).await?);
    Ok(())
}

pub fn told(what: &str, rows: usize) {
    eprintln!("  {what}: {rows} rows");
}

/// What there is little of.
async fn registry(sink: &mut Sink, world: &World) -> Result<()> {
    let all = world.clone();
    let columns = [
        "id",
        "environment_id",
        "client_id",
        "name",
        "login_method",
        "app_url",
        "login_url",
        "keep_session_alive",
        "signing_algorithm",
        "created_at",
        "sort_name",
        "search_text",
        "text_version",
    ];
    let rows = (0..APPLICATIONS).map(move |number| {
        let application = all.application(number);
        let url = format!("https://{}.example", application.client_id);
        row![
            application.id,
            all.environment_id,
            application.client_id.as_str(),
            application.name.as_str(),
            "hosted",
            url.as_str(),
            url.as_str(),
            number % 3 != 0,
            "ES256",
            all.until - GROWN_IN,
            text::sort_key(&application.name),
            text::search_text(&[&application.name, &application.client_id]),
            text::VERSION,
        ]
    });
    sink.load("applications", &columns, rows).await?;

    let all = world.clone();
    let rows = (0..APPLICATIONS).map(move |number| {
        let application = all.application(number);
        row![application.id, "login", format!("https://{}.example/callback", application.client_id)]
    });
    sink.load("redirect_uris", &["application_id", "kind", "uri"], rows).await?;

    let all = world.clone();
    let rows = (0_u64..).zip(ROLES).map(move |(number, key)| {
        row![all.role(number), all.environment_id, key, format!("{}{}", key[..1].to_uppercase(), &key[1..])]
    });
    sink.load("roles", &["id", "environment_id", "key", "name"], rows).await?;

    let all = world.clone();
    let rows = (0_u64..).zip(ROLES).flat_map(move |(number, key)| {
        ["read", "write", "export", "delete"]
            .into_iter()
            .take(4 - number as usize / 2)
            .map(|verb| row![all.role(number), format!("{key}.{verb}")])
            .collect::<Vec<Row>>()
    });
    sink.load("role_permissions", &["role_id", "permission"], rows).await?;

    let all = world.clone();
    let columns =
        ["id", "environment_id", "external_id", "name", "created_at", "sort_name", "search_text", "text_version"];
    let rows = (0..world.accounts()).map(move |number| {
        let account = all.account(number);
        row![
            account.id,
            all.environment_id,
            account.external_id.as_str(),
            account.name.as_str(),
            account.created_at,
            text::sort_key(&account.name),
            text::search_text(&[&account.name, &account.external_id]),
            text::VERSION,
        ]
    });
    told("accounts", sink.load("accounts", &columns, rows).await?);

    let all = world.clone();
    let rows = (0..world.accounts()).flat_map(move |number| {
        let account = all.account(number).id;
        let of_account = all.applications_of(number);
        let row = |(place, application): (usize, u64)| row![account, all.application(application).id, place == 0];
        of_account.into_iter().enumerate().map(row).collect::<Vec<Row>>()
    });
    sink.load("account_applications", &["account_id", "application_id", "is_default"], rows).await?;
    Ok(())
}

fn user(world: &World, number: u64) -> Row {
    let user = world.user(number);
    let mut dice = Dice::of(Kind::User, 1 << 40 | number);
    // As long as a real one, and the hash of nothing.
    let hash = format!("$argon2id$v=19$m=19456,t=2,p=1${:022x}${:043x}", dice.next(), dice.next());
    let active = user.accounts.first().map(|account| world.account(*account).id);
    let locked_at = (user.status == Status::Locked).then(|| user.created_at + TimeDelta::hours(12));
    row![
        user.id,
        world.environment_id,
        user.email.as_str(),
        text::domain_of(&user.email),
        user.status != Status::Invited,
        user.name.as_str(),
        text::sort_key(&user.name),
        text::search_text(&[&user.name, &user.email]),
        dice.per_mille(100).then(|| format!("https://pictures.example/{}.png", user.id.simple())),
        (user.status != Status::Invited && dice.per_mille(700)).then_some(hash),
        dice.per_mille(300),
        locked_at,
        active,
        user.last_visit,
        user.last_visit.map_or(0, |visit| visit.timestamp_micros()),
        user.visits as i64,
        user.created_at,
        text::VERSION,
    ]
}

fn memberships(world: &World, number: u64) -> Vec<Row> {
    let user = world.user(number);
    let mut dice = Dice::of(Kind::Membership, 1 << 40 | number);
    let row = |account: &u64| {
        let disabled = dice.per_mille(10).then_some(user.created_at + TimeDelta::hours(24));
        row![world.account(*account).id, user.id, disabled, user.created_at]
    };
    user.accounts.iter().map(row).collect()
}

fn membership_roles(world: &World, number: u64) -> Vec<Row> {
    let user = world.user(number);
    let mut dice = Dice::of(Kind::Membership, 1 << 41 | number);
    let row = |account: &u64| {
        let role = (dice.share().powi(2) * ROLES.len() as f64) as u64;
        row![world.account(*account).id, user.id, world.role(role)]
    };
    user.accounts.iter().map(row).collect()
}
