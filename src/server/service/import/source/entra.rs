//! Microsoft Entra ID: *Users › Download users*, and the templates of its bulk operations.

use super::Fate::{Passed, Taken};
use super::{Format, Ours, Product, Theirs};
use crate::server::service::import::words::truth;

pub static FORMAT: Format = Format {
    product: Product::Entra,
    label: "Entra ID's download of users",
    signatures: &[
        &["userprincipalname", "displayname"],
        &["userprincipalname", "accountenabled"],
        &["userprincipalname", "givenname"],
        &["userprincipalname", "blocksignin"],
    ],
    columns: &[
        ("mail", Taken("email")),
        ("userprincipalname", Taken("email")),
        ("displayname", Taken("name")),
        ("givenname", Taken("name")),
        ("surname", Taken("name")),
        ("accountenabled", Taken("locked")),
        ("blocksignin", Taken("locked")),
        ("createddatetime", Taken("created_at")),
        ("lastsignindatetime", Taken("last_visit_at")),
        ("objectid", Passed("users get an id of their own here")),
        ("id", Passed("users get an id of their own here")),
        ("usertype", Passed("guests are users like others here")),
        ("passwordprofile", Passed("Entra ID gives no passwords")),
        ("alternateemailaddress", Passed("a user has one address here")),
        ("authenticationemail", Passed("a user has one address here")),
    ],
    headless: &[],
    adds: false,
    merges: false,
    translate,
    note: "The address is `mail`, or `userPrincipalName` where that is empty.",
    example: "userPrincipalName,displayName,surname,mail,givenName,objectId,userType,accountEnabled\n\
        b.osei@northwind.example,Bea Osei,Osei,b.osei@northwind.example,Bea,6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0,Member,True",
};

fn translate(theirs: &Theirs<'_>, ours: &mut Ours) {
    ours.set("email", theirs.get(&["mail", "userprincipalname"]));
    let whole = theirs.get(&["displayname"]);
    let parts = theirs.name(&[], &["givenname"], &["surname"]);
    ours.set("name", if whole.is_empty() { &parts } else { whole });
    ours.set_not("locked", theirs.get(&["accountenabled"]));
    // Where both are there, one that does not let in is enough.
    let block = theirs.get(&["blocksignin"]);
    if !block.is_empty() && (ours.get("locked").is_empty() || truth(block) != Some(false)) {
        ours.set("locked", block);
    }
    ours.set("created_at", theirs.get(&["createddatetime"]));
    ours.set("last_visit_at", theirs.get(&["lastsignindatetime"]));
}
