//! Okta: the template of *Import Users from CSV*, reports of people, and exports by its API, whose names begin with
//! `profile.`.

use super::Fate::{Passed, Taken};
use super::{Format, Ours, Product, State, Theirs};

pub static FORMAT: Format = Format {
    product: Product::Okta,
    label: "Okta's list of people",
    signatures: &[
        &["login", "firstname", "lastname"],
        &["login", "email", "status"],
        &["username", "firstname", "lastname", "status"],
        &["userlogin", "firstname", "lastname"],
    ],
    columns: &[
        ("email", Taken("email")),
        ("primaryemail", Taken("email")),
        ("login", Taken("email")),
        ("userlogin", Taken("email")),
        ("username", Taken("email")),
        ("displayname", Taken("name")),
        ("firstname", Taken("name")),
        ("lastname", Taken("name")),
        ("status", Taken("locked")),
        ("userstatus", Taken("locked")),
        ("lastlogin", Taken("last_visit_at")),
        ("created", Taken("created_at")),
        ("createddate", Taken("created_at")),
        ("userid", Passed("users get an id of their own here")),
        ("id", Passed("users get an id of their own here")),
        ("middlename", Passed("the name is made of first and last name")),
        ("secondemail", Passed("a user has one address here")),
        ("usertype", Passed("is free in form")),
        ("credentials*", Passed("Okta gives no passwords")),
    ],
    headless: &[],
    adds: false,
    merges: false,
    translate,
    note: "",
    example: "login,firstName,lastName,email,status,created,lastLogin\n\
        b.osei@northwind.example,Bea,Osei,b.osei@northwind.example,ACTIVE,2021-03-01T10:00:00.000Z,2024-11-20T08:15:30.000Z",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    ours.set("email", theirs.get(&["email", "primaryemail", "login", "userlogin", "username"]));
    ours.set("name", theirs.name(&["displayname"], &["firstname"], &["lastname"]));
    ours.set_state(&[theirs.get(&["status", "userstatus"])], state);
    ours.set("last_visit_at", theirs.get(&["lastlogin"]));
    ours.set("created_at", theirs.get(&["created", "createddate"]));
}

fn state(word: &str) -> Option<State> {
    match word {
        "active" | "password_expired" | "recovery" | "password_reset" | "password_recovery" => Some(State::Open),
        "suspended" | "deprovisioned" | "deactivated" | "inactive" | "locked_out" | "blocked" | "disabled"
        | "deleted" => Some(State::Closed),
        // These people were not let in yet.
        "staged" | "provisioned" | "pending" | "pending_user_action" | "pending_activation" => Some(State::Unsaid),
        _ => None,
    }
}
