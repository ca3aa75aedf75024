//! Accounts, as they are chosen from.

use serde::{Deserialize, Serialize};

/// Counting accounts that match what is looked for stops there.
pub const ACCOUNTS_MATCHED: i64 = 1_000;

/// Accounts to choose from: the beginning of all that match, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChoice {
    pub found: Vec<AccountOption>,
    /// How many match, of which `found` are the first: [`ACCOUNTS_MATCHED`] at most where something is looked for.
    pub matching: i64,
    /// How many the environment has.
    pub total: i64,
    /// The one that is chosen, if it exists.
    pub chosen: Option<AccountOption>,
    /// Where the accounts behind `found` begin. Made by the server.
    pub next: Option<String>,
}

/// An account in a choice. Names can be equal; external ids never are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOption {
    pub external_id: String,
    pub name: String,
}
