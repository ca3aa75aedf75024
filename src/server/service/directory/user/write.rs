//! Writing a batch of users: new ones, and of the others what changed.

use std::borrow::Cow;
use std::collections::HashSet;

use uuid::Uuid;

use super::{KnownUsers, User, sessions};
use crate::model::audit::action;
use crate::server::db::import::{self as table, Keyed, KnownUser, MembershipUpsert, UserUpsert};
use crate::server::db::user::details;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::directory::change::{Change, What};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::writer::{Allowed, DirectoryWriter, taken};

/// One user on the way into the database.
struct Going<'a> {
    user: Cow<'a, User>,
    known: Option<&'a KnownUser>,
    changes: Vec<Change>,
    left_out: Vec<Change>,
    id: Uuid,
    name: String,
}

impl Going<'_> {
    fn has(&self, what: What) -> bool {
        self.changes.iter().any(|(change, _)| *change == what)
    }
}

/// Writes users, and gives the id of each that was made or changed.
pub async fn write(writer: &mut DirectoryWriter<'_>, users: &[User]) -> ServiceResult<Vec<Uuid>> {
    let (mut ids, mut left) = (Vec::new(), users.iter().collect::<Vec<&User>>());
    // Whom several files name is written once for each, in their order: one statement takes nobody twice.
    while !left.is_empty() {
        let (distinct, repeated) = firsts(left);
        let (more, faster) = write_once(writer, distinct, true).await?;
        ids.extend(more);
        // Whom somebody else made a moment ago is known by now, and changed like everybody who is there.
        if !faster.is_empty() {
            let (more, again) = write_once(writer, faster, false).await?;
            ids.extend(more);
            if let Some(user) = again.first() {
                return Err(taken("email", &user.email));
            }
        }
        left = repeated;
    }
    Ok(ids)
}

/// The first of each e-mail, and all others.
fn firsts(users: Vec<&User>) -> (Vec<&User>, Vec<&User>) {
    let mut emails = HashSet::new();
    users.into_iter().partition(|user| emails.insert(user.email.as_str()))
}

/// [`write`] of users with distinct e-mails: of all but those new ones whose e-mail somebody else has by now, whom it
/// gives, too. With `trusting` those who were new are taken for new.
async fn write_once<'u>(
    writer: &mut DirectoryWriter<'_>,
    users: Vec<&'u User>,
    trusting: bool,
) -> ServiceResult<(Vec<Uuid>, Vec<&'u User>)> {
    let asked = users.iter().filter(|user| !(trusting && user.is_new));
    let emails: Vec<&str> = asked.map(|user| user.email.as_str()).collect();
    let known = table::known_users(writer.tx, writer.environment_id, &emails, true).await?;
    for user in &users {
        writer.require_new("email", &user.email, known.contains_key(&user.email))?;
    }
    let going = users.iter().map(|user| going(writer, user, &known));
    let mut going: Vec<Going<'_>> = going.collect();
    going.retain(|one| one.known.is_none() || !one.changes.is_empty() || !one.left_out.is_empty());
    writer.learn(Keyed::Accounts, going.iter().flat_map(|one| one.user.accounts())).await?;
    writer.learn(Keyed::Accounts, going.iter().filter_map(|one| one.user.active_account.as_deref())).await?;
    writer.learn(Keyed::Roles, going.iter().flat_map(|one| one.user.roles())).await?;
    let made: Vec<UserUpsert<'_>> =
        going.iter().filter(|one| one.known.is_none()).map(|one| row(writer, one)).collect();
    let count = table::insert_users(writer.tx, &made).await.map_err(|error| error.or_taken(|| external_id(&users)))?;
    let mut taken = HashSet::new();
    if count < made.len() as u64 {
        let emails: Vec<&str> = made.iter().map(|row| row.email).collect();
        let stored = table::known_users(writer.tx, writer.environment_id, &emails, true).await?;
        let is_own = |row: &&UserUpsert<'_>| stored.get(row.email).is_some_and(|stored| stored.id == row.id);
        taken = made.iter().filter(|row| !is_own(row)).map(|row| row.email.to_owned()).collect();
    }
    drop(made);
    going.retain(|one| one.known.is_some() || !taken.contains(&one.user.email));
    let taken: Vec<&User> = users.iter().copied().filter(|user| taken.contains(&user.email)).collect();
    for user in &taken {
        writer.require_new("email", &user.email, true)?;
    }
    let (named, others): (Vec<&Going<'_>>, Vec<&Going<'_>>) =
        going.iter().filter(|one| one.known.is_some()).partition(|one| one.has(What::Renamed));
    for (rows, with_names) in [(named, true), (others, false)] {
        let rows: Vec<UserUpsert<'_>> = rows.into_iter().map(|one| row(writer, one)).collect();
        table::update_users(writer.tx, &rows, with_names)
            .await
            .map_err(|error| error.or_taken(|| external_id(&users)))?;
    }
    for one in &going {
        take_away(writer, one).await?;
    }
    let memberships: Vec<MembershipUpsert> = going.iter().flat_map(|one| memberships(writer, one)).collect();
    table::add_memberships(writer.tx, &memberships).await?;
    for one in &going {
        report(writer, one).await?;
        sessions::end(writer, one.id, &one.changes).await?;
        if one.has(What::Unlocked) {
            details::forget_lock_reason(writer.tx, one.id).await?;
        }
    }
    Ok((going.iter().map(|one| one.id).collect(), taken))
}

