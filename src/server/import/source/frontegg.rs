//! Frontegg: the CSV of its bulk migration. A user of several accounts has a row in each.

use super::Fate::{Passed, Taken};
use super::{Format, Origin, Ours, Theirs};

pub static FORMAT: Format = Format {
    origin: Origin::Frontegg,
    label: "Frontegg's CSV of users",
    signatures: &[&["email", "tenantid"]],
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
    translate,
    note: "tenantId and roleIds must be the external_id of an account and the key of a role here. Memberships are added to \
           those that a user has; none is taken away.",
    example: "email,tenantId,name,profilePictureUrl,PasswordHash,verifyUser,roleIds,metadata\n\
        b.osei@northwind.example,northwind,Bea Osei,,,true,admin,\"{\"\"plan\"\":\"\"pro\"\"}\"",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    ours.set("email", theirs.get(&["email"]));
    ours.set("name", theirs.get(&["name"]));
    let tenant = theirs.get(&["tenantid", "tenantids", "tenantids0"]);
    if !tenant.is_empty() {
        let roles = theirs.get(&["roleids", "roles"]);
        let roles = roles.trim_matches(['[', ']']).split(['|', ',']).map(|role| role.trim().trim_matches('"'));
        let roles: Vec<&str> = roles.filter(|role| !role.is_empty()).collect();
        ours.set(
            "accounts",
            if roles.is_empty() { tenant.to_owned() } else { format!("{tenant}:{}", roles.join("+")) },
        );
    }
    ours.set("picture_url", theirs.get(&["profilepictureurl"]));
    ours.set("email_verified", theirs.get(&["verifyuser", "verified"]));
    ours.set("locked", theirs.get(&["islocked"]));
    ours.set("mfa_enrolled", theirs.get(&["mfaenrolled"]));
    ours.set("created_at", theirs.get(&["createdat"]));
    ours.set("last_visit_at", theirs.get(&["lastlogin"]));
    ours.password(theirs.get(&["passwordhash"]));
}
