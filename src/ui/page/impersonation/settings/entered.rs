//! What stands in the form of the settings, beside what the server has.
//!
//! Somebody else may save while the form is being filled in. What was not touched here then follows the server, and what was
//! touched stays until it is saved.

use crate::model::impersonation::{ImpersonationOverview, ImpersonationSettings, UnsavedSettings, same_permissions};

/// What the server has, at one version.
#[derive(Clone, PartialEq)]
pub struct Stored {
    pub environment: String,
    pub version: i64,
    pub settings: ImpersonationSettings,
    /// The protected permissions, one a line.
    pub protected: String,
}

/// What is chosen and typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entered {
    pub settings: ImpersonationSettings,
    pub protected: String,
}

impl Stored {
    pub fn of(environment: String, overview: &ImpersonationOverview) -> Self {
        let protected = overview.protected_permissions.join("\n");
        Self { environment, version: overview.version, settings: overview.settings, protected }
    }

    /// What was changed since the server had this.
    pub fn unsaved(&self, entered: &Entered) -> UnsavedSettings {
        let switched = |now: bool, before: bool| (now != before).then_some(now);
        let (now, before) = (entered.settings, self.settings);
        UnsavedSettings {
            enabled: switched(now.enabled, before.enabled),
            hide_from_account_audit: switched(now.hide_from_account_audit, before.hide_from_account_audit),
            protected_permissions: self.is_retyped(&entered.protected).then(|| entered.protected.clone()),
        }
    }

    /// What stands in the form where this was changed in it and not saved.
    pub fn overlaid(&self, unsaved: UnsavedSettings) -> Entered {
        let before = self.settings;
        let retyped = unsaved.protected_permissions.filter(|text| self.is_retyped(text));
        Entered {
            settings: ImpersonationSettings {
                enabled: unsaved.enabled.unwrap_or(before.enabled),
                hide_from_account_audit: unsaved.hide_from_account_audit.unwrap_or(before.hide_from_account_audit),
            },
            protected: retyped.unwrap_or_else(|| self.protected.clone()),
        }
    }

    /// Whether this text names other protected permissions.
    pub fn is_retyped(&self, protected: &str) -> bool {
        !same_permissions(protected, &self.protected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(version: i64, enabled: bool, protected: &str) -> Stored {
        let settings = ImpersonationSettings { enabled, hide_from_account_audit: false };
        Stored { environment: "production".to_owned(), version, settings, protected: protected.to_owned() }
    }

    #[test]
    fn what_was_touched_stays_and_what_was_not_follows_who_saved_meanwhile() {
        let seen = stored(1, true, "");
        let hidden = ImpersonationSettings { enabled: true, hide_from_account_audit: true };
        let entered = Entered { settings: hidden, protected: "users.write, ".to_owned() };
        let theirs = stored(2, false, "account.audit.read");
        let kept = theirs.overlaid(seen.unsaved(&entered));
        let off_and_hidden = ImpersonationSettings { enabled: false, hide_from_account_audit: true };
        assert_eq!(kept, Entered { settings: off_and_hidden, protected: "users.write, ".to_owned() });
        let untouched = Entered { settings: seen.settings, protected: "\n".to_owned() };
        assert_eq!(seen.unsaved(&untouched), UnsavedSettings::default());
        let followed = theirs.overlaid(seen.unsaved(&untouched));
        assert_eq!(followed, Entered { settings: theirs.settings, protected: "account.audit.read".to_owned() });
    }

    #[test]
    fn what_was_saved_is_shown_as_the_server_writes_it() {
        let seen = stored(1, true, "");
        let entered = Entered { settings: seen.settings, protected: "b.write a.read".to_owned() };
        let saved = stored(2, true, "a.read\nb.write");
        let shown = saved.overlaid(seen.unsaved(&entered));
        assert_eq!(shown.protected, "a.read\nb.write");
        assert_eq!(saved.unsaved(&shown), UnsavedSettings::default(), "nothing is left to save");
    }
}
