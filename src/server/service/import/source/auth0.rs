//! Auth0: *Users › Export Users*, as CSV (every text behind an apostrophe) or as one JSON object a line.

use super::Fate::{Passed, Taken};
use super::{Format, Ours, Product, Theirs};
use crate::server::service::import::words::truth;

pub static FORMAT: Format = Format {
    product: Product::Auth0,
    label: "Auth0's export of users",
    signatures: &[
        &["userid", "email", "emailverified"],
        &["id", "emailverified", "nickname"],
        &["userid", "email", "connection"],
        &["userid", "email", "identities*"],
        &["id", "givenname", "emailverified", "connection"],
    ],
    columns: &[
        ("email", Taken("email")),
        ("name", Taken("name")),
        ("givenname", Taken("name")),
        ("familyname", Taken("name")),
        ("nickname", Taken("name")),
        ("emailverified", Taken("email_verified")),
        ("picture", Taken("picture_url")),
        ("blocked", Taken("locked")),
        ("multifactor*", Taken("mfa_enrolled")),
        ("mfafactors*", Taken("mfa_enrolled")),
        ("lastlogin", Taken("last_visit_at")),
        ("createdat", Taken("created_at")),
        ("passwordhash", Taken("password_hash")),
        ("custompasswordhash*", Passed("is a hash of another kind")),
        ("loginscount", Passed("counts sign-ins, not days")),
        ("userid", Passed("users get an id of their own here")),
        ("id", Passed("users get an id of their own here")),
        ("appmetadata*", Passed("is free in form; say the accounts with --set accounts=…")),
        ("usermetadata*", Passed("is free in form")),
        ("identities*", Passed("says how users signed in there")),
        ("connection", Passed("says how users signed in there")),
        ("phonenumber", Passed("telephone numbers are not kept here")),
    ],
    headless: &[],
    adds: false,
    merges: true,
    translate,
    note: "",
    example: "user_id,email,email_verified,name,created_at,last_login\n\
        \"'auth0|5f7c8ec7c33c6c004bbafe82\",\"'b.osei@northwind.example\",true,\"'Bea Osei\",\"'2021-03-01T10:00:00.000Z\",\"'2024-11-20T08:15:30.123Z\"",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    let email = theirs.get(&["email"]);
    ours.set("email", email);
    // Where nobody gave a name, Auth0 writes the address into `name`.
    let whole = theirs.get(&["name"]);
    let parts = theirs.name(&["nickname"], &["givenname"], &["familyname"]);
    ours.set("name", if whole.is_empty() || (whole.contains('@') && !parts.is_empty()) { &parts } else { whole });
    ours.set("email_verified", theirs.get(&["emailverified"]));
    ours.set("picture_url", theirs.get(&["picture"]));
    ours.set("locked", theirs.get(&["blocked"]));
    let factors = theirs.get(&["multifactor", "mfafactors", "multifactor0", "mfafactors0type"]);
    if !matches!(factors, "" | "[]" | "none") && truth(factors) != Some(false) {
        ours.set_true("mfa_enrolled", true);
    }
    ours.set("last_visit_at", theirs.get(&["lastlogin"]));
    ours.set("created_at", theirs.get(&["createdat"]));
    ours.password(theirs.get(&["passwordhash"]));
}
