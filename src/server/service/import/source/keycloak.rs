//! Keycloak: the export of a realm (`kc.sh export`), its files of users, or what its API answers about users.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::Value;

use super::Fate::{Passed, Taken};
use super::{Format, Ours, Product, Theirs, from_millis};
use crate::server::service::import::words::truth;

pub static FORMAT: Format = Format {
    product: Product::Keycloak,
    label: "Keycloak's export of users",
    signatures: &[
        &["username", "emailverified", "enabled"],
        &["username", "createdtimestamp"],
        &["username", "requiredactions"],
        &["username", "enabled"],
    ],
    columns: &[
        ("email", Taken("email")),
        ("username", Taken("email")),
        ("firstname", Taken("name")),
        ("lastname", Taken("name")),
        ("emailverified", Taken("email_verified")),
        ("enabled", Taken("locked")),
        ("createdtimestamp", Taken("created_at")),
        ("totp", Taken("mfa_enrolled")),
        ("credentials*", Taken("password_hash")),
        ("id", Passed("users get an id of their own here")),
        ("serviceaccountclientid", Passed("service accounts are no users")),
        ("realmroles*", Passed("roles belong to accounts here; say them with --set accounts=…")),
        ("clientroles*", Passed("roles belong to accounts here; say them with --set accounts=…")),
        ("groups*", Passed("are free in form; say the accounts with --set accounts=…")),
        ("attributes*", Passed("are free in form")),
        ("requiredactions*", Passed("say what Keycloak asks next")),
        ("federatedidentities*", Passed("says how users signed in there")),
    ],
    headless: &[],
    adds: false,
    merges: false,
    translate,
    note: "",
    example: "{\"username\":\"b.osei\",\"email\":\"b.osei@northwind.example\",\"emailVerified\":true,\"enabled\":true,\
        \"firstName\":\"Bea\",\"lastName\":\"Osei\",\"createdTimestamp\":1614592800000}",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    let username = theirs.get(&["username"]);
    if !theirs.get(&["serviceaccountclientid"]).is_empty() || username.starts_with("service-account-") {
        ours.passed_over = Some("is a service account");
        return;
    }
    let email = match theirs.get(&["email"]) {
        "" if username.contains('@') => username,
        email => email,
    };
    if email.is_empty() {
        ours.passed_over = Some("has no e-mail address");
        return;
    }
    ours.set("email", email);
    ours.set("name", theirs.name(&["username"], &["firstname"], &["lastname"]));
    ours.set("email_verified", theirs.get(&["emailverified"]));
    ours.set_not("locked", theirs.get(&["enabled"]));
    ours.set("created_at", from_millis(theirs.get(&["createdtimestamp"])));
    let totp = theirs.get(&["totp"]);
    let mut enrolled = truth(totp) == Some(true);
    if truth(totp).is_none() {
        ours.set("mfa_enrolled", totp);
    }
    for number in 0..16 {
        let field = |name: &str| theirs.get(&[&format!("credentials{number}{name}")]);
        match field("type") {
            "" => break,
            "otp" | "webauthn" | "recovery-authn-codes" => enrolled = true,
            "password" => match argon2id(field("secretdata"), field("credentialdata")) {
                Some(hash) => ours.set("password_hash", hash),
                None => ours.leave(kind(field("credentialdata"))),
            },
            _ => {}
        }
    }
    if enrolled {
        ours.set_true("mfa_enrolled", true);
    }
}

fn kind(data: &str) -> &'static str {
    if data.contains("pbkdf2") {
        "a PBKDF2 password hash"
    } else if data.contains("bcrypt") {
        "a bcrypt password hash"
    } else {
        "a password hash of another kind"
    }
}

/// The PHC form of a password that Keycloak hashed with argon2id, as it does since version 25.
fn argon2id(secret: &str, data: &str) -> Option<String> {
    let secret: Value = serde_json::from_str(secret).ok()?;
    let data: Value = serde_json::from_str(data).ok()?;
    let parameter = |name: &str| data["additionalParameters"][name][0].as_str();
    if data["algorithm"] != "argon2" || parameter("type") != Some("id") || parameter("version") != Some("1.3") {
        return None;
    }
    let (memory, lanes) = (parameter("memory")?, parameter("parallelism")?);
    let passes = data["hashIterations"].as_u64()?;
    let unpadded = |name: &str| Some(STANDARD_NO_PAD.encode(STANDARD.decode(secret[name].as_str()?).ok()?));
    Some(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", unpadded("salt")?, unpadded("value")?))
}
