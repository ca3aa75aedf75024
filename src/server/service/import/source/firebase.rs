//! Firebase Authentication: `firebase auth:export`, as CSV without a head line or as JSON.

use super::Fate::{Passed, Taken};
use super::{Format, Ours, Product, Theirs, from_millis};

pub static FORMAT: Format = Format {
    product: Product::Firebase,
    label: "Firebase's export of users",
    signatures: &[&["localid", "email"], &["localid", "createdat"]],
    columns: &[
        ("email", Taken("email")),
        ("displayname", Taken("name")),
        ("emailverified", Taken("email_verified")),
        ("photourl", Taken("picture_url")),
        ("disabled", Taken("locked")),
        ("lastsignedinat", Taken("last_visit_at")),
        ("lastloginat", Taken("last_visit_at")),
        ("createdat", Taken("created_at")),
        ("mfainfo*", Taken("mfa_enrolled")),
        ("localid", Passed("users get an id of their own here")),
        ("passwordhash", Passed("is scrypt in Firebase's own form, which cannot be taken")),
        ("salt", Passed("belongs to the password hash")),
        ("phonenumber", Passed("telephone numbers are not kept here")),
        ("customattributes", Passed("is free in form; say the accounts with --set accounts=…")),
        ("provideruserinfo*", Passed("says how users signed in there")),
        ("google*", Passed("says how users signed in there")),
        ("facebook*", Passed("says how users signed in there")),
        ("twitter*", Passed("says how users signed in there")),
        ("github*", Passed("says how users signed in there")),
    ],
    headless: &[
        "localid",
        "email",
        "emailverified",
        "passwordhash",
        "salt",
        "displayname",
        "photourl",
        "googleid",
        "googleemail",
        "googlename",
        "googlephoto",
        "facebookid",
        "facebookemail",
        "facebookname",
        "facebookphoto",
        "twitterid",
        "twitteremail",
        "twittername",
        "twitterphoto",
        "githubid",
        "githubemail",
        "githubname",
        "githubphoto",
        "createdat",
        "lastsignedinat",
        "phonenumber",
        "disabled",
        "customattributes",
    ],
    adds: false,
    merges: false,
    translate,
    note: "",
    example: "kVd7s1,b.osei@northwind.example,true,,,Bea Osei,,,,,,,,,,,,,,,,,,1614592800000,1732090530000,,false,",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    let email = theirs.get(&["email"]);
    if email.is_empty() {
        ours.passed_over = Some("has no e-mail address (anonymous, or known by telephone)");
        return;
    }
    ours.set("email", email);
    ours.set("name", theirs.get(&["displayname", "googlename", "facebookname", "twittername", "githubname"]));
    ours.set("email_verified", theirs.get(&["emailverified"]));
    ours.set("picture_url", theirs.get(&["photourl"]));
    ours.set("locked", theirs.get(&["disabled"]));
    ours.set("created_at", from_millis(theirs.get(&["createdat"])));
    ours.set("last_visit_at", from_millis(theirs.get(&["lastsignedinat", "lastloginat"])));
    if theirs.names.iter().any(|name| name.starts_with("mfainfo0")) {
        ours.set_true("mfa_enrolled", true);
    }
    if !theirs.get(&["passwordhash"]).is_empty() {
        ours.leave("a Firebase scrypt password hash");
    }
}
