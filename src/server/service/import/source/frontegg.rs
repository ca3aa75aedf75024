//! Frontegg: the CSV of its bulk migration. A user of several accounts has a row in each.

use super::Fate::{Passed, Taken};
use super::{Format, Ours, Product, Theirs};

pub static FORMAT: Format = Format {
    product: Product::Frontegg,
    label: "Frontegg's CSV of users",
    signatures: &[&["email", "tenantid"], &["email", "tenantids"]],
    columns: &[
        ("email", Taken("email")),
        ("name", Taken("name")),
        ("tenantid", Taken("accounts")),
        ("tenantids*", Taken("accounts")),
        ("roleids*", Taken("accounts")),
        ("roles*", Taken("accounts")),
        ("profilepictureurl", Taken("picture_url")),
        ("verifyuser", Taken("email_verified")),
        ("verified", Taken("email_verified")),
        ("islocked", Taken("locked")),
        ("mfaenrolled", Taken("mfa_enrolled")),
        ("createdat", Taken("created_at")),
        ("lastlogin", Taken("last_visit_at")),
        ("passwordhash", Taken("password_hash")),
        ("passwordhashtype", Passed("the hash itself says it")),
        ("metadata*", Passed("is free in form")),
        ("vendormetadata*", Passed("is free in form")),
        ("phonenumber", Passed("telephone numbers are not kept here")),
    ],
    headless: &[],
    adds: true,
    merges: true,
    translate,
    note: "tenantId and roleIds must be the external_id of an account and the key of a role here. Memberships are added to \
           those that a user has; none is taken away.",
    example: "email,tenantId,name,profilePictureUrl,PasswordHash,verifyUser,roleIds,metadata\n\
        b.osei@northwind.example,northwind,Bea Osei,,,true,admin,\"{\"\"plan\"\":\"\"pro\"\"}\"",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    ours.set("email", theirs.get(&["email"]));
    ours.set("name", theirs.get(&["name"]));
    let tenants = listed(theirs.get(&["tenantid", "tenantids", "tenantids0"]));
    let roles = listed(theirs.get(&["roleids", "roles"])).join("+");
    let colon = if roles.is_empty() { "" } else { ":" };
    let memberships: Vec<String> = tenants.iter().map(|tenant| format!("{tenant}{colon}{roles}")).collect();
    ours.set("accounts", memberships.join(";"));
    ours.set("picture_url", theirs.get(&["profilepictureurl"]));
    ours.set("email_verified", theirs.get(&["verifyuser", "verified"]));
    ours.set("locked", theirs.get(&["islocked"]));
    ours.set("mfa_enrolled", theirs.get(&["mfaenrolled"]));
    ours.set("created_at", theirs.get(&["createdat"]));
    ours.set("last_visit_at", theirs.get(&["lastlogin"]));
    ours.password(theirs.get(&["passwordhash"]));
}

/// The words of a list, as CSV or JSON writes it.
fn listed(text: &str) -> Vec<&str> {
    let words = text.trim_matches(['[', ']']).split(['|', ',']).map(|word| word.trim().trim_matches('"'));
    words.filter(|word| !word.is_empty()).collect()
}
