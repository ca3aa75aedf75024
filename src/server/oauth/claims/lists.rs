//! How much of a user's accounts, roles and permissions goes into an access token.
//!
//! Servers and proxies refuse headers beyond 8 kB, some beyond 4, and they refuse exactly those users who have most. So a
//! token stays below 4 kB; what is left out is said in it, and userinfo has all of it.

use serde::Serialize;

/// External ids of accounts in a token or an answer about one, at most.
pub const MOST_TENANTS: usize = 50;
/// Bytes of JSON in a token. With base64, header and an RSA signature that makes less than 4,096.
const PAYLOAD: usize = 2_600;
/// Bytes of lists where everything else is long already.
const AT_LEAST: usize = 400;

#[derive(Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lists<'a> {
    pub tenant_ids: &'a [&'a str],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tenant_ids_overflow: bool,
    pub roles: &'a [&'a str],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub roles_overflow: bool,
    pub permissions: &'a [&'a str],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub permissions_overflow: bool,
}

/// The part of each list that fits.
pub struct Fitting<'a> {
    tenant_ids: Vec<&'a str>,
    roles: Vec<&'a str>,
    permissions: Vec<&'a str>,
    overflow: [bool; 3],
}

impl<'a> Fitting<'a> {
    /// What fits into a token whose other claims take `others` bytes. The account `tenant_id` is always among the accounts.
    pub fn of(
        tenant_id: &'a str,
        tenant_ids: &'a [String],
        roles: &'a [String],
        permissions: &'a [String],
        others: usize,
    ) -> Self {
        let mut left = PAYLOAD.saturating_sub(others).max(AT_LEAST);
        // Rights come first: without an account's id somebody has to ask, without a right somebody is refused.
        let mut accounts_part = left / 5;
        accounts_part = accounts_part.min(tenant_ids.iter().take(MOST_TENANTS).map(|id| cost(id)).sum());
        left -= accounts_part;
        let roles_part = (left / 3).max(left.saturating_sub(permissions.iter().map(|key| cost(key)).sum()));
        let (roles, rest, roles_cut) = taken(roles.iter().map(String::as_str), roles_part, usize::MAX);
        left -= roles_part - rest;
        let (permissions, rest, permissions_cut) = taken(permissions.iter().map(String::as_str), left, usize::MAX);
        let (tenant_ids, tenants_cut) = accounts(tenant_id, tenant_ids, accounts_part + rest);
        Self { tenant_ids, roles, permissions, overflow: [tenants_cut, roles_cut, permissions_cut] }
    }

    pub fn lists(&self) -> Lists<'_> {
        let [tenant_ids_overflow, roles_overflow, permissions_overflow] = self.overflow;
        Lists {
            tenant_ids: &self.tenant_ids,
            tenant_ids_overflow,
            roles: &self.roles,
            roles_overflow,
            permissions: &self.permissions,
            permissions_overflow,
        }
    }
}

/// Accounts for a token or an answer: the first ones, and `tenant_id` among them. Gives whether there are more.
pub fn accounts<'a>(tenant_id: &'a str, tenant_ids: &'a [String], bytes: usize) -> (Vec<&'a str>, bool) {
    let (mut taken, _, cut) = taken(tenant_ids.iter().map(String::as_str), bytes, MOST_TENANTS);
    if cut && !taken.contains(&tenant_id) {
        taken.pop();
        taken.push(tenant_id);
    }
    (taken, cut)
}

/// As many as fit, what is left of the bytes, and whether there are more.
fn taken<'a>(all: impl Iterator<Item = &'a str>, bytes: usize, most: usize) -> (Vec<&'a str>, usize, bool) {
    let (mut taken, mut left) = (Vec::new(), bytes);
    for one in all {
        if taken.len() == most || cost(one) > left {
            return (taken, left, true);
        }
        left -= cost(one);
        taken.push(one);
    }
    (taken, left, false)
}

/// Bytes in JSON, with its comma.
fn cost(text: &str) -> usize {
    serde_json::to_string(text).map_or(text.len() + 2, |json| json.len()) + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn many(count: usize, name: &str) -> Vec<String> {
        (0..count).map(|number| format!("{name}-{number:04}")).collect()
    }

    #[test]
    fn what_is_few_is_whole() {
        let (tenants, roles, permissions) = (many(50, "t"), many(3, "role"), many(20, "some.permission"));
        let fitting = Fitting::of("t-0001", &tenants, &roles, &permissions, 700);
        let lists = fitting.lists();
        assert_eq!(lists.tenant_ids, tenants);
        assert_eq!(lists.roles, roles);
        assert_eq!(lists.permissions, permissions);
        assert_eq!(fitting.overflow, [false; 3]);
    }

    #[test]
    fn of_many_accounts_the_active_one_is_there_and_it_is_said_that_there_are_more() {
        let tenants = many(400, "customer");
        let fitting = Fitting::of("customer-0399", &tenants, &[], &[], 700);
        assert_eq!(fitting.lists().tenant_ids.len(), MOST_TENANTS);
        assert_eq!(fitting.lists().tenant_ids.last(), Some(&"customer-0399"));
        assert_eq!(fitting.overflow, [true, false, false]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn lists_never_take_more_than_there_is(
            tenants in prop::collection::vec("[a-zß\"漢]{1,100}", 1..80),
            roles in prop::collection::vec("[a-z]{1,60}", 0..60),
            permissions in prop::collection::vec("[a-z.]{1,80}", 0..200),
            others in 300_usize..2_000,
        ) {
            let fitting = Fitting::of(&tenants[0], &tenants, &roles, &permissions, others);
            let bytes = serde_json::to_vec(&fitting.lists()).expect("JSON").len();
            // Names of the members, and one account's id in place of another's.
            prop_assert!(bytes <= PAYLOAD - others + 120 + 420, "{bytes}");
            prop_assert!(fitting.lists().tenant_ids.contains(&tenants[0].as_str()) || tenants.is_empty());
        }
    }
}
