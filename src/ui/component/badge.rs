//! Short words with a colour. Amber is impersonation and nothing else; green and red are states.

use leptos::prelude::*;

use crate::model::audit::Severity;
use crate::model::user::UserStatus;
use crate::ui::kit::erase::Erase;

pub fn badge(kind: &'static str, text: impl Into<String>) -> AnyView {
    view! { <span class=format!("badge {kind}")>{text.into()}</span> }.erased()
}

/// A ticket: anybody's text, beside others.
pub fn ticket(text: String) -> AnyView {
    view! { <span class="badge outline"><bdi>{text}</bdi></span> }.erased()
}

pub fn status(status: UserStatus) -> AnyView {
    let kind = match status {
        UserStatus::Active => "status good",
        UserStatus::Invited => "status open",
        UserStatus::Locked => "status bad",
    };
    view! { <span class=kind>{status.label()}</span> }.erased()
}

pub fn severity(severity: Severity) -> AnyView {
    let kind = match severity {
        Severity::Info => "badge",
        Severity::Medium => "badge medium",
        Severity::High | Severity::Critical => "badge bad",
    };
    view! { <span class=kind>{severity.label()}</span> }.erased()
}
