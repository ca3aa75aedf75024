//! What an impersonation may do.

use super::words::words;

words! {
    pub enum Mode {
        /// Whatever the user may do.
        Act = "act" => "Act",
        /// Only what changes nothing.
        Look = "look" => "Look only",
    }
}