/// Of the keys of a user, the e-mail finds who has it already, and the other is refused. Of several users, the index does not
/// say whose it refused.
fn external_id(users: &[&User]) -> ServiceError {
    let mut given = users.iter().filter_map(|user| user.external_id.set());
    match (given.next(), given.next()) {
        (Some(only), None) => taken("external_id", only),
        _ => ServiceError::invalid("external_id", "There is one with one of these external ids already."),
    }
}

fn going<'a>(writer: &DirectoryWriter<'_>, user: &'a User, known: &'a KnownUsers) -> Going<'a> {
    let known = known.get(&user.email);
    let compare = |row: &User| known.map(|known| row.changes(known)).unwrap_or_default();
    let keep = |row: &mut User, change: &Change| {
        if let Some(known) = known {
            row.keep(change, known);
        }
    };
    let Allowed { row: user, changes, left_out } = writer.allowed(user, compare, keep);
    let id = known.map_or_else(|| writer.state.new_id(), |known| known.id);
    // Another product's file may have no name: then there is at least what stands before the @.
    let local = || user.email.split('@').next().unwrap_or_default().to_owned();
    let name = user.name.clone().or_else(|| known.map(|known| known.name.clone())).unwrap_or_else(local);
    Going { user, known, changes, left_out, id, name }
}

fn row<'a>(writer: &DirectoryWriter<'_>, one: &'a Going<'_>) -> UserUpsert<'a> {
    let (user, known) = (&*one.user, one.known);
    let locked_at = match user.locked {
        Some(true) => known.and_then(|known| known.locked_at).or(Some(writer.now)),
        Some(false) => None,
        None => known.and_then(|known| known.locked_at),
    };
    let active = user.active_after(known);
    let active_account_id = match known {
        Some(known) if known.active_account.as_deref() == active => known.active_account_id,
        _ => active.and_then(|account| writer.id(Keyed::Accounts, account)),
    };
    let later = user.last_visit_at.filter(|_| known.is_none() || one.has(What::LastVisit));
    UserUpsert {
        id: one.id,
        environment_id: writer.environment_id,
        email: &user.email,
        external_id: user.external_id.over(known.and_then(|known| known.external_id.clone())),
        name: &one.name,
        email_verified: user.email_verified.unwrap_or_else(|| known.is_some_and(|known| known.email_verified)),
        picture_url: user.picture_url.over(known.and_then(|known| known.picture_url.clone())),
        password_hash: user.password_hash.over(known.and_then(|known| known.password_hash.clone())),
        mfa_enrolled: user.mfa_enrolled.unwrap_or_else(|| known.is_some_and(|known| known.mfa_enrolled)),
        locked_at,
        active_account_id,
        last_login_at: later.or_else(|| known.and_then(|known| known.last_login_at)),
        last_visit_us: later
            .map_or_else(|| known.map_or(0, |known| known.last_visit_us), |time| time.timestamp_micros()),
        visits: user.visits.unwrap_or(0).max(known.map_or(0, |known| known.visits)),
        created_at: user.created_at.unwrap_or(writer.now),
    }
}

