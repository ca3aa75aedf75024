//! How an application is connected: its values, and code to copy with these values in it; and what the provider saw go wrong.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use url::Url;
use uuid::Uuid;

use super::at::At;
use super::parts::{ago, badge, copyable, empty, facts, flush_section, page_head, section};
use crate::model::application::ApplicationDetail;
use crate::server::service::directory::application as service;

/// The name of a client in the address, what it is called, and its code with places for the values.
const CLIENTS: [(&str, &str, &str); 8] = [
    ("openid-client", "openid-client", include_str!("connect/openid-client.txt")),
    ("oidc-client-ts", "oidc-client-ts", include_str!("connect/oidc-client-ts.txt")),
    ("authjs", "Auth.js", include_str!("connect/authjs.txt")),
    ("spring", "Spring Security", include_str!("connect/spring.txt")),
    ("aspnet", "ASP.NET Core", include_str!("connect/aspnet.txt")),
    ("authlib", "Authlib", include_str!("connect/authlib.txt")),
    ("mod-auth-openidc", "mod_auth_openidc", include_str!("connect/mod-auth-openidc.txt")),
    ("frontegg", "Frontegg SDKs", include_str!("connect/frontegg.txt")),
];

pub async fn page(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match service::get(&at.caller, id).await {
        Ok(detail) => {
            let title = format!("Connect {}", detail.application.name);
            let content = connect(&at, &detail, &title);
            at.page(&title, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn connect(at: &At, detail: &ApplicationDetail, title: &str) -> Markup {
    let path = at.path(&format!("applications/{}", detail.application.id));
    let actions = html! {
        @if at.caller.roles.can_administer() { a.button href=(format!("{path}/edit")) { "Edit" } }
        a.button href=(path) rel="external" { "To the application" }
    };
    let discovery = format!("{}/.well-known/openid-configuration", detail.issuer);
    let values = [
        ("Issuer", copyable(&detail.issuer, "issuer")),
        ("Client id", copyable(&detail.application.client_id, "client id")),
        ("Client proves itself by", html! { (detail.application.proof.sentence()) }),
        ("Discovery", copyable(&discovery, "address of the discovery document")),
        (
            "Redirect URI",
            match detail.addresses.redirect_uris.first() {
                Some(uri) => copyable(uri, "redirect URI"),
                None => html! { span.dim { "None yet: a sign-in has nowhere to end" } },
            },
        ),
    ];
    let wanted = at.words.get("client");
    let (word, name, template) = CLIENTS.iter().find(|(word, ..)| *word == wanted).unwrap_or(&CLIENTS[0]);
    let code = filled(template, at, detail);
    html! {
        (page_head(title, html! { "Its real values, in code to copy and run. Secrets are read from the environment." }, actions))
        (section("values-title", "Values", html! {}, facts(values)))
        section.card.section aria-labelledby="code-title" {
            div.section-title { h2 #code-title { "Code" } (copy_all(&code)) }
            nav.tabs aria-label="Clients" {
                @for (client, label, _) in CLIENTS {
                    a href=(format!("{path}/connect?client={client}")) aria-current=[(client == *word).then_some("true")] { (label) }
                }
            }
            pre.code-block tabindex="0" aria-label=(format!("Code for {name}")) { (code) }
        }
        (check(detail))
    }
}

fn copy_all(code: &str) -> Markup {
    html! { button.button.small.needs-script type="button" data-copy=(code) { "Copy" } }
}

/// What the provider saw this application get wrong within a day, and what to do about each.
fn check(detail: &ApplicationDetail) -> Markup {
    let count = html! { span.count { (detail.problems.len()) } };
    flush_section(
        "check-title",
        "Check",
        count,
        html! {
            @if detail.problems.is_empty() && detail.addresses.redirect_uris.is_empty() && detail.application.hosted {
                (empty("triangle-alert", "No redirect URI", "A hosted sign-in has nowhere to end: give the application a redirect URI.", html! {}))
            } @else if detail.problems.is_empty() {
                (empty("check", "Nothing was refused", "Whatever this application asked the provider within a day was right.", html! {}))
            } @else {
                ul.problem-list {
                    @for problem in &detail.problems {
                        li {
                            div.with-icon {
                                (super::parts::icon("triangle-alert"))
                                div.stacked {
                                    strong { (problem.kind.label()) }
                                    @if !problem.value.is_empty() { code.wrap { bdi { (problem.value) } } }
                                    span.dim { (problem.kind.advice()) }
                                }
                                span.dim { (badge("outline", &format!("{}×", problem.occurrences))) " " (ago(detail.now, problem.last_at)) }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The code with the application's values in their places.
fn filled(template: &str, at: &At, detail: &ApplicationDetail) -> String {
    let addresses = &detail.addresses;
    let redirect_uri =
        addresses.redirect_uris.first().cloned().unwrap_or_else(|| "https://app.example.com/callback".to_owned());
    let url = Url::parse(&redirect_uri).ok();
    let redirect_path = url.as_ref().map_or("/callback", Url::path).to_owned();
    let port = url.as_ref().and_then(Url::port).unwrap_or(3000).to_string();
    let has_secret = detail.application.proof != crate::model::application::Proof::Public;
    let values = [
        ("{issuer}", detail.issuer.as_str()),
        ("{client_id}", &detail.application.client_id),
        ("{redirect_uri}", &redirect_uri),
        ("{redirect_path}", &redirect_path),
        ("{app_url}", &addresses.app_url),
        ("{port}", &port),
        ("{public_url}", at.caller.state.public_url.as_str().trim_end_matches('/')),
        ("{secret_js}", if has_secret { "process.env.CLIENT_SECRET" } else { "undefined, oidc.None()" }),
        ("{hosted}", if detail.application.hosted { "true" } else { "false" }),
        ("{keep_session_alive}", if detail.application.keep_session_alive { "true" } else { "false" }),
    ];
    values.into_iter().fold(template.to_owned(), |code, (place, value)| code.replace(place, value))
}

#[cfg(test)]
mod tests {
    use super::CLIENTS;

    #[test]
    fn every_client_has_code_with_the_issuer_and_the_client_id_in_it() {
        for (word, _, template) in CLIENTS {
            assert!(template.contains("{issuer}") && template.contains("{client_id}"), "{word}");
            assert!(!template.contains("understudy.example"), "{word}: a value of somebody else");
        }
    }
}
