//! What an operator must be to do something.

use super::operator::Roles;
use super::words::words;

words! {
    /// What a page, an action or a call of the portal asks for.
    #[derive(Hash)]
    pub enum Right {
        /// Being signed in.
        SignedIn = "signed_in",
        /// [`Roles::can_view`].
        View = "view",
        /// [`Roles::can_edit`].
        Edit = "edit",
        /// [`Roles::can_administer`].
        Administer = "administer",
        /// [`Roles::can_impersonate`].
        Impersonate = "impersonate",
        /// Being an Owner.
        Own = "own",
    }
}

impl Right {
    /// Whether whoever has these roles in an environment may do there what asks for this.
    pub fn allows(self, roles: Roles) -> bool {
        match self {
            Self::SignedIn => true,
            Self::View => roles.can_view(),
            Self::Edit => roles.can_edit(),
            Self::Administer => roles.can_administer(),
            Self::Impersonate => roles.can_impersonate(),
            Self::Own => roles.can_unprotect(),
        }
    }
}
