//! The rule of impersonation, pure: one function for the table, the page, the drawer, the hand-off and every token.

use crate::model::denial::Denial;
use crate::model::impersonation::{MINUTES, MINUTES_WITHOUT_KEEP_ALIVE};
use crate::model::operator::{Role, Roles};
use crate::server::platform::text::same_person;

/// Everything that the rule looks at.
#[derive(Clone, Debug)]
pub struct PolicyFacts<'a> {
    /// The environment's switch.
    pub enabled: bool,
    /// The operator's roles in the environment; none where the operator is disabled.
    pub roles: Roles,
    pub operator_email: &'a str,
    pub target: Target<'a>,
    /// The chosen account; `None` where the target has none at all.
    pub account: Option<AccountFacts>,
}

#[derive(Clone, Debug)]
pub struct Target<'a> {
    pub email: &'a str,
    pub locked: bool,
    pub verified: bool,
    /// Whether the target holds, in any account, a permission that the environment protects.
    pub is_protected: bool,
}

#[derive(Clone, Debug)]
pub struct AccountFacts {
    /// The target's membership in the account.
    pub membership: MembershipState,
    /// Whether the account has any application.
    pub has_applications: bool,
    /// The chosen application, where it is assigned to the account.
    pub application: Option<ApplicationFacts>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipState {
    None,
    Disabled,
    Enabled,
}

#[derive(Clone, Copy, Debug)]
pub struct ApplicationFacts {
    pub keep_session_alive: bool,
}

/// Permission to impersonate, and for how long from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub minutes: i64,
    /// Whether the session may be refreshed until its deadline.
    pub keep_session_alive: bool,
}

/// Decides. What concerns the operator and the environment comes before what concerns the target, so that nobody
/// without the right learns anything about a user from the refusal.
///
/// # Errors
/// The first reason that stands against it.
pub fn decide(facts: &PolicyFacts<'_>) -> Result<Grant, Denial> {
    decide_for_target(facts)?;
    let account = facts.account.as_ref().ok_or(Denial::NoAccount)?;
    decide_for_account(account)?;
    let application = account.application.ok_or(Denial::NotAssigned)?;
    Ok(Grant {
        minutes: if application.keep_session_alive { MINUTES } else { MINUTES_WITHOUT_KEEP_ALIVE },
        keep_session_alive: application.keep_session_alive,
    })
}

/// The part of the rule that no choice of account or application changes.
pub fn decide_for_target(facts: &PolicyFacts<'_>) -> Result<(), Denial> {
    if !facts.roles.can_impersonate() {
        return Err(Denial::RoleMissing);
    }
    if !facts.enabled {
        return Err(Denial::Off);
    }
    if same_person(facts.operator_email, facts.target.email) {
        return Err(Denial::SelfImpersonation);
    }
    if facts.target.locked {
        return Err(Denial::TargetLocked);
    }
    if !facts.target.verified {
        return Err(Denial::TargetUnverified);
    }
    if facts.target.is_protected && !facts.roles.has(Role::Owner) {
        return Err(Denial::TargetProtected);
    }
    Ok(())
}

