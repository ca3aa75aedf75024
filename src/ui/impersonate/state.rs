//! What the drawer knows and what the operator has chosen in it.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsValue;
use leptos::web_sys::js_sys::Reflect;
use leptos_router::hooks::use_location;

use super::draft::{Draft, Whose, asked_by};
use super::session::Running;
use super::{Opening, came_back};
use crate::model::denial::Denial;
use crate::model::impersonation::{Drawer, DrawerAccount, DrawerApplication, REASON_MAX};
use crate::model::text::written;
use crate::ui::component::dialog::focus;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::clock::{Clock, Now};
use crate::ui::kit::form::Form;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::live::Live;

#[derive(Clone, Copy)]
pub struct State {
    pub opening: Opening,
    pub drawer: StoredValue<Drawer>,
    pub frame: Frame,
    pub toasts: Toasts,
    pub live: Live,
    pub now: Now,
    pub hydrated: RwSignal<bool>,
    /// External id of the chosen account, client id of the chosen application.
    pub account: RwSignal<String>,
    pub application: RwSignal<String>,
    /// What was chosen before and is not there any more.
    pub lost: RwSignal<Option<&'static str>>,
    /// What the address asks for.
    pub(super) asked: StoredValue<String>,
    pub reason: RwSignal<String>,
    pub ticket: RwSignal<String>,
    pub form: Form,
    /// Newest first.
    pub running: RwSignal<Vec<Running>>,
    /// Whether the drawer shows the session that it has just started instead of its form.
    pub just_started: RwSignal<bool>,
}

impl State {
    pub fn new(opening: Opening, drawer: Drawer) -> Self {
        let words = use_words().get_untracked();
        let asked = |name: &str| if opening.prefilled { words.get(name).to_owned() } else { String::new() };
        let all_asked = if opening.prefilled { asked_by(&words) } else { String::new() };
        // A page that came from the server is first what the server made it: then the draft follows, by `recall`.
        let hydrated = Clock::current().hydrated;
        let draft = hydrated.get_untracked().then(|| opening.drafts.of(whose(&drawer), &all_asked)).flatten();
        let lost = draft.as_ref().and_then(|draft| lost(&drawer, draft));
        let wanted = draft.unwrap_or_else(|| Draft {
            account: asked("account"),
            // Without script another account was chosen: then its own default application counts.
            application: if words.get("impersonate") == "account" { String::new() } else { asked("application") },
            reason: asked("reason"),
            ticket: asked("ticket"),
            asked: String::new(),
        });
        let account = preselected_account(&drawer, &wanted.account);
        let application = account.and_then(|account| preselected_application(account, &wanted.application));
        let running = drawer.running.iter().map(Running::of).collect();
        Self {
            opening,
            frame: Frame::current(),
            toasts: Toasts::current(),
            live: Live::current(),
            now: Now::of(drawer.now),
            hydrated,
            account: RwSignal::new(account.map(|account| account.external_id.clone()).unwrap_or_default()),
            application: RwSignal::new(
                application.map(|application| application.client_id.clone()).unwrap_or_default(),
            ),
            lost: RwSignal::new(lost),
            asked: StoredValue::new(all_asked),
            reason: RwSignal::new(wanted.reason),
            ticket: RwSignal::new(wanted.ticket),
            form: came_back::form(&words),
            running: RwSignal::new(running),
            just_started: RwSignal::new(false),
            drawer: StoredValue::new(drawer),
        }
    }

    /// Chooses an account, and with it that account's default application.
    pub fn choose_account(self, external_id: String) {
        let application = self.drawer.with_value(|drawer| {
            find_account(drawer, &external_id)
                .and_then(DrawerAccount::default_application)
                .map(|application| application.client_id.clone())
        });
        self.application.set(application.unwrap_or_default());
        self.account.set(external_id);
        self.chosen();
    }

    pub fn choose_application(self, client_id: String) {
        self.application.set(client_id);
        self.chosen();
    }

    /// Chooses what an ended session had, as far as it is still there to choose, and says where it is not: nobody is to start
    /// in another account without noticing.
    pub fn choose_again(self, account: &str, application: &str) {
        let mut wanted = self.draft();
        (wanted.account, wanted.application) = (account.to_owned(), application.to_owned());
        let (found, lost) = self.drawer.with_value(|drawer| (chosen_by(drawer, &wanted), lost(drawer, &wanted)));
        if let Some((account, application)) = found {
            self.application.set(application);
            self.account.set(account);
        }
        self.form.error.set(None);
        self.lost.set(lost);
        // As it was wanted: the form, when it is drawn anew, reads it and says the same.
        self.opening.drafts.keep(self.whose(), wanted);
    }

    /// A choice is worth as much as what is typed: it is there again wherever that is.
    fn chosen(self) {
        self.form.error.set(None);
        self.lost.set(None);
        self.keep_draft();
    }

