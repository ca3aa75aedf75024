//! The audit trail, in the order of time, and the sessions that it tells of. Mostly users who sign in; two events of a hundred
//! are of impersonations, each of which begins, is opened and ends; a few of a million are thefts.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use understudy::model::audit::{ActorKind, Severity, action};
use understudy::model::mode::Mode;
use understudy::server::domain::actor::Actor;
use understudy::server::domain::event::AuditEvent;
use uuid::Uuid;

use crate::dice::{Dice, Kind, id};
use crate::directory::told;
use crate::sink::{Cell, Row, Sink, row};
use crate::words::{BROWSERS, REASONS, REPORTED, SUBJECTS};
use crate::world::{REMEMBERED, User, World};

pub const EVENTS_PER_USER: u64 = 10;
/// Of so many events three are one impersonation.
const BLOCK: u64 = 150;
const STARTED: u64 = 50;
/// One user in so many has a session of their own left in the table.
const WITH_SESSION: u64 = 5;

pub async fn fill(sink: &mut Sink, world: &World) -> Result<()> {
    let columns = [
        "id",
        "environment_id",
        "user_id",
        "kind",
        "account_id",
        "application_id",
        "operator_id",
        "reason",
        "ticket",
        "deadline",
        "created_at",
        "last_seen_at",
        "expires_at",
        "ended_at",
        "end_reason",
        "ip_address",
        "user_agent",
        "tidied_at",
    ];
    let (all, own) = (world.clone(), world.clone());
    let rows = (0..blocks(world)).map(move |block| Impersonation::of(&all, block).row(&all));
    let rows = rows.chain((0..world.users).step_by(WITH_SESSION as usize).filter_map(move |user| session(&own, user)));
    told("sessions", sink.load("sessions", &columns, rows).await?);

    let all = world.clone();
    let columns = [
        "search_text",
        "id",
        "environment_id",
        "occurred_at",
        "action",
        "severity",
        "actor_kind",
        "actor_id",
        "actor_name",
        "operator_id",
        "operator_name",
        "user_id",
        "user_name",
        "user_email",
        "account_id",
        "account_name",
        "application_id",
        "application_name",
        "session_id",
        "reason",
        "ticket",
        "description",
        "ip_address",
        "user_agent",
        "request_id",
        "visible_to_account",
        "mode",
    ];
    let rows = (0..events(world)).map(move |number| written(&event(&all, number)));
    told("events", sink.load("audit_events", &columns, rows).await?);
    Ok(())
}

pub fn events(world: &World) -> u64 {
    world.users * EVENTS_PER_USER
}

fn blocks(world: &World) -> u64 {
    // The last may end before its impersonation does.
    events(world) / BLOCK
}

/// When an event was.
pub fn occurred_at(world: &World, number: u64) -> DateTime<Utc> {
    let apart = REMEMBERED.num_microseconds().unwrap_or_default() / events(world) as i64;
    world.until - REMEMBERED + TimeDelta::microseconds(apart * number as i64)
}

pub fn event_id(world: &World, number: u64) -> Uuid {
    id(Kind::Event, number, occurred_at(world, number))
}

struct Impersonation {
    session_id: Uuid,
    operator: (Uuid, String),
    user: User,
    reason: String,
    ticket: Option<String>,
    started_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    origin: Origin,
}

/// Where a request came from.
struct Origin {
    ip_address: String,
    user_agent: &'static str,
}

impl Origin {
    fn of(dice: &mut Dice) -> Self {
        let bits = dice.next();
        // Of networks that documents use (RFC 5737, RFC 2544).
        let ip_address = format!("198.{}.{}.{}", 18 + bits % 2, bits >> 8 & 0xff, bits >> 16 & 0xff);
        Self { ip_address, user_agent: *dice.pick::<&str>(&BROWSERS) }
    }
}

impl Impersonation {
    fn of(world: &World, block: u64) -> Self {
        let mut dice = Dice::of(Kind::Impersonation, block);
        let first = block * BLOCK + STARTED;
        let started_at = occurred_at(world, first);
        let reason = format!("{} ({} {})", dice.pick(&REASONS), dice.pick(&SUBJECTS), 1000 + dice.below(90_000));
        Self {
            session_id: id(Kind::Impersonation, block, started_at),
            operator: dice.pick(&world.operators).clone(),
            user: world.visitor(&mut dice),
            reason,
            ticket: dice.per_mille(600).then(|| format!("HELP-{}", 10_000 + dice.below(500_000))),
            started_at,
            ended_at: occurred_at(world, first + 2),
            origin: Origin::of(&mut dice),
        }
    }

