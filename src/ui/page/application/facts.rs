//! How the application is set up, what a client of it is configured with, and the accounts that have it.

use leptos::prelude::*;

use crate::model::application::{ApplicationDetail, Proof};
use crate::ui::component::badge::badge;
use crate::ui::component::copy::copyable;
use crate::ui::component::icon::icon;
use crate::ui::component::state::{empty, nothing};
use crate::ui::erase::Erase;

pub fn settings(application: &ApplicationDetail) -> AnyView {
    let login = if application.hosted {
        "Hosted: users sign in on Understudy’s pages"
    } else {
        "Embedded: users sign in on the application’s own page"
    };
    let lifetime = if application.keep_session_alive {
        "Impersonations last 60 minutes and may be refreshed until then; a user’s own session lasts 30 days."
    } else {
        "Impersonations last 5 minutes and cannot be refreshed; a user’s own session lasts 30 days."
    };
    view! {
        <section class="card section" aria-labelledby="settings-title">
            <h2 class="section-title" id="settings-title">"Settings"</h2>
            <dl class="facts setting-facts">
                <dt>"Login method"</dt>
                <dd>{login}</dd>
                <dt>"App URL"</dt>
                <dd>{address(&application.app_url)}</dd>
                <dt>"Login URL"</dt>
                <dd>{address(&application.login_url)}</dd>
                <dt>"Initiate-login URL"</dt>
                <dd>{optional(application.initiate_login_url.as_ref(), "None: impersonations begin at the app URL")}</dd>
                <dt>"Redirect URIs"</dt>
                <dd>{addresses(&application.redirect_uris)}</dd>
                <dt>"After sign-out"</dt>
                <dd>{addresses(&application.logout_redirect_uris)}</dd>
                <dt>"Origins"</dt>
                <dd>{addresses(&application.origins)}</dd>
                <dt>"Client authentication"</dt>
                <dd>{proof(application.proof)}</dd>
                <dt>"Signing algorithm"</dt>
                <dd>{application.algorithm.clone()}</dd>
                <dt>"Session lifetime"</dt>
                <dd>{lifetime}</dd>
                <dt>"Back-channel logout"</dt>
                <dd>{optional(application.backchannel_logout_uri.as_ref(), "Not set up: it learns of an ended session at its next call")}</dd>
            </dl>
        </section>
    }
    .erased()
}

fn proof(proof: Proof) -> &'static str {
    match (proof.secret, proof.keys) {
        (true, true) => "Client secret, or assertions signed with its own keys",
        (true, false) => "Client secret",
        (false, true) => "Assertions signed with its own keys (private_key_jwt)",
        (false, false) => "None: a public client, which proves itself by PKCE",
    }
}

fn address(address: &str) -> AnyView {
    view! { <code class="wrap">{address.to_owned()}</code> }.erased()
}

fn optional(uri: Option<&String>, otherwise: &'static str) -> AnyView {
    uri.map_or_else(|| view! { <span class="dim">{otherwise}</span> }.erased(), |uri| address(uri))
}

fn addresses(uris: &[String]) -> AnyView {
    if uris.is_empty() {
        return view! { <span class="dim">"None"</span> }.erased();
    }
    let items = uris.iter().map(|uri| view! { <li>{address(uri)}</li> }).collect_view();
    view! { <ul class="address-list">{items}</ul> }.erased()
}

/// What a client is configured with.
pub fn connect(application: &ApplicationDetail) -> AnyView {
    let discovery = format!("{}/.well-known/openid-configuration", application.issuer);
    view! {
        <section class="card section" aria-labelledby="connect-title">
            <h2 class="section-title" id="connect-title">"Connect"</h2>
            <dl class="facts connect-facts">
                <dt>"Issuer"</dt>
                <dd>{copyable(application.issuer.clone(), "issuer")}</dd>
                <dt>"Discovery"</dt>
                <dd>{copyable(discovery, "address of the discovery document")}</dd>
                <dt>"Client id"</dt>
                <dd>{copyable(application.client_id.clone(), "client id")}</dd>
            </dl>
        </section>
    }
    .erased()
}

pub fn accounts(application: &ApplicationDetail) -> AnyView {
    let count = application.accounts.len();
    let content = if application.accounts.is_empty() {
        empty("building-2", "No accounts", "No account has this application, so nobody can sign in to it.", nothing())
    } else {
        let items = application
            .accounts
            .iter()
            .map(|account| {
                view! {
                    <li class="event">
                        <span class="truncate" dir="auto" title=account.external_id.clone()>{account.name.clone()}</span>
                        {account.is_default.then(|| badge("outline", "Default"))}
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="event-list">{items}</ul> }.erased()
    };
    let more = application.more_accounts.then(|| {
        view! {
            <p class="list-note">
                {icon("info")}
                <span>"These are the first 100 by name."</span>
            </p>
        }
    });
    let shown = if application.more_accounts { "100+".to_owned() } else { count.to_string() };
    view! {
        <section class="card section flush" aria-labelledby="accounts-title">
            <h2 class="section-title" id="accounts-title">
                <span>"Accounts"</span>
                <span class="count">{shown}</span>
            </h2>
            {content}
            {more}
        </section>
    }
    .erased()
}
