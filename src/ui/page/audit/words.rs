//! Events in words: what was done, and by whom.

use leptos::prelude::*;

use crate::model::audit::{ActorKind, AuditItem, action};
use crate::ui::erase::Erase;

/// The groups that the filter offers: the part of an action before its dot, and its name.
pub const GROUPS: [(&str, &str); 7] = [
    ("impersonation", "Impersonation"),
    ("session", "Sessions"),
    ("user", "Users"),
    ("operator", "Operators"),
    ("token", "Tokens"),
    ("application", "Applications"),
    ("data", "Data"),
];

/// "Impersonation started" for `impersonation.started`.
pub fn action_label(word: &str) -> String {
    match word {
        action::REFRESH_TOKEN_REUSED => return "Refresh token used again".to_owned(),
        action::AUTHORIZATION_CODE_REUSED => return "Authorization code used again".to_owned(),
        action::SESSION_ACCOUNT_SWITCHED => return "Account switched".to_owned(),
        action::HAND_OFF_REFUSED => return "Hand-off refused".to_owned(),
        action::IMPERSONATION_OPENED => return "Impersonated session opened".to_owned(),
        action::SETTINGS_CHANGED => return "Impersonation settings changed".to_owned(),
        action::OPERATOR_SIGN_IN_FAILED => return "Operator sign-in failed".to_owned(),
        action::USER_SIGN_IN_FAILED => return "User sign-in failed".to_owned(),
        _ => {}
    }
    let mut label: String = word
        .strip_prefix("application.")
        .unwrap_or(word)
        .chars()
        .map(|c| if matches!(c, '.' | '_' | '-') { ' ' } else { c })
        .collect();
    if let Some(first) = label.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    label
}

/// Who did it. Inside an impersonation both people: "Olivia Owner as Amara Okafor".
pub fn actor(event: &AuditItem) -> AnyView {
    match &event.operator_name {
        Some(operator) => view! {
            <bdi>{operator.clone()}</bdi>
            <span class="as">" as "</span>
            <bdi>{user_behind(event)}</bdi>
        }
        .erased(),
        None if event.actor_name.is_empty() => kind(event.actor_kind).erased(),
        None => view! { <bdi>{event.actor_name.clone()}</bdi> }.erased(),
    }
}

/// As whom an operator acts: the actor inside the session, the target where the event is about the session itself.
fn user_behind(event: &AuditItem) -> String {
    let about = event.actor_kind == ActorKind::Operator || event.actor_name.is_empty();
    about.then(|| event.user_name.clone()).flatten().unwrap_or_else(|| event.actor_name.clone())
}

pub fn kind(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Operator => "Operator",
        ActorKind::User => "User",
        ActorKind::Application => "Application",
        ActorKind::System => "System",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_read_as_words() {
        assert_eq!(action_label("impersonation.started"), "Impersonation started");
        assert_eq!(action_label("application.invoice_exported"), "Invoice exported");
        assert_eq!(action_label("token.refresh_reused"), "Refresh token used again");
    }
}