    fn row(&self, world: &World) -> Row {
        let account = self.user.accounts[0];
        let application = world.application(world.applications_of(account)[0]);
        let deadline = self.started_at + TimeDelta::hours(1);
        row![
            self.session_id,
            world.environment_id,
            self.user.id,
            "impersonation",
            world.account(account).id,
            application.id,
            self.operator.0,
            self.reason.as_str(),
            self.ticket.clone(),
            deadline,
            self.started_at,
            self.ended_at,
            deadline,
            self.ended_at,
            "ended_by_operator",
            self.origin.ip_address.as_str(),
            self.origin.user_agent,
            self.ended_at + TimeDelta::days(1),
        ]
    }
}

/// The last session of a user's own, which is over.
fn session(world: &World, number: u64) -> Option<Row> {
    let user = world.user(number);
    let (began, account) = (user.last_visit? - TimeDelta::days(2), *user.accounts.first()?);
    let origin = Origin::of(&mut Dice::of(Kind::OwnSession, number));
    let ended = began + TimeDelta::hours(8);
    Some(row![
        id(Kind::OwnSession, number, began),
        world.environment_id,
        user.id,
        "password",
        world.account(account).id,
        world.application(world.applications_of(account)[0]).id,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        began,
        ended,
        began + TimeDelta::days(14),
        ended,
        "signed_out",
        origin.ip_address,
        origin.user_agent,
        ended + TimeDelta::days(1),
    ])
}

fn event(world: &World, number: u64) -> AuditEvent {
    let mut event = match number % BLOCK {
        STARTED..=52 if number / BLOCK < blocks(world) => impersonated(world, number),
        _ => ordinary(world, number),
    };
    event.id = event_id(world, number);
    event.occurred_at = occurred_at(world, number);
    event.request_id =
        Some(Uuid::from_u64_pair(Dice::of(Kind::Event, 1 << 40 | number).next(), number).simple().to_string());
    event
}

fn impersonated(world: &World, number: u64) -> AuditEvent {
    let it = Impersonation::of(world, number / BLOCK);
    let (operator, user) = (it.operator.1.as_str(), it.user.name.as_str());
    let account = it.user.accounts[0];
    let application = world.application(world.applications_of(account)[0]).name;
    let (action, description) = match number % BLOCK - STARTED {
        0 => (action::IMPERSONATION_STARTED, format!("{operator} started an impersonation of {user} in {application}")),
        1 => (action::IMPERSONATION_OPENED, format!("{operator} opened {application} as {user}")),
        _ => (action::IMPERSONATION_ENDED, format!("{operator} ended the impersonation of {user}")),
    };
    let mut event = new(world, action, action::severity(action), description);
    by_operator(&mut event, &it.operator);
    in_session(&mut event, world, &it.user, it.session_id);
    event.operator_id = Some(it.operator.0);
    event.operator_name = Some(it.operator.1.clone());
    (event.reason, event.ticket) = (Some(it.reason), it.ticket);
    from(&mut event, it.origin);
    event
}

