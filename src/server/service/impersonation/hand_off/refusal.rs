//! Why a hand-off code was refused, in the words of the audit trail.

use crate::model::session::EndReason;

/// Why a code was refused. All but `Unknown` are in the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOffRefusal {
    Unknown,
    Replayed,
    Expired,
    /// The browser is not signed in to the portal.
    NoOperator,
    /// Not the browser in which the operator started it.
    ForeignOperator,
    /// Not the application for which it was made.
    ForeignApplication,
    /// A page without the proof that it is in the operator's browser.
    NoProof,
    /// Presented by a browser though the application signs its users in itself, or by an application that does not.
    OtherLoginMethod,
    /// The browser holds as many running sessions as one may.
    BrowserFull,
    /// The impersonation is over.
    Ended(EndReason),
}

impl HandOffRefusal {
    /// The same as a word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Replayed => "replayed",
            Self::Expired => "expired",
            Self::NoOperator => "no_operator",
            Self::ForeignOperator => "foreign_operator",
            Self::ForeignApplication => "foreign_application",
            Self::NoProof => "no_proof",
            Self::OtherLoginMethod => "other_login_method",
            Self::BrowserFull => "browser_full",
            Self::Ended(_) => "ended",
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Unknown => "the code is unknown",
            Self::Replayed => "the code was used already",
            Self::Expired => "the code was older than 60 seconds",
            Self::NoOperator => {
                "the browser is not signed in to the portal under the address of the server's PUBLIC_URL"
            }
            Self::ForeignOperator => "the browser is not signed in to the portal as the operator who started it",
            Self::ForeignApplication => "another application presented the code",
            Self::NoProof => "the page that presented it did not prove to be in the operator's browser",
            Self::OtherLoginMethod => "the code is for the other way of signing in",
            Self::BrowserFull => "the browser holds too many running sessions",
            Self::Ended(_) => "the impersonation is over",
        }
    }
}