    pub fn with_account<T>(self, read: impl FnOnce(Option<&DrawerAccount>) -> T) -> T {
        let chosen = self.account.read();
        self.drawer.with_value(|drawer| read(find_account(drawer, &chosen)))
    }

    pub fn with_application<T>(self, read: impl FnOnce(Option<&DrawerApplication>) -> T) -> T {
        let chosen = self.application.read();
        self.with_account(|account| {
            read(
                account.and_then(|account| {
                    account.applications.iter().find(|application| application.client_id == *chosen)
                }),
            )
        })
    }

    /// The names of an account and of an application in it.
    pub fn names_of(self, account: &str, application: &str) -> (String, String) {
        self.drawer.with_value(|drawer| {
            let Some(account) = find_account(drawer, account) else { return Default::default() };
            let named = account.applications.iter().find(|known| known.client_id == application);
            (account.name.clone(), named.map(|known| known.name.clone()).unwrap_or_default())
        })
    }

    /// Why starting is refused with what is chosen now, if it is: the widest reason first.
    pub fn denial(self) -> Option<Denial> {
        self.drawer
            .with_value(|drawer| drawer.denial.or_else(|| drawer.accounts.is_empty().then_some(Denial::NoAccount)))
            .or_else(|| {
                self.with_account(|account| {
                    account.and_then(|account| {
                        account.denial.or_else(|| account.applications.is_empty().then_some(Denial::NoApplications))
                    })
                })
            })
            .or_else(|| self.with_application(|application| application.and_then(|application| application.denial)))
    }

    /// Keeps what was chosen and typed where the drawer closes before it was sent.
    pub fn keep_draft(self) {
        self.opening.drafts.keep(self.whose(), self.draft());
    }

    fn draft(self) -> Draft {
        Draft {
            account: self.account.get_untracked(),
            application: self.application.get_untracked(),
            reason: self.reason.get_untracked(),
            ticket: self.ticket.get_untracked(),
            asked: self.asked.get_value(),
        }
    }

    /// It has been sent: nothing of it comes back.
    pub fn drop_draft(self) {
        self.opening.drafts.drop(self.whose());
    }

    /// Takes the draft over where the page came from the server, which does not know it. What was typed before the page was
    /// taken over stays.
    pub fn recall(self) {
        let Some(draft) = self.opening.drafts.of(self.whose(), &self.asked.with_value(Clone::clone)) else { return };
        let asked = self.asked.with_value(|asked| Words::parse(asked));
        let untouched =
            |now: RwSignal<String>, name| now.with_untracked(|now| now.is_empty() || now == asked.get(name));
        if untouched(self.reason, "reason") {
            self.reason.set(draft.reason.clone());
        }
        if untouched(self.ticket, "ticket") {
            self.ticket.set(draft.ticket.clone());
        }
        self.drawer.with_value(|drawer| {
            self.lost.set(lost(drawer, &draft));
            if let Some((account, application)) = chosen_by(drawer, &draft) {
                self.application.set(application);
                self.account.set(account);
            }
        });
        self.show();
    }

    /// Puts the chosen account and application, reason and ticket into the form's own controls. They are the browser's: what
    /// stands in them is set nowhere else.
    pub fn show(self) {
        request_animation_frame(move || {
            let controls = [
                ("impersonate-account", self.account),
                ("impersonate-application", self.application),
                ("impersonate-reason", self.reason),
                ("impersonate-ticket", self.ticket),
            ];
            for (id, value) in controls {
                let (Some(element), Some(value)) = (document().get_element_by_id(id), value.try_get_untracked()) else {
                    continue;
                };
                // Selects, inputs and textareas have it alike.
                _ = Reflect::set(&element, &JsValue::from_str("value"), &JsValue::from_str(&value));
            }
            focus("impersonate-reason");
        });
    }

    fn whose(self) -> Whose {
        self.drawer.with_value(whose)
    }

    /// How many characters the reason has too many, where it has.
    pub fn too_long_by(self) -> Option<usize> {
        let length = self.reason.with(|reason| written(reason).chars().count());
        (length > REASON_MAX).then(|| length - REASON_MAX)
    }

    /// Why nothing can be started for this user at all, whatever is chosen: then there is nothing to choose.
    pub fn refusal(self) -> Option<Denial> {
        self.drawer.with_value(|drawer| {
            if drawer.denial.is_some() || drawer.accounts.is_empty() {
                return drawer.denial.or(Some(Denial::NoAccount));
            }
            if drawer.accounts.iter().any(works) {
                return None;
            }
            let first = preselected_account(drawer, "")?;
            first
                .denial
                .or_else(|| first.applications.first().map_or(Some(Denial::NoApplications), |first| first.denial))
        })
    }

    /// The active account, where another one is chosen since it is refused: its name, and why.
    pub fn passed_over(self) -> Option<(String, Option<Denial>)> {
        let chosen = self.account.read();
        self.drawer.with_value(|drawer| {
            let active = drawer.accounts.iter().find(|account| account.active && !works(account))?;
            let other = drawer.accounts.iter().any(works) && active.external_id != *chosen;
            other.then(|| (active.name.clone(), active.denial))
        })
    }