fn ordinary(world: &World, number: u64) -> AuditEvent {
    let mut dice = Dice::of(Kind::Event, number);
    let of_hundred_thousand = dice.below(100_000);
    let operator = dice.pick(&world.operators).clone();
    let user = world.visitor(&mut dice);
    let (name, by) = (user.name.as_str(), operator.1.as_str());
    let by_user = !(86_000..99_990).contains(&of_hundred_thousand);
    let (action, severity, description) = match of_hundred_thousand {
        0..58_000 => (action::USER_SIGNED_IN, Severity::Info, format!("{name} signed in")),
        58_000..70_000 => (action::USER_SIGNED_OUT, Severity::Info, format!("{name} signed out")),
        70_000..76_000 => (action::SESSION_ACCOUNT_SWITCHED, Severity::Info, switched(world, &user)),
        76_000..86_000 => {
            let (action, verb) = *dice.pick(&REPORTED);
            (action, Severity::Info, format!("{name} {verb}"))
        }
        86_000..94_000 => (action::USER_SIGN_IN_FAILED, Severity::Medium, format!("A sign-in as {name} failed")),
        94_000..97_000 => (action::OPERATOR_SIGNED_IN, Severity::Info, format!("{by} signed in to the portal")),
        97_000..98_500 => (action::USER_CHANGED, Severity::Info, format!("{by} changed the name of {name}")),
        98_500..99_500 => {
            (action::MEMBERSHIP_ROLES_CHANGED, Severity::Medium, format!("{by} gave {name} another role"))
        }
        99_500..99_800 => (action::USER_LOCKED, Severity::Medium, format!("{by} locked {name}")),
        99_800..99_950 => (action::USER_UNLOCKED, Severity::High, format!("{by} unlocked {name}")),
        99_950..99_980 => (action::USER_MFA_RESET, Severity::High, format!("{by} reset the second factor of {name}")),
        99_980..99_990 => {
            (action::SETTINGS_CHANGED, Severity::High, format!("{by} changed the impersonation settings"))
        }
        _ => {
            let what = "was used though a newer one was in use already; the session ends";
            (action::REFRESH_TOKEN_REUSED, Severity::Critical, format!("An old refresh token of {name} {what}"))
        }
    };
    let mut event = new(world, action, severity, description);
    let origin = Origin::of(&mut dice);
    if by_user {
        event.actor_kind = ActorKind::User;
        event.actor_id = Some(user.id);
        event.actor_name.clone_from(&user.name);
        in_session(&mut event, world, &user, id(Kind::OwnSession, 1 << 40 | number, occurred_at(world, number)));
    } else if action == action::USER_SIGN_IN_FAILED {
        about(&mut event, &user);
    } else {
        by_operator(&mut event, &operator);
        if !matches!(action, action::OPERATOR_SIGNED_IN | action::SETTINGS_CHANGED) {
            about(&mut event, &user);
            in_account(&mut event, world, user.accounts[0]);
        }
    }
    from(&mut event, origin);
    event
}

fn switched(world: &World, user: &User) -> String {
    let names: Vec<String> = [0, user.accounts.len() - 1].map(|at| world.account(user.accounts[at]).name).into();
    format!("{} switched from {} to {}", user.name, names[0], names[1])
}

fn new(world: &World, action: &str, severity: Severity, description: String) -> AuditEvent {
    AuditEvent::new(world.environment_id, action, severity, &Actor::System, description)
}

fn by_operator(event: &mut AuditEvent, operator: &(Uuid, String)) {
    event.actor_kind = ActorKind::Operator;
    event.actor_id = Some(operator.0);
    event.actor_name.clone_from(&operator.1);
}

fn about(event: &mut AuditEvent, user: &User) {
    event.user_id = Some(user.id);
    event.user_name = Some(user.name.clone());
    event.user_email = Some(user.email.clone());
}

fn in_account(event: &mut AuditEvent, world: &World, account: u64) {
    let account = world.account(account);
    event.account_id = Some(account.id);
    event.account_name = Some(account.name);
    event.visible_to_account = true;
}

fn in_session(event: &mut AuditEvent, world: &World, user: &User, session_id: Uuid) {
    about(event, user);
    in_account(event, world, user.accounts[0]);
    let application = world.application(world.applications_of(user.accounts[0])[0]);
    event.application_id = Some(application.id);
    event.application_name = Some(application.name);
    event.session_id = Some(session_id);
    event.mode = Some(Mode::Act);
}

fn from(event: &mut AuditEvent, origin: Origin) {
    event.ip_address = Some(origin.ip_address);
    event.user_agent = Some(origin.user_agent.to_owned());
}

fn written(event: &AuditEvent) -> Row {
    let text = |text: &Option<String>| Cell::from(text.clone());
    row![
        event.search_text(),
        event.id,
        event.environment_id,
        event.occurred_at,
        event.action.as_str(),
        event.severity.as_str(),
        event.actor_kind.as_str(),
        event.actor_id,
        event.actor_name.as_str(),
        event.operator_id,
        text(&event.operator_name),
        event.user_id,
        text(&event.user_name),
        text(&event.user_email),
        event.account_id,
        text(&event.account_name),
        event.application_id,
        text(&event.application_name),
        event.session_id,
        text(&event.reason),
        text(&event.ticket),
        event.description.as_str(),
        text(&event.ip_address),
        text(&event.user_agent),
        text(&event.request_id),
        event.visible_to_account,
        event.mode.map(|mode| mode.as_str()),
    ]
}
