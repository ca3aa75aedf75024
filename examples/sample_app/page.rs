//! The pages. Everything that comes from tokens is text: maud escapes it.

use std::time::Instant;

use maud::{DOCTYPE, Markup, html};
use serde_json::{Map, Value};

use crate::provider::Tokens;
use crate::session::Ending;

/// Number, customer, due day, amount, state: something to export.
pub const INVOICES: [(&str, &str, &str, &str, &str); 6] = [
    ("INV-2041", "Bluewater Foods", "30 Nov", "€ 4,180.00", "Open"),
    ("INV-2040", "Castellan & Sons", "27 Nov", "€ 960.50", "Open"),
    ("INV-2039", "Orchard Lane Hotel", "21 Nov", "€ 12,400.00", "Overdue"),
    ("INV-2038", "Pinecrest Schools", "18 Nov", "€ 2,215.75", "Paid"),
    ("INV-2037", "Marlow Ferries", "14 Nov", "€ 7,730.00", "Paid"),
    ("INV-2036", "Bluewater Foods", "9 Nov", "€ 3,905.20", "Paid"),
];

/// Seconds before the end from which on the bar warns.
const LAST_MINUTE: i64 = 60;

/// What happened just now, as a word in the address.
#[derive(Clone, Copy)]
pub enum Notice {
    Refreshed,
    Switched,
    Exported,
    Refused,
}

impl Notice {
    const ALL: [Self; 4] = [Self::Refreshed, Self::Switched, Self::Exported, Self::Refused];

    pub fn word(self) -> &'static str {
        match self {
            Self::Refreshed => "refreshed",
            Self::Switched => "switched",
            Self::Exported => "exported",
            Self::Refused => "refused",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Refreshed => "The tokens were refreshed.",
            Self::Switched => "You are now working in another account.",
            Self::Exported => "The invoices were exported, and the export was reported to the audit trail.",
            Self::Refused => "The sign-in service refused this.",
        }
    }
}

/// What the signed-in page shows.
pub struct View<'a> {
    pub name: &'a str,
    pub tokens: &'a Tokens,
    /// Until the session ends, where the provider says.
    pub seconds_left: Option<i64>,
    pub notice: Option<Notice>,
}

/// A claim that is text.
pub fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn texts<'a>(claims: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    claims
        .get(name)
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

fn document(name: &str, title: &str, body: &Markup) -> Markup {
    // Two applications that run side by side should not look the same.
    let theme = name.len() % 3;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (name) }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
                script src="/script.js" defer {}
            }
            body class={ "theme-" (theme) } { (body) }
        }
    }
}

fn mark(name: &str) -> Markup {
    html! {
        span.mark aria-hidden="true" { (name.chars().next().unwrap_or('S')) }
        span.brand { (name) }
    }
}

/// A page with one message in the middle.
fn centred(name: &str, title: &str, body: &Markup) -> Markup {
    let page = html! {
        main.centred {
            div.card.message {
                div.row { (mark(name)) }
                (body)
            }
        }
    };
    document(name, title, &page)
}

pub fn home(name: &str) -> Markup {
    let body = html! {
        h1 { "Welcome" }
        p.dim { "Invoices, orders and reports of your company. Sign in to go on." }
        p { a.button.primary href="/login" { "Sign in" } }
    };
    centred(name, "Welcome", &body)
}

pub fn ended(name: &str, ending: Ending) -> Markup {
    let body = html! {
        h1 { "This session has ended" }
        p.dim {
            @if ending == Ending::Here {
                "You ended it here. Nothing more can be done in it."
            } @else {
                "It ran out, or somebody ended it: the sign-in service does not say which. Nothing more can be done in it."
            }
        }
        div.row {
            // Whoever worked here for somebody else is done with the tab.
            button.button.primary type="button" data-close hidden { "Close tab" }
            a.button href="/login" { "Sign in" }
        }
        p.dim data-close-by-hand role="status" hidden { "The browser keeps this tab open. Close it yourself." }
    };
    centred(name, "Session ended", &body)
}

pub fn failed(name: &str, sentence: &str) -> Markup {
    let body = html! {
        h1 { "That did not work" }
        p.dim { (sentence) }
        p { a.button.primary href="/login" { "Sign in" } " " a.button href="/" { "Start page" } }
    };
    centred(name, "Not signed in", &body)
}

pub fn workspace(view: &View<'_>) -> Markup {
    let access = &view.tokens.access_claims;
    let user = text(access, "name").or_else(|| text(&view.tokens.id_claims, "name")).unwrap_or("Nameless");
    let account = account(view.tokens);
    let operator = operator(view.tokens);
    let body = html! {
        @if let Some(operator) = operator { (banner(operator, user, account, view.seconds_left)) }
        header.top {
            div.row { (mark(view.name)) }
            span.account title="Account" { bdi { (account.name) } }
            span.user { span.name dir="auto" { (user) } }
        }
        main.workspace {
            @if let Some(notice) = view.notice { p.notice role="status" { (notice.sentence()) } }
            div.columns {
                (invoices(account.name))
                div.side {
                    (identity(view, user, account))
                    (session(view, operator.is_some()))
                }
            }
            (claims(view.tokens))
        }
    };
    document(view.name, user, &body)
}

/// Somebody or something that has an id, and a name for people where the provider says one.
#[derive(Clone, Copy)]
struct Named<'a> {
    id: &'a str,
    name: &'a str,
}

/// The account in which the tokens work. What is shown of it decides nothing: the key does.
fn account(tokens: &Tokens) -> Named<'_> {
    let Some(id) = text(&tokens.access_claims, "tenantId") else { return Named { id: "", name: "no account" } };
    // The session may have moved since userinfo was read.
    let is_current = text(&tokens.info, "tenantId") == Some(id);
    Named { id, name: text(&tokens.info, "tenantName").filter(|_| is_current).unwrap_or(id) }
}

