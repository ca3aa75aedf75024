//! Events in words: what was done, and by whom.

use leptos::prelude::*;

use crate::model::audit::{ActorKind, AuditItem, action};
use crate::ui::kit::erase::Erase;

/// The groups that the filter offers: the part of an action before its dot, and its name.
pub const GROUPS: [(&str, &str); 14] = [
    ("impersonation", "Impersonation"),
    ("session", "Sessions"),
    ("user", "Users"),
    ("operator", "Operators"),
    ("token", "Tokens"),
    ("membership", "Memberships"),
    ("role", "Roles"),
    ("account", "Accounts"),
    ("client", "Applications’ settings"),
    ("application", "Reported by applications"),
    ("backchannel_logout", "Back-channel logout"),
    ("environment", "Environments"),
    ("key", "Keys"),
    ("data", "Data"),
];

/// "Impersonation started" for `impersonation.started`.
pub fn action_label(word: &str) -> String {
    match word {
        action::REFRESH_TOKEN_REUSED => return "Refresh token used again".to_owned(),
        action::AUTHORIZATION_CODE_REUSED => return "Authorization code used again".to_owned(),
        action::SESSION_ACCOUNT_SWITCHED => return "Account switched".to_owned(),
        action::HAND_OFF_REFUSED => return "Hand-off refused".to_owned(),
        action::IMPERSONATION_REOPENED => return "Impersonated session opened again".to_owned(),
        action::IMPERSONATION_OPENED => return "Impersonated session opened".to_owned(),
        action::SETTINGS_CHANGED => return "Impersonation settings changed".to_owned(),
        action::OPERATOR_SIGN_IN_FAILED => return "Operator sign-in failed".to_owned(),
        action::USER_SIGN_IN_FAILED => return "User sign-in failed".to_owned(),
        action::LOGOUT_UNDELIVERED => return "Application not told of a logout".to_owned(),
        action::LOGOUT_RETRIED => return "Back-channel logout sent again".to_owned(),
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

/// Who did it. Inside an impersonation both people: "Olivia Owner as Amara Okafor". What somebody else did to such a session
/// begins with who that was: "Amara Okafor · Olivia Owner as Amara Okafor" where the user ended it.
pub fn actor(event: &AuditItem) -> AnyView {
    let name = if event.actor_name.is_empty() { kind(event.actor_kind).to_owned() } else { event.actor_name.clone() };
    let Some(operator) = event.operator_name.clone() else { return view! { <bdi>{name}</bdi> }.erased() };
    let other = (!is_operators_doing(event)).then(|| view! { <bdi>{name.clone()}</bdi> " · " });
    let user = event.user_name.clone().unwrap_or(name);
    view! {
        {other}
        <bdi>{operator}</bdi>
        <span class="as">" as "</span>
        <bdi>{user}</bdi>
    }
    .erased()
}

/// Whether the operator of the impersonation did it: as itself, or in the user's name inside the session. What happens to the
/// session itself has its own actor: the user who revokes it, an administrator, the application, the clock.
fn is_operators_doing(event: &AuditItem) -> bool {
    match event.actor_kind {
        ActorKind::Operator => event.actor_id == event.operator_id,
        ActorKind::User => !event.action.starts_with("impersonation."),
        ActorKind::Client | ActorKind::Agent | ActorKind::System => false,
    }
}

pub fn kind(kind: ActorKind) -> &'static str {
    match kind {
        ActorKind::Operator => "Operator",
        ActorKind::User => "User",
        ActorKind::Client => "Application",
        ActorKind::Agent => "Agent",
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

    #[test]
    fn the_filter_offers_the_group_of_every_action() {
        let offered = |name: &str| GROUPS.iter().any(|(group, _)| name.split('.').next() == Some(*group));
        for (name, _) in action::ALL {
            assert!(offered(name), "{name} is in no group of the filter");
        }
        assert!(offered(action::REPORTED));
    }
}
