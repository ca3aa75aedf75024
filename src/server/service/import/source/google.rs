//! Google Workspace: *Directory › Users › Download users*, and its template for bulk updates.

use super::Fate::{Passed, Taken};
use super::{Format, Ours, Product, State, Theirs};

pub static FORMAT: Format = Format {
    product: Product::Google,
    label: "Google Workspace's list of users",
    signatures: &[&["firstname", "lastname", "emailaddress"]],
    columns: &[
        ("emailaddress", Taken("email")),
        ("firstname", Taken("name")),
        ("lastname", Taken("name")),
        ("status", Taken("locked")),
        ("newstatus", Taken("locked")),
        ("lastsignin", Taken("last_visit_at")),
        ("2svenrolled", Taken("mfa_enrolled")),
        ("password", Passed("Google gives no passwords")),
        ("passwordhashfunction", Passed("Google gives no passwords")),
        ("orgunitpath", Passed("is free in form; say the accounts with --set accounts=…")),
        ("newprimaryemail", Passed("addresses are changed in Google first")),
        ("recoveryemail", Passed("a user has one address here")),
    ],
    headless: &[],
    adds: false,
    merges: false,
    translate,
    note: "",
    example: "First Name [Required],Last Name [Required],Email Address [Required],Status [READ ONLY],Last Sign In [READ ONLY]\n\
        Bea,Osei,b.osei@northwind.example,Active,2024/11/20 08:15:30",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    ours.set("email", theirs.get(&["emailaddress"]));
    ours.set("name", theirs.name(&[], &["firstname"], &["lastname"]));
    ours.set_state(&[theirs.get(&["status"]), theirs.get(&["newstatus"])], state);
    let last = theirs.get(&["lastsignin"]);
    if !last.to_lowercase().starts_with("never") {
        ours.set("last_visit_at", last);
    }
    ours.set("mfa_enrolled", theirs.get(&["2svenrolled"]));
}

fn state(word: &str) -> Option<State> {
    match word {
        "active" => Some(State::Open),
        "suspended" | "archived" | "inactive" | "disabled" | "deleted" | "blocked" => Some(State::Closed),
        _ => None,
    }
}
