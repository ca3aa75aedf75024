//! Accounts, as they are chosen from.

use serde::{Deserialize, Serialize};

/// Accounts that one search shows. Where there are more, one types more.
pub const ACCOUNTS_FOUND: usize = 50;

/// What a page says about choosing an account: the one that is chosen, and what a search without script found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChoice {
    /// The one that is chosen, if it exists.
    pub chosen: Option<AccountOption>,
    /// What was looked for by the page's address, if anything was.
    pub found: Option<FoundAccounts>,
    /// How many the environment has.
    pub total: i64,
}

/// The first accounts that match, [`ACCOUNTS_FOUND`] at most, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAccounts {
    pub accounts: Vec<AccountOption>,
    /// Whether others match too.
    pub more: bool,
}

/// An account in a choice. Names can be equal; external ids never are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOption {
    pub external_id: String,
    pub name: String,
}
