//! Which ended sessions the application was told of, and having it told again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use uuid::Uuid;

use crate::model::application::{ApplicationDetail, DeliveryCounts, DeliveryItem, LogoutState};
use crate::rpc::applications::RetryLogout;
use crate::ui::component::table::{flush_section, marked, named, row, stacked, table};
use crate::ui::component::time::ago;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::clock::Now;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::Form;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::Loading;
use crate::ui::kit::state::{empty, nothing};

/// How long a message takes that is sent at once: then the page looks what became of it.
const ON_ITS_WAY: Duration = Duration::from_millis(1_500);

/// What lives as long as the page.
#[derive(Clone, Copy)]
pub struct Retrying {
    frame: Frame,
    form: Form,
    sent: Callback<()>,
}

impl Retrying {
    pub fn new(frame: Frame, application: Loading<ApplicationDetail>) -> Self {
        let toasts = Toasts::current();
        let sent = Callback::new(move |()| {
            toasts.say("Sending it again");
            set_timeout(move || application.refetch(), ON_ITS_WAY);
        });
        Self { frame, form: Form::to::<RetryLogout>(), sent }
    }
}

pub fn deliveries(retrying: Retrying, detail: &ApplicationDetail) -> AnyView {
    let now = Now::of(detail.now);
    let content = if detail.deliveries.is_empty() {
        let text = if detail.application.logout != LogoutState::Off {
            "When a session ends in which this application holds tokens, it is told, and the message appears here."
        } else {
            "Give the application a back-channel logout URI, and it is told within two seconds that a session ended."
        };
        empty("log-out", "No messages yet", text, nothing())
    } else {
        let heads =
            [("col-user", "User"), ("col-ended", "Session ended"), ("col-state", "State"), ("col-actions", "Retry")];
        let rows = detail.deliveries.iter().map(|delivery| delivery_row(retrying, detail, delivery, now)).collect();
        table("table delivery-table", "deliveries-title", &heads, rows)
    };
    let more = detail.more_deliveries.then(|| {
        view! {
            <p class="list-note">
                {icon("info")}
                <span>{format!("These are the newest {}.", detail.deliveries.len())}</span>
            </p>
        }
        .erased()
    });
    let content = view! {
        {retrying.form.failure()}
        {content}
        {more}
    };
    flush_section("deliveries-title", "Back-channel logout", counts(&detail.counts), content.erased())
}

/// How the latest messages stand, those states that occur.
fn counts(counts: &DeliveryCounts) -> AnyView {
    let states = [
        ("status good", &counts.delivered, "delivered"),
        ("status open", &counts.waiting, "waiting"),
        ("status bad", &counts.failed, "failed"),
    ];
    let shown = states
        .into_iter()
        .filter(|(_, count, _)| *count != "0")
        .map(|(class, count, word)| marked(class, format!("{count} {word}")))
        .collect_view();
    view! { <div class="delivery-counts" title="Of the latest 1,000 messages">{shown}</div> }.erased()
}

fn delivery_row(retrying: Retrying, detail: &ApplicationDetail, delivery: &DeliveryItem, now: Now) -> AnyView {
    let href = format!("{}/{}", retrying.frame.path("users").get_untracked(), delivery.user_id);
    let (glyph, kind) =
        if delivery.impersonation { ("venetian-mask", "Impersonation") } else { ("key-round", "Own session") };
    let email = delivery.user_email.clone();
    let email = view! { <span class="dim truncate" title=email.clone()>{email.clone()}</span> }.erased();
    let state = view! {
        <div class="stacked">
            {marked(logout_class(delivery.state), delivery.state.label().to_owned())}
            {beneath(delivery, now)}
        </div>
    };
    let can_be_retried = matches!(delivery.state, LogoutState::Retrying | LogoutState::Failed);
    let again = if detail.can_retry && can_be_retried {
        retry_form(retrying, detail.application.id, delivery.session_id)
    } else {
        nothing()
    };
    let cells = [
        ("col-user", named(glyph, href, delivery.user_name.clone(), email)),
        ("col-ended", stacked(kind.erased(), ago(delivery.created_at, now))),
        ("col-state", state.erased()),
        ("col-actions", again),
    ];
    row(delivery.impersonation, cells)
}

/// The lines below a state: what went wrong, how many attempts there were, and what comes next.
fn beneath(delivery: &DeliveryItem, now: Now) -> AnyView {
    let error = delivery.last_error.clone();
    let error = (!error.is_empty()).then(|| {
        let title = error.clone();
        view! { <span class="dim reason" title=title>{error}</span> }.erased()
    });
    let attempts = match delivery.attempts {
        1 => "1 attempt, ".to_owned(),
        attempts => format!("{attempts} attempts, "),
    };
    let (words, moment) = match delivery.state {
        LogoutState::Delivered if delivery.attempts == 1 => ("at the first attempt".to_owned(), nothing()),
        LogoutState::Delivered => (attempts, ago(delivery.at, now)),
        LogoutState::Retrying => (attempts + "next ", next(delivery.at, now)),
        LogoutState::Failed => (attempts + "given up ", ago(delivery.at, now)),
        LogoutState::Off | LogoutState::Unused | LogoutState::Sending => ("on its way".to_owned(), nothing()),
    };
    view! {
        {error}
        <span class="dim">{words} {moment}</span>
    }
    .erased()
}

/// "in 4 min". What is less than a minute away has no number: it is about to happen.
fn next(at: DateTime<Utc>, now: Now) -> AnyView {
    if at - now.base() < TimeDelta::minutes(1) { "in a moment".erased() } else { ago(at, now) }
}

fn retry_form(retrying: Retrying, application_id: Uuid, session_id: Uuid) -> AnyView {
    let form = retrying.form;
    let fields = view! {
        <input type="hidden" name="environment" value=move || retrying.frame.environment.get()/>
        <input type="hidden" name="application_id" value=application_id.to_string()/>
        <input type="hidden" name="session_id" value=session_id.to_string()/>
        <button type="submit" class="button small" aria-label="Retry now" disabled=move || form.busy.get()>
            {icon("refresh-cw")}
            <span>"Retry now"</span>
        </button>
    };
    form.view("", fields.erased(), Callback::new(move |_| retrying.sent.run(())))
}

/// How a state is marked.
pub fn logout_class(state: LogoutState) -> &'static str {
    match state {
        LogoutState::Off => "dim",
        LogoutState::Unused | LogoutState::Sending | LogoutState::Retrying => "status open",
        LogoutState::Delivered => "status good",
        LogoutState::Failed => "status bad",
    }
}