/// Who works here in the user's place, by the token; under which name, by userinfo.
fn operator(tokens: &Tokens) -> Option<Named<'_>> {
    let id = tokens.access_claims.get("act")?.get("sub")?.as_str()?;
    let said = tokens.info.get("act").and_then(Value::as_object).filter(|act| text(act, "sub") == Some(id));
    Some(Named { id, name: said.and_then(|act| text(act, "name")).unwrap_or("An operator") })
}

/// Amber, above everything, for as long as somebody else is at work here.
fn banner(operator: Named<'_>, user: &str, account: Named<'_>, seconds_left: Option<i64>) -> Markup {
    let is_closing = seconds_left.is_some_and(|seconds| seconds <= LAST_MINUTE);
    html! {
        section.banner.closing[is_closing] role="region" aria-label="Impersonation" data-warn-below=(LAST_MINUTE) {
            div.who {
                p {
                    strong { "Impersonated session. " }
                    bdi { (operator.name) } " is working as " bdi { (user) } " in " bdi { (account.name) } "."
                }
                details {
                    summary { "Ids" }
                    p { "Operator " code data-operator { (operator.id) } }
                    @if !account.id.is_empty() { p { "Account " code { (account.id) } } }
                }
            }
            p.last-minute role="alert" hidden[!is_closing] {
                "Less than a minute is left. What you have not saved by then is lost."
            }
            div.row {
                @if let Some(seconds) = seconds_left {
                    span { "Ends in " (countdown("session", seconds)) }
                }
                form method="post" action="end" { button.button.amber { "End session" } }
            }
        }
    }
}

fn countdown(of: &str, seconds: i64) -> Markup {
    html! { time.countdown data-countdown=(of) data-seconds=(seconds) { (clock(seconds)) } }
}

/// As `script.js` goes on to show it.
fn clock(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (minutes, _) if minutes >= 48 * 60 => format!("{} days", minutes / 60 / 24),
        (minutes, seconds) if minutes >= 60 => format!("{}:{:02}:{seconds:02}", minutes / 60, minutes % 60),
        (minutes, seconds) => format!("{minutes}:{seconds:02}"),
    }
}

fn invoices(account: &str) -> Markup {
    html! {
        section.card {
            div.head {
                div { h1 { "Invoices" } p.dim { "The latest of " bdi { (account) } } }
                form method="post" action="export" { button.button.primary { "Export invoices" } }
            }
            div.scroll tabindex="0" role="group" aria-label="Invoices" {
                table {
                    thead { tr { th { "Number" } th { "Customer" } th { "Due" } th.number { "Amount" } th { "State" } } }
                    tbody {
                        @for (number, customer, due, amount, state) in INVOICES {
                            tr {
                                td { (number) } td { (customer) } td { (due) } td.number { (amount) }
                                td { span.state.(state.to_lowercase()) { (state) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn identity(view: &View<'_>, user: &str, account: Named<'_>) -> Markup {
    let access = &view.tokens.access_claims;
    let roles = texts(access, "roles");
    let others: Vec<&str> = texts(access, "tenantIds").into_iter().filter(|id| *id != account.id).collect();
    html! {
        section.card {
            h2 { "Signed in as" }
            dl {
                dt { "User" } dd { bdi { (user) } }
                dt { "E-mail" } dd { (text(access, "email").unwrap_or("–")) }
                dt { "Account" } dd { bdi title=(account.id) { (account.name) } }
                dt { "Roles" } dd { @if roles.is_empty() { "none" } @else { (roles.join(", ")) } }
            }
            @if !others.is_empty() {
                form.inline method="post" action="switch" {
                    label for="account" { "Other accounts" }
                    div.row {
                        select id="account" name="account" disabled[view.tokens.refresh_token.is_none()] {
                            @for other in others { option value=(other) { (other) } }
                        }
                        button.button disabled[view.tokens.refresh_token.is_none()] { "Switch account" }
                    }
                }
            }
        }
    }
}

fn session(view: &View<'_>, impersonated: bool) -> Markup {
    let token_seconds = view.tokens.expires_at.saturating_duration_since(Instant::now()).as_secs();
    let token_seconds = i64::try_from(token_seconds).unwrap_or_default();
    html! {
        section.card {
            h2 { "Session" }
            dl {
                dt { "Ends in" }
                dd { @if let Some(seconds) = view.seconds_left { (countdown("session", seconds)) } @else { "–" } }
                dt { "Access token" } dd { (countdown("token", token_seconds)) }
            }
            @if view.tokens.refresh_token.is_none() {
                p.dim { "This application keeps no session alive: it can be neither refreshed nor moved to another account." }
            }
            div.row {
                form method="post" action="refresh" {
                    button.button disabled[view.tokens.refresh_token.is_none()] { "Refresh" }
                }
                form method="post" action="sign-out" { button.button { "Sign out" } }
            }
            @if impersonated { p.dim { "Signing out ends the impersonation too." } }
        }
    }
}

fn claims(tokens: &Tokens) -> Markup {
    let pretty = |claims: &Map<String, Value>| serde_json::to_string_pretty(claims).unwrap_or_default();
    html! {
        div.claims {
            details.card {
                summary { "Claims of the access token" }
                pre tabindex="0" id="access-token" { (pretty(&tokens.access_claims)) }
            }
            details.card {
                summary { "Claims of the id token" }
                pre tabindex="0" id="id-token" { (pretty(&tokens.id_claims)) }
            }
        }
    }
}
