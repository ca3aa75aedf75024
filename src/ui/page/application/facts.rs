//! How the application is set up, what a client of it is configured with, and the accounts that have it.

use std::slice;

use leptos::prelude::*;

use crate::model::application::ApplicationDetail;
use crate::ui::component::badge::badge;
use crate::ui::component::copy::copyable;
use crate::ui::component::table::{count, flush_section, marked};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;
use crate::ui::kit::state::{empty, nothing};

const NONE: &str = "None";

pub fn settings(detail: &ApplicationDetail) -> AnyView {
    let login = if detail.application.hosted {
        "Hosted: users sign in on Understudy’s pages"
    } else {
        "Embedded: users sign in on the application’s own page"
    };
    let lifetime = if detail.application.keep_session_alive {
        "Impersonations last 60 minutes and may be refreshed until then; a user’s own session lasts 30 days."
    } else {
        "Impersonations last 5 minutes and cannot be refreshed; a user’s own session lasts 30 days."
    };
    let told = [
        ("Login method", login),
        ("Client authentication", detail.application.proof.sentence()),
        ("Session lifetime", lifetime),
    ];
    let told = told.into_iter().map(|(name, words)| fact(name, words.erased()));
    let addresses = addresses(detail)
        .into_iter()
        .map(|(name, addresses, otherwise)| fact(name, address_list(addresses, otherwise)));
    let algorithm = std::iter::once(fact("Signing algorithm", detail.algorithm.clone().erased()));
    view! {
        <section class="card section" aria-labelledby="settings-title">
            <h2 class="section-title" id="settings-title">"Settings"</h2>
            <dl class="facts setting-facts">{told.chain(algorithm).chain(addresses).collect_view()}</dl>
        </section>
    }
    .erased()
}

/// What an application has addresses for, these, and what it means if there are none.
fn addresses(detail: &ApplicationDetail) -> [(&'static str, &[String], &'static str); 7] {
    let addresses = &detail.addresses;
    let begins_at = match detail.application.hosted {
        true => "None: impersonations begin at the app URL",
        false => "Not needed: impersonations begin at the login URL",
    };
    let not_told = "Not set up: it learns of an ended session at its next call";
    [
        ("App URL", slice::from_ref(&addresses.app_url), NONE),
        ("Login URL", slice::from_ref(&addresses.login_url), NONE),
        ("Initiate-login URL", addresses.initiate_login_url.as_slice(), begins_at),
        ("Redirect URIs", &addresses.redirect_uris, NONE),
        ("After sign-out", &addresses.post_logout_redirect_uris, NONE),
        ("Origins", &addresses.origins, NONE),
        ("Back-channel logout", addresses.backchannel_logout_uri.as_slice(), not_told),
    ]
}

fn fact(name: &'static str, value: AnyView) -> AnyView {
    view! {
        <dt>{name}</dt>
        <dd>{value}</dd>
    }
    .erased()
}

fn address_list(addresses: &[String], otherwise: &'static str) -> AnyView {
    if addresses.is_empty() {
        return marked("dim", otherwise.to_owned());
    }
    let items = addresses
        .iter()
        .map(|address| {
            view! {
                <li>
                    <code class="wrap">{address.clone()}</code>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="address-list">{items}</ul> }.erased()
}

/// What a client is configured with.
pub fn connect(detail: &ApplicationDetail) -> AnyView {
    let discovery = format!("{}/.well-known/openid-configuration", detail.issuer);
    view! {
        <section class="card section" aria-labelledby="connect-title">
            <h2 class="section-title" id="connect-title">"Connect"</h2>
            <dl class="facts connect-facts">
                {fact("Issuer", copyable(detail.issuer.clone(), "issuer"))}
                {fact("Discovery", copyable(discovery, "address of the discovery document"))}
                {fact("Client id", copyable(detail.application.client_id.clone(), "client id"))}
            </dl>
        </section>
    }
    .erased()
}

pub fn accounts(detail: &ApplicationDetail) -> AnyView {
    let content = if detail.accounts.is_empty() {
        empty("building-2", "No accounts", "No account has this application, so nobody can sign in to it.", nothing())
    } else {
        let items = detail
            .accounts
            .iter()
            .map(|account| {
                view! {
                    <li>
                        <span class="truncate" dir="auto" title=account.external_id.clone()>{account.name.clone()}</span>
                        {detail.default_of.contains(&account.external_id).then(|| badge("outline", "Default"))}
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="account-rows">{items}</ul> }.erased()
    };
    let more = detail.more_accounts.then(|| {
        view! {
            <p class="list-note">
                {icon("info")}
                <span>{format!("These are the first {} by name.", detail.accounts.len())}</span>
            </p>
        }
        .erased()
    });
    let content = view! {
        {content}
        {more}
    };
    let shown = detail.accounts.len().to_string() + if detail.more_accounts { "+" } else { "" };
    flush_section("accounts-title", "Accounts", count(shown), content.erased())
}