/// The part of the rule that no choice of application changes.
pub fn decide_for_account(account: &AccountFacts) -> Result<(), Denial> {
    match account.membership {
        MembershipState::None => return Err(Denial::NotAMember),
        MembershipState::Disabled => return Err(Denial::DisabledInAccount),
        MembershipState::Enabled => {}
    }
    if account.has_applications { Ok(()) } else { Err(Denial::NoApplications) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowed() -> PolicyFacts<'static> {
        PolicyFacts {
            enabled: true,
            roles: [Role::Owner].into_iter().collect(),
            operator_email: "olivia@understudy.example",
            target: Target { email: "amara@northwind.example", locked: false, verified: true, is_protected: false },
            account: Some(AccountFacts {
                membership: MembershipState::Enabled,
                has_applications: true,
                application: Some(ApplicationFacts { keep_session_alive: true }),
            }),
        }
    }

    #[test]
    fn all_32_combinations_of_roles_follow_the_rule() {
        for bits in 0..32 {
            let roles = Roles::from_bits(bits);
            let owner = bits & 1 != 0;
            let admin = bits & 2 != 0;
            let impersonator = bits & 4 != 0;
            let editor = bits & 8 != 0;
            let viewer = bits & 16 != 0;
            let expected = owner || (impersonator && (admin || editor || viewer));
            let decision = decide(&PolicyFacts { roles, ..allowed() });
            assert_eq!(decision.is_ok(), expected, "{}", roles.labels());
            assert_eq!(decision.err(), (!expected).then_some(Denial::RoleMissing), "{}", roles.labels());
        }
    }

    #[test]
    fn impersonator_alone_cannot_and_owner_alone_can() {
        let alone = |role| decide(&PolicyFacts { roles: [role].into_iter().collect(), ..allowed() });
        assert_eq!(alone(Role::Impersonator), Err(Denial::RoleMissing));
        assert_eq!(alone(Role::Owner), Ok(Grant { minutes: 60, keep_session_alive: true }));
    }

    #[test]
    fn an_application_that_keeps_no_session_alive_gets_five_minutes() {
        let mut facts = allowed();
        facts.account = Some(AccountFacts {
            membership: MembershipState::Enabled,
            has_applications: true,
            application: Some(ApplicationFacts { keep_session_alive: false }),
        });
        assert_eq!(decide(&facts), Ok(Grant { minutes: 5, keep_session_alive: false }));
    }

    #[test]
    fn the_same_person_is_recognised_whatever_the_letters_case() {
        let mut facts = allowed();
        for own in ["Amara@Northwind.example ", "amara@northwind.example\u{200b}", "аmara@northwind.example"] {
            facts.operator_email = own;
            assert_eq!(decide(&facts), Err(Denial::SelfImpersonation), "{own:?}");
        }
    }

    #[test]
    fn only_an_owner_may_enter_the_session_of_who_is_protected() {
        for bits in 0..32 {
            let mut facts = PolicyFacts { roles: Roles::from_bits(bits), ..allowed() };
            let before = decide(&facts);
            facts.target.is_protected = true;
            let expected = if bits & 1 != 0 { before } else { before.and(Err(Denial::TargetProtected)) };
            assert_eq!(decide(&facts), expected, "{}", facts.roles.labels());
        }
    }

    fn any_account() -> impl Strategy<Value = Option<AccountFacts>> {
        let membership =
            prop_oneof![Just(MembershipState::None), Just(MembershipState::Disabled), Just(MembershipState::Enabled)];
        let application =
            proptest::option::of(any::<bool>().prop_map(|keep| ApplicationFacts { keep_session_alive: keep }));
        proptest::option::of((membership, any::<bool>(), application).prop_map(|(membership, has, application)| {
            AccountFacts { membership, has_applications: has || application.is_some(), application }
        }))
    }

    proptest! {
        /// A grant needs every single condition: whatever the facts, nothing slips through.
        #[test]
        fn a_grant_means_that_every_condition_holds(
            bits in 0_i64..32, enabled: bool, locked: bool, verified: bool, is_protected: bool, same: bool,
            account in any_account(),
        ) {
            let facts = PolicyFacts {
                enabled,
                roles: Roles::from_bits(bits),
                operator_email: if same { "amara@northwind.example" } else { "olivia@understudy.example" },
                target: Target { email: "amara@northwind.example", locked, verified, is_protected },
                account: account.clone(),
            };
            let expected = enabled && facts.roles.can_impersonate() && !locked && verified && !same
                && (!is_protected || bits & 1 != 0)
                && account.as_ref().is_some_and(|a| a.membership == MembershipState::Enabled && a.application.is_some());
            let decision = decide(&facts);
            prop_assert_eq!(decision.is_ok(), expected);
            if let Ok(grant) = decision {
                prop_assert!(grant.minutes == 60 || (grant.minutes == 5 && !grant.keep_session_alive));
            }
        }
    }
}