/// Memberships and roles that the row no longer has.
async fn take_away(writer: &mut DirectoryWriter<'_>, one: &Going<'_>) -> ServiceResult<()> {
    let Some(known) = one.known else { return Ok(()) };
    for (what, about) in &one.changes {
        match what {
            What::MembershipRemoved => {
                if let Some(held) = known.memberships.iter().find(|held| held.account == *about) {
                    table::remove_membership(writer.tx, held.account_id, one.id).await?;
                }
            }
            What::RoleRemoved => {
                let Some((account, role)) = about.split_once(':') else { continue };
                let held = known.memberships.iter().find(|held| held.account == account);
                let role_id = held.and_then(|held| held.roles.iter().find(|(_, key)| key == role)).map(|(id, _)| *id);
                if let (Some(held), Some(role_id)) = (held, role_id) {
                    table::remove_membership_role(writer.tx, held.account_id, one.id, role_id).await?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Memberships that are new or whose state or roles change, each with the roles that it does not have yet.
fn memberships(writer: &DirectoryWriter<'_>, one: &Going<'_>) -> Vec<MembershipUpsert> {
    let Given::Set(listed) = &one.user.memberships else { return Vec::new() };
    let mut rows = Vec::new();
    for membership in listed {
        let Some(account_id) = writer.id(Keyed::Accounts, &membership.account) else { continue };
        let held = one.known.and_then(|known| known.memberships.iter().find(|held| held.account_id == account_id));
        let is_held = |role: &&String| held.is_some_and(|held| held.roles.iter().any(|(_, key)| key == *role));
        let missing = membership.roles.iter().filter(|role| !is_held(role));
        let role_ids: Vec<Uuid> = missing.filter_map(|role| writer.id(Keyed::Roles, role)).collect();
        let was_disabled = held.and_then(|held| held.disabled_at);
        let disabled_at = match (membership.disabled, was_disabled) {
            (true, was) => was.or(Some(writer.now)),
            (false, was) if one.user.adds => was,
            (false, _) => None,
        };
        if held.is_some() && disabled_at == was_disabled && role_ids.is_empty() {
            continue;
        }
        let created_at = one.user.created_at.filter(|_| one.known.is_none()).unwrap_or(writer.now);
        let is_new = one.known.is_none();
        rows.push(MembershipUpsert { account_id, user_id: one.id, disabled_at, created_at, is_new, role_ids });
    }
    rows
}

/// An event for each change that somebody will want to have explained one day.
async fn report(writer: &mut DirectoryWriter<'_>, one: &Going<'_>) -> ServiceResult<()> {
    if one.known.is_none()
        && let Some(event) = writer.made(&one.name, action::USER_CREATED)
    {
        writer.record(event.about_user(one.id, &one.name, &one.user.email)).await?;
    }
    for change in &one.changes {
        let Some(event) = writer.event(change, &one.name, action::USER_CHANGED) else { continue };
        let (_, about) = change;
        let mut event = event.about_user(one.id, &one.name, &one.user.email);
        let account = about.split(':').next().unwrap_or_default();
        let held = one.known.and_then(|known| known.memberships.iter().find(|held| held.account == account));
        if let Some(held) = held {
            event = event.in_account(held.account_id, &held.account_name, false);
        }
        writer.record(event).await?;
    }
    for change in &one.left_out {
        let event = writer.leave_out(change, &one.name).about_user(one.id, &one.name, &one.user.email);
        writer.record(event).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_external_id_is_named_only_where_it_cannot_be_another_ones() {
        let user = |external_id: &str| User { external_id: Given::Set(external_id.to_owned()), ..User::default() };
        let told = |users: &[User]| external_id(&users.iter().collect::<Vec<_>>()).to_string();
        let alone = told(&[User::default(), user("E-1")]);
        assert!(alone.contains("E-1"), "{alone}");
        let several = told(&[user("E-1"), user("E-2")]);
        assert!(!several.contains("E-1") && !several.contains("E-2"), "{several}");
        assert!(several.contains("external id"), "{several}");
    }
}
