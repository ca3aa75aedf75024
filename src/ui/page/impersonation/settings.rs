//! The two settings, with their effect in words that follow the choice before it is saved.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use crate::api::impersonation::{UpdateSettings, update_settings};
use crate::model::impersonation::{ImpersonationOverview, ImpersonationSettings};
use crate::ui::address::Words;
use crate::ui::component::field::switch;
use crate::ui::component::form::{Call, post_form};
use crate::ui::component::icon::icon;
use crate::ui::component::loaded::Loading;
use crate::ui::component::state::alert;
use crate::ui::component::toast::Toasts;
use crate::ui::erase::Erase;
use crate::ui::frame::Frame;

/// What lives as long as the page: the choice survives when the live sessions below are loaded anew.
#[derive(Clone, Copy)]
pub struct Settings {
    frame: Frame,
    save: Call,
    saved: Callback<()>,
    stored: RwSignal<Option<ImpersonationSettings>>,
    enabled: RwSignal<bool>,
    hidden: RwSignal<bool>,
}

impl Settings {
    pub fn new(frame: Frame, overview: Loading<ImpersonationOverview>) -> Self {
        let toasts = Toasts::current();
        let saved = Callback::new(move |()| {
            toasts.say("Settings saved");
            overview.refetch();
            frame.refresh();
        });
        Self {
            frame,
            save: Call::to(UpdateSettings::PATH),
            saved,
            stored: RwSignal::new(None),
            enabled: RwSignal::new(false),
            hidden: RwSignal::new(false),
        }
    }

    /// Takes over what the server says, unless it says nothing new: then an unsaved choice stays.
    fn take(self, settings: ImpersonationSettings) {
        if self.stored.get_untracked() != Some(settings) {
            self.enabled.set(settings.enabled);
            self.hidden.set(settings.hide_from_account_audit);
            self.stored.set(Some(settings));
        }
    }

    fn is_changed(self) -> bool {
        let chosen = ImpersonationSettings { enabled: self.enabled.get(), hide_from_account_audit: self.hidden.get() };
        self.stored.get().is_some_and(|stored| stored != chosen)
    }
}

pub fn section(settings: Settings, overview: &ImpersonationOverview) -> AnyView {
    settings.take(overview.settings);
    let may_change = overview.can_change_settings;
    let live = overview.running;
    let save = settings.save;
    let submitted = Callback::new(move |words: Words| {
        let is_on = |name| !words.get(name).is_empty();
        let environment = settings.frame.environment.get_untracked();
        let call = update_settings(environment, is_on("enabled"), is_on("hide_from_account_audit"));
        save.run(call, move |()| settings.saved.run(()));
    });
    let foot = if may_change {
        view! {
            {move || save.failure().map(alert)}
            <div class="form-foot">
                <button class="button primary" type="submit" disabled=move || save.busy.get()>
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
    let fields = view! {
                <input type="hidden" name="environment" value=move || settings.frame.environment.get()/>
                <div class="setting">
                    {switch("enabled", "enabled-effect", "Allow impersonation", settings.enabled, !may_change)}
                    <p class="setting-effect" id="enabled-effect">{move || enabled_effect(settings, live)}</p>
                </div>
                <div class="setting">
                    {switch("hide_from_account_audit", "hidden-effect", "Hide from account audit logs", settings.hidden, !may_change)}
                    <p class="setting-effect" id="hidden-effect">{move || hidden_effect(settings)}</p>
                </div>
                {foot}
    };
    view! {
        <section class="card section settings" aria-labelledby="settings-title">
            <h2 class="section-title" id="settings-title">"Settings"</h2>
            {post_form(UpdateSettings::url(), "form", submitted, fields.erased())}
        </section>
    }
    .erased()
}

fn enabled_effect(settings: Settings, live: i64) -> AnyView {
    let stored = settings.stored.get().is_some_and(|stored| stored.enabled);
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
