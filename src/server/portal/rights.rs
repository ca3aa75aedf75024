//! What each door of the portal asks for: its pages, its actions, and the calls of its pages. Managed pages are held against this
//! before anything else, and a page that stands here with nothing is shown to nobody; the use cases behind all of them ask again.
//! `docs/permissions.md` is made of it.

use crate::model::right::Right;

/// A page, an action or a call.
#[derive(Clone, Copy, Debug)]
pub struct Door {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// As the router writes it.
    pub path: &'static str,
    pub asks: Right,
    /// What somebody does there, as the table in the documentation says it.
    pub what: &'static str,
}

const fn door(method: &'static str, path: &'static str, asks: Right, what: &'static str) -> Door {
    Door { method, path, asks, what }
}

/// What the door asks for, if it is one.
pub fn asked(method: &str, path: &str) -> Option<Right> {
    DOORS.iter().find(|door| door.method == method && door.path == path).map(|door| door.asks)
}

/// All doors behind the sign-in.
#[rustfmt::skip]
pub const DOORS: &[Door] = &[
    door("GET", "/{environment}/users", Right::View, "see users"),
    door("GET", "/{environment}/users/{id}", Right::View, "see users"),
    door("GET", "/{environment}/applications", Right::View, "see applications"),
    door("GET", "/{environment}/applications/{id}", Right::View, "see applications"),
    door("GET", "/{environment}/impersonation", Right::View, "see running impersonations and the settings"),
    door("GET", "/{environment}/audit", Right::View, "see the audit trail"),
    door("GET", "/{environment}/keys", Right::View, "see signing keys"),
    door("POST", "/rpc/shell", Right::SignedIn, "see in which environments one has a role"),
    door("POST", "/rpc/home", Right::SignedIn, "see in which environments one has a role"),
    door("POST", "/rpc/sign-out", Right::SignedIn, "sign out"),
    door("POST", "/rpc/users/list", Right::View, "see users"),
    door("POST", "/rpc/users/get", Right::View, "see users"),
    door("POST", "/rpc/accounts/search", Right::View, "see accounts"),
    door("POST", "/rpc/applications/list", Right::View, "see applications"),
    door("POST", "/rpc/applications/get", Right::View, "see applications"),
    door("POST", "/rpc/applications/retry-logout", Right::Administer, "tell an application again that a session ended"),
    door("POST", "/rpc/audit/list", Right::View, "see the audit trail"),
    door("POST", "/rpc/audit/get", Right::View, "see the audit trail"),
    door("POST", "/rpc/impersonation/drawer", Right::View, "see users"),
    door("POST", "/rpc/impersonation/start", Right::Impersonate, "impersonate a user"),
    door("POST", "/rpc/impersonation/end", Right::SignedIn, "end one’s own impersonations; those of others need Owner or Admin"),
    door("POST", "/rpc/impersonation/end-all", Right::SignedIn, "end one’s own impersonations; those of others need Owner or Admin"),
    door("POST", "/rpc/impersonation/overview", Right::View, "see running impersonations and the settings"),
    door("POST", "/rpc/impersonation/settings", Right::Administer, "change the impersonation settings; only an Owner takes a permission off the protected ones"),
    door("POST", "/rpc/keys/list", Right::View, "see signing keys"),
    door("POST", "/rpc/keys/rotate", Right::Administer, "rotate signing keys"),
    door("POST", "/{environment}/users/{user_id}/impersonate", Right::Impersonate, "impersonate a user"),
    door("POST", "/{environment}/sessions/{session_id}/reopen", Right::Impersonate, "impersonate a user"),
    door("GET", "/{environment}/applications/new", Right::Administer, "make, change and delete applications, and replace their secrets"),
    door("POST", "/{environment}/applications/new", Right::Administer, "make, change and delete applications, and replace their secrets"),
    door("GET", "/{environment}/applications/{application_id}/edit", Right::Administer, "make, change and delete applications, and replace their secrets"),
    door("POST", "/{environment}/applications/{application_id}/edit", Right::Administer, "make, change and delete applications, and replace their secrets"),
    door("POST", "/{environment}/applications/{application_id}/secret", Right::Administer, "make, change and delete applications, and replace their secrets"),
    door("POST", "/{environment}/applications/{application_id}/delete", Right::Administer, "make, change and delete applications, and replace their secrets"),
    door("POST", "/{environment}/applications/{application_id}/test-logout", Right::Administer, "make, change and delete applications, and replace their secrets"),
    door("GET", "/{environment}/applications/{application_id}/connect", Right::View, "see applications"),
    door("GET", "/{environment}/audit/export", Right::View, "see the audit trail"),
    door("GET", "/{environment}/sessions/{session_id}", Right::View, "see the audit trail"),
    door("POST", "/{environment}/sessions/{session_id}/end", Right::SignedIn, "end one’s own impersonations; those of others need Owner or Admin"),
    door("GET", "/{environment}/overview", Right::View, "see the audit trail"),
    door("GET", "/{environment}/find", Right::View, "see users"),
    door("GET", "/{environment}/impersonate", Right::View, "see users"),
    door("GET", "/{environment}/roles", Right::View, "see roles"),
    door("GET", "/{environment}/roles/{role_id}", Right::View, "see roles"),
    door("GET", "/{environment}/roles/new", Right::Administer, "make, change and delete roles"),
    door("POST", "/{environment}/roles/new", Right::Administer, "make, change and delete roles"),
    door("POST", "/{environment}/roles/{role_id}", Right::Administer, "make, change and delete roles"),
    door("POST", "/{environment}/roles/{role_id}/delete", Right::Administer, "make, change and delete roles"),
    door("GET", "/{environment}/operators", Right::Administer, "see operators"),
    door("GET", "/{environment}/operators/{operator_id}", Right::Administer, "see operators"),
    door("GET", "/{environment}/operators/new", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("POST", "/{environment}/operators/new", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("POST", "/{environment}/operators/{operator_id}", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("POST", "/{environment}/operators/{operator_id}/link", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("POST", "/{environment}/operators/{operator_id}/suspend", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("POST", "/{environment}/operators/{operator_id}/enable", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("POST", "/{environment}/operators/{operator_id}/sign-out", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("POST", "/{environment}/operators/{operator_id}/remove", Right::Own, "invite, change, suspend and remove operators, within what one owns"),
    door("GET", "/{environment}/environments", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("GET", "/{environment}/environments/new", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("POST", "/{environment}/environments/new", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("GET", "/{environment}/environments/{environment_id}", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("POST", "/{environment}/environments/{environment_id}", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("POST", "/{environment}/environments/{environment_id}/move", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("POST", "/{environment}/environments/{environment_id}/archive", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("POST", "/{environment}/environments/{environment_id}/restore", Right::Own, "make, change, order and archive environments; an Owner of all environments"),
    door("GET", "/{environment}/users/new", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/new", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("GET", "/{environment}/users/bulk", Right::Edit, "make and change users, lock them, give them links, and change memberships; deleting some needs Owner or Admin"),
    door("POST", "/{environment}/users/bulk", Right::Edit, "make and change users, lock them, give them links, and change memberships; deleting some needs Owner or Admin"),
    door("GET", "/{environment}/users/{user_id}/edit", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/edit", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/lock", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/unlock", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/verify", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/link", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/memberships", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/memberships/remove", Right::Edit, "make and change users, lock them, give them links, and change memberships"),
    door("POST", "/{environment}/users/{user_id}/delete", Right::Administer, "delete users and accounts"),
    door("GET", "/{environment}/accounts", Right::View, "see accounts"),
    door("GET", "/{environment}/accounts/{account}", Right::View, "see accounts"),
    door("GET", "/{environment}/accounts/new", Right::Edit, "make and change accounts, and which applications they have"),
    door("POST", "/{environment}/accounts/new", Right::Edit, "make and change accounts, and which applications they have"),
    door("GET", "/{environment}/accounts/{account}/edit", Right::Edit, "make and change accounts, and which applications they have"),
    door("POST", "/{environment}/accounts/{account}/edit", Right::Edit, "make and change accounts, and which applications they have"),
    door("POST", "/{environment}/accounts/{account}/applications", Right::Edit, "make and change accounts, and which applications they have"),
    door("POST", "/{environment}/accounts/{account}/applications/withdraw", Right::Edit, "make and change accounts, and which applications they have"),
    door("POST", "/{environment}/accounts/{account}/delete", Right::Administer, "delete users and accounts"),
];
