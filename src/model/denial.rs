//! Why an impersonation is refused, in a word for programs and a sentence for the page.

use super::words::words;

words! {
    /// Why an impersonation may not start or go on.
    #[derive(Hash)]
    pub enum Denial {
        Off = "off",
        RoleMissing = "role_missing",
        SelfImpersonation = "self_impersonation",
        TargetLocked = "target_locked",
        TargetUnverified = "target_unverified",
        TargetProtected = "target_protected",
        NoAccount = "no_account",
        NotAMember = "not_a_member",
        DisabledInAccount = "disabled_in_account",
        NoApplications = "no_applications",
        NotAssigned = "not_assigned",
    }
}

impl Denial {
    /// What the page says beside the disabled button.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Off => {
                "Impersonation is turned off in this environment. An Owner or Admin can turn it on under Impersonation."
            }
            Self::RoleMissing => {
                "You need the Owner role, or Impersonator together with Admin, Backoffice Editor or Backoffice Viewer."
            }
            Self::SelfImpersonation => "This is you: the user has your own e-mail address.",
            Self::TargetLocked => "This user is locked. Locked users cannot be impersonated.",
            Self::TargetUnverified => "This user has not verified their e-mail address yet.",
            Self::TargetProtected => {
                "This user holds a permission that is protected in this environment. Only an Owner may impersonate them."
            }
            Self::NoAccount => "This user does not belong to any account.",
            Self::NotAMember => "This user is not a member of the chosen account.",
            Self::DisabledInAccount => "This user is disabled in the chosen account.",
            Self::NoApplications => "The chosen account has no applications. Assign one to it first.",
            Self::NotAssigned => "The chosen application is not assigned to this account.",
        }
    }
}
