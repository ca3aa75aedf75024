//! Okta: the template of *Import Users from CSV*, reports of people, and exports by its API, whose names begin with
//! `profile.`.

use super::Fate::{Passed, Taken};
use super::{Format, Origin, Ours, Theirs};

pub static FORMAT: Format = Format {
    origin: Origin::Okta,
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
    translate,
    note: "",
    example: "login,firstName,lastName,email,status,created,lastLogin\n\
        b.osei@northwind.example,Bea,Osei,b.osei@northwind.example,ACTIVE,2021-03-01T10:00:00.000Z,2024-11-20T08:15:30.000Z",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    ours.set("email", theirs.get(&["email", "primaryemail", "login", "userlogin", "username"]));
    ours.set("name", theirs.name(&["displayname"], &["firstname"], &["lastname"]));
    match theirs.get(&["status", "userstatus"]).to_uppercase().as_str() {
        "ACTIVE" | "PASSWORD_EXPIRED" | "RECOVERY" | "PASSWORD_RESET" => ours.set_true("locked", false),
        "SUSPENDED" | "DEPROVISIONED" | "DEACTIVATED" | "LOCKED_OUT" | "LOCKED OUT" => ours.set_true("locked", true),
        // Staged and provisioned people were not let in yet: what is known here stays.
        _ => {}
    }
    ours.set("last_visit_at", theirs.get(&["lastlogin"]));
    ours.set("created_at", theirs.get(&["created", "createddate"]));
}
