//! The settings, with their effect in words that follow the choice before it is saved.

mod entered;

use leptos::prelude::*;

use self::entered::{Entered, Stored};
use crate::model::error::ApiError;
use crate::model::impersonation::{ImpersonationOverview, ImpersonationSettings, UnsavedSettings};
use crate::rpc::impersonation::UpdateSettings;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::address::use_words;
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
    /// What came back in the address, where script did not save it.
    came_back: StoredValue<UnsavedSettings>,
    /// Whether somebody changed the settings under what was entered here: then the page says what it would replace.
    is_overtaken: RwSignal<bool>,
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
        let conflicts = move |error: &Option<ApiError>| matches!(error, Some(ApiError::Conflict { .. }));
        // Where somebody else was quicker, the page learns what they made of it.
        effect(move || {
            if conflicts(&save.error.read()) {
                overview.refetch();
            }
        });
        let words = use_words();
        let came_back = match save.error.with_untracked(Option::is_some) {
            true => words.with_untracked(|words| UnsavedSettings::of(|name| words.get(name))),
            false => UnsavedSettings::default(),
        };
        let is_overtaken = save.error.with_untracked(conflicts);
        Self {
            frame,
            save,
            saved,
            stored: RwSignal::new(None),
            enabled: RwSignal::new(false),
            hidden: RwSignal::new(false),
            protected: RwSignal::new(String::new()),
            came_back: StoredValue::new(came_back),
            is_overtaken: RwSignal::new(is_overtaken),
        }
    }

    /// Takes over what the server says of what was not changed here. What was, stays until it is saved.
    fn take(self, overview: &ImpersonationOverview) {
        let stored = Stored::of(self.frame.environment.get_untracked(), overview);
        let known = self.stored.get_untracked();
        if known.as_ref() == Some(&stored) {
            return;
        }
        let is_first = known.is_none();
        let unsaved = match known {
            Some(known) if known.environment == stored.environment => known.unsaved(&untrack(|| self.entered())),
            // Of another environment.
            Some(_) => UnsavedSettings::default(),
            None => self.came_back.get_value(),
        };
        let entered = stored.overlaid(unsaved);
        let is_retyped = stored.is_retyped(&entered.protected);
        self.is_overtaken.update(|overtaken| *overtaken = is_retyped && (*overtaken || !is_first));
        self.enabled.set(entered.settings.enabled);
        self.hidden.set(entered.settings.hide_from_account_audit);
        self.protected.set(entered.protected);
        self.stored.set(Some(stored));
    }

    fn entered(self) -> Entered {
        let settings =
            ImpersonationSettings { enabled: self.enabled.get(), hide_from_account_audit: self.hidden.get() };
        Entered { settings, protected: self.protected.get() }
    }

    /// What saving would put something else in the place of, where somebody else stored it meanwhile.
    fn replaced(self) -> Option<String> {
        let stored =
            self.stored.get().filter(|stored| self.is_overtaken.get() && stored.is_retyped(&self.protected.read()));
        stored.map(|Stored { protected, .. }| match protected.as_str() {
            "" => "nothing".to_owned(),
            list => list.replace('\n', ", "),
        })
    }

    fn is_changed(self) -> bool {
        let entered = self.entered();
        self.stored.read().as_ref().is_some_and(|stored| stored.unsaved(&entered) != UnsavedSettings::default())
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
    let protected_was = move || settings.stored.with(|stored| stored.as_ref().map(|stored| stored.protected.clone()));
    let fields = view! {
                <input type="hidden" name="environment" value=move || settings.frame.environment.get()/>
                <input type="hidden" name="version" value=version/>
                <input type="hidden" name="enabled_was" value=move || settings.was().enabled.to_string()/>
                <input
                    type="hidden"
                    name="hide_from_account_audit_was"
                    value=move || settings.was().hide_from_account_audit.to_string()
                />
                <input type="hidden" name="protected_permissions_was" value=protected_was/>
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
    let replaced = move || {
        settings.replaced().map(|stored| {
            view! {
                <p class="setting-effect" role="status">
                    <strong class="warn">"Stored by now: " {stored} "."</strong>
                    " Saving puts what you typed in its place."
                </p>
            }
        })
    };
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
            {replaced}
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
