//! The settings, with their effect in words that follow the choice before it is saved.

use leptos::prelude::*;

use crate::model::impersonation::{ImpersonationOverview, ImpersonationSettings};
use crate::rpc::impersonation::UpdateSettings;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::field::{label, switch};
use crate::ui::kit::form::Form;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::Loading;

/// What lives as long as the page: the choice survives when the live sessions below are loaded anew.
#[derive(Clone, Copy)]
pub struct Settings {
    frame: Frame,
    save: Form,
    saved: Callback<()>,
    stored: RwSignal<Option<Stored>>,
    enabled: RwSignal<bool>,
    hidden: RwSignal<bool>,
    protected: RwSignal<String>,
}

/// What the server has, at one version.
#[derive(Clone, PartialEq)]
struct Stored {
    version: i64,
    settings: ImpersonationSettings,
    protected: String,
}

impl Settings {
    pub fn new(frame: Frame, overview: Loading<ImpersonationOverview>) -> Self {
        let toasts = Toasts::current();
        let saved = Callback::new(move |()| {
            toasts.say("Settings saved");
            overview.refetch();
            frame.refresh();
        });
        let save = Form::to::<UpdateSettings>();
        // Where somebody else was quicker, what is shown is theirs.
        effect(move || {
            if save.error.read().as_ref().is_some_and(|error| error.for_field("version").is_some()) {
                overview.refetch();
            }
        });
        Self {
            frame,
            save,
            saved,
            stored: RwSignal::new(None),
            enabled: RwSignal::new(false),
            hidden: RwSignal::new(false),
            protected: RwSignal::new(String::new()),
        }
    }

    /// Takes over what the server says, unless it says nothing new: then an unsaved choice stays.
    fn take(self, overview: &ImpersonationOverview) {
        let protected = overview.protected_permissions.join("\n");
        let stored = Stored { version: overview.version, settings: overview.settings, protected };
        if self.stored.with_untracked(|known| known.as_ref() != Some(&stored)) {
            self.enabled.set(stored.settings.enabled);
            self.hidden.set(stored.settings.hide_from_account_audit);
            self.protected.set(stored.protected.clone());
            self.stored.set(Some(stored));
        }
    }

    fn is_changed(self) -> bool {
        let chosen = ImpersonationSettings { enabled: self.enabled.get(), hide_from_account_audit: self.hidden.get() };
        self.stored.with(|stored| {
            stored
                .as_ref()
                .is_some_and(|stored| stored.settings != chosen || stored.protected != *self.protected.read())
        })
    }

    fn was(self) -> ImpersonationSettings {
        self.stored.with(|stored| stored.as_ref().map(|stored| stored.settings).unwrap_or_default())
    }
}

pub fn section(settings: Settings, overview: Signal<ImpersonationOverview>) -> AnyView {
    overview.with_untracked(|overview| settings.take(overview));
    effect(move || overview.with(|overview| settings.take(overview)));
    let may_change = Memo::new(move |_| {
        let overview = overview.read();
        (overview.can_change_settings, overview.can_unprotect)
    });
    let live = Memo::new(move |_| overview.read().running);
    (move || form(settings, may_change.get(), live)).erased()
}

/// What the operator may change: anything, and that by taking a protected permission off.
type May = (bool, bool);

fn form(settings: Settings, (may_change, may_unprotect): May, live: Memo<i64>) -> AnyView {
    let save = settings.save;
    let foot = if may_change {
        view! {
            {save.failure()}
            <div class="form-foot">
                <button
                    class="button"
                    class:primary=move || settings.is_changed()
                    type="submit"
                    disabled=move || save.busy.get()
                >
                    {move || if save.busy.get() { "Saving…" } else { "Save settings" }}
                </button>
                <span class="dim needs-script" role="status">
                    {move || settings.is_changed().then_some("Not saved yet")}
                </span>
            </div>
        }
        .erased()
    } else {
        view! {
            <p class="notice">
                {icon("lock")}
                <span>"Only an Owner or Admin of this environment can change these settings."</span>
            </p>
        }
        .erased()
    };
    let version = move || settings.stored.with(|stored| stored.as_ref().map(|stored| stored.version.to_string()));
    let fields = view! {
                <input type="hidden" name="environment" value=move || settings.frame.environment.get()/>
                <input type="hidden" name="version" value=version/>
                <input type="hidden" name="enabled_was" value=move || settings.was().enabled.to_string()/>
                <input
                    type="hidden"
                    name="hide_from_account_audit_was"
                    value=move || settings.was().hide_from_account_audit.to_string()
                />
                <div class="setting">
                    {switch("enabled", "enabled-effect", "Allow impersonation", settings.enabled, !may_change)}
                    <p class="setting-effect" id="enabled-effect">{move || enabled_effect(settings, live.get())}</p>
                </div>
                <div class="setting">
                    {switch("hide_from_account_audit", "hidden-effect", "Hide from account audit logs", settings.hidden, !may_change)}
                    <p class="setting-effect" id="hidden-effect">{move || hidden_effect(settings)}</p>
                </div>
                {protected_field(settings, may_change, may_unprotect)}
                {foot}
    };
    view! {
        <section class="card section settings" aria-labelledby="settings-title">
            <h2 class="section-title" id="settings-title">"Settings"</h2>
            {save.view("form", fields.erased(), Callback::new(move |_| settings.saved.run(())))}
        </section>
    }
    .erased()
}

fn protected_field(settings: Settings, may_change: bool, may_unprotect: bool) -> AnyView {
    let save = settings.save;
    let rule = (may_change && !may_unprotect).then_some(" You may add to the list; only an Owner may take one off.");
    view! {
        <div class="setting field">
            {label("protected-permissions", "Protected permissions", "one a line")}
            <textarea
                class="input"
                id="protected-permissions"
                name="protected_permissions"
                rows="2"
                spellcheck="false"
                placeholder="account.audit.read"
                aria-describedby="protected-error protected-effect"
                aria-invalid=save.is_wrong("protected_permissions")
                disabled=!may_change
                prop:value=move || settings.protected.get()
                on:input=move |event| settings.protected.set(event_target_value(&event))
            >
                {settings.protected.get_untracked()}
            </textarea>
            {save.error_line("protected-error", "protected_permissions")}
            <p class="setting-effect" id="protected-effect">
                "Only an Owner may impersonate a user who holds one of these in any account. Whoever is given one while somebody else is in their session gets it back at once. A good beginning is "
                <code>"account.audit.read"</code> ", which administrators of accounts have." {rule}
            </p>
        </div>
    }
    .erased()
}

fn enabled_effect(settings: Settings, live: i64) -> AnyView {
    let stored = settings.was().enabled;
    match (settings.enabled.get(), stored) {
        (true, _) => "Owners can start sessions as users, and so can Impersonators who are also Admin, Backoffice Editor or Backoffice Viewer."
            .erased(),
        (false, true) if live > 0 => {
            let sessions = if live == 1 { "1 live session".to_owned() } else { format!("{live} live sessions") };
            view! { <strong class="warn">"Saving ends " {sessions} " at once."</strong> " After that nobody can start one here." }.erased()
        }
        (false, _) => "Nobody can start a session as a user in this environment.".erased(),
    }
}

fn hidden_effect(settings: Settings) -> &'static str {
    if settings.hidden.get() {
        "Customers’ administrators do not see impersonations in their account’s log. The audit trail here and each user’s own sessions always show them. What was written before stays."
    } else {
        "Customers’ administrators see in their account’s log who impersonated whom, why, and what was done. What was hidden before stays hidden."
    }
}