    /// This page with the drawer open: where a new sign-in leads back to.
    pub fn return_to(self) -> String {
        let location = use_location();
        let words = Words::parse(&location.search.get_untracked()).without(&["__err", "__path", "return_to"]);
        words.on(&location.pathname.get_untracked())
    }

    /// How the note speaks of the user: by the first word of their name.
    pub fn first_name(self) -> String {
        self.drawer.with_value(|drawer| drawer.name.split_whitespace().next().unwrap_or("The user").to_owned())
    }
}

fn whose(drawer: &Drawer) -> Whose {
    Whose { operator: drawer.operator_id, user: drawer.user_id }
}

/// The account of a draft, where it is there still, and its application or the one in its place.
fn chosen_by(drawer: &Drawer, draft: &Draft) -> Option<(String, String)> {
    let account = find_account(drawer, &draft.account)?;
    let application = preselected_application(account, &draft.application);
    let client_id = application.map(|application| application.client_id.clone());
    Some((account.external_id.clone(), client_id.unwrap_or_default()))
}

/// What of a draft is not there any more.
fn lost(drawer: &Drawer, draft: &Draft) -> Option<&'static str> {
    match find_account(drawer, &draft.account) {
        None if draft.account.is_empty() => None,
        None => Some("The account that you had chosen is not there any more. Look at what is chosen now."),
        Some(account) => {
            let is_there = account.applications.iter().any(|application| application.client_id == draft.application);
            (!is_there && !draft.application.is_empty())
                .then_some("The application that you had chosen is not there any more. Look at what is chosen now.")
        }
    }
}

fn find_account<'a>(drawer: &'a Drawer, external_id: &str) -> Option<&'a DrawerAccount> {
    drawer.accounts.iter().find(|account| account.external_id == external_id)
}

/// The account that was asked for, else the active one; where that is refused the first that is not; else the first.
fn preselected_account<'a>(drawer: &'a Drawer, asked: &str) -> Option<&'a DrawerAccount> {
    let active = || drawer.accounts.iter().find(|account| account.active);
    find_account(drawer, asked)
        .or_else(|| active().filter(|account| works(account)))
        .or_else(|| drawer.accounts.iter().find(|account| works(account)))
        .or_else(active)
        .or_else(|| drawer.accounts.first())
}

/// Whether a session can be started in the account, with one of its applications at least.
fn works(account: &DrawerAccount) -> bool {
    account.denial.is_none() && account.applications.iter().any(|application| application.denial.is_none())
}

fn preselected_application<'a>(account: &'a DrawerAccount, asked: &str) -> Option<&'a DrawerApplication> {
    let works = |application: &&DrawerApplication| application.denial.is_none();
    account
        .applications
        .iter()
        .find(|application| application.client_id == asked)
        .or_else(|| account.default_application().filter(works))
        .or_else(|| account.applications.iter().find(works))
        .or_else(|| account.default_application())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn application(client_id: &str) -> DrawerApplication {
        DrawerApplication {
            client_id: client_id.to_owned(),
            name: "Console".to_owned(),
            is_default: false,
            hosted: true,
            minutes: 60,
            denial: None,
        }
    }

    fn account(external_id: &str, clients: &[&str]) -> DrawerAccount {
        DrawerAccount {
            external_id: external_id.to_owned(),
            name: "Acme".to_owned(),
            roles: Vec::new(),
            active: external_id == "acme-us",
            applications: clients.iter().map(|client_id| application(client_id)).collect(),
            denial: None,
        }
    }

    #[test]
    fn what_an_ended_session_had_is_chosen_by_its_ids_and_what_is_gone_is_said() {
        let drawer = Drawer {
            operator_id: Uuid::nil(),
            user_id: Uuid::nil(),
            name: "Tina".to_owned(),
            email: "tina@acme.example".to_owned(),
            accounts: vec![account("acme-us", &["console"]), account("acme-eu", &["console", "console-eu"])],
            denial: None,
            hidden_from_account_audit: false,
            running: Vec::new(),
            oldest: None,
            now: chrono::DateTime::UNIX_EPOCH,
        };
        let wanted = |account: &str, application: &str| Draft {
            account: account.to_owned(),
            application: application.to_owned(),
            ..Draft::default()
        };
        let chosen = |draft: &Draft| (chosen_by(&drawer, draft), lost(&drawer, draft).is_some());
        let both = |account: &str, application: &str| Some((account.to_owned(), application.to_owned()));
        assert_eq!(chosen(&wanted("acme-eu", "console-eu")), (both("acme-eu", "console-eu"), false));
        assert_eq!(chosen(&wanted("acme-eu", "gone")), (both("acme-eu", "console"), true));
        assert_eq!(chosen(&wanted("acme-asia", "console")), (None, true));
    }
}
