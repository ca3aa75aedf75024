//! Which ended sessions the application was told of, and having it told again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use uuid::Uuid;

use crate::api::applications::{RetryLogout, retry_logout};
use crate::model::application::{ApplicationDetail, DeliveryCounts, DeliveryItem, DeliveryState};
use crate::ui::clock::Now;
use crate::ui::component::form::{Call, post_form};
use crate::ui::component::icon::icon;
use crate::ui::component::loaded::Loading;
use crate::ui::component::state::{alert, empty, nothing};
use crate::ui::component::time::ago;
use crate::ui::component::toast::Toasts;
use crate::ui::erase::Erase;
use crate::ui::frame::Frame;
use crate::ui::page::applications::delivery_class;

/// How long a message takes that is sent at once: then the page looks what became of it.
const ON_ITS_WAY: Duration = Duration::from_millis(1_500);

/// What lives as long as the page.
#[derive(Clone, Copy)]
pub struct Retrying {
    frame: Frame,
    application: Loading<ApplicationDetail>,
    toasts: Toasts,
    /// What a plain form left in the address.
    left: Call,
}

impl Retrying {
    pub fn new(frame: Frame, application: Loading<ApplicationDetail>) -> Self {
        Self { frame, application, toasts: Toasts::current(), left: Call::to(RetryLogout::PATH) }
    }

    fn retry(self, application_id: Uuid, session_id: Uuid, busy: RwSignal<bool>) {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match retry_logout(self.frame.environment.get_untracked(), application_id, session_id).await {
                Ok(()) => {
                    self.toasts.say("Sending it again");
                    set_timeout(move || self.application.refetch(), ON_ITS_WAY);
                }
                Err(error) => {
                    self.toasts.warn(error.to_string());
                    self.application.refetch();
                }
            }
            busy.try_set(false);
        });
    }
}

pub fn deliveries(retrying: Retrying, application: &ApplicationDetail) -> AnyView {
    let now = Now::of(application.now);
    let content = if application.deliveries.is_empty() {
        let text = if application.backchannel_logout_uri.is_some() {
            "When a session ends in which this application holds tokens, it is told, and the message appears here."
        } else {
            "Give the application a back-channel logout URI, and it is told within two seconds that a session ended."
        };
        empty("log-out", "No messages yet", text, nothing())
    } else {
        let may_retry = application.can_retry;
        let application_id = application.id;
        let rows = application
            .deliveries
            .iter()
            .map(|delivery| row(retrying, application_id, may_retry, delivery, now))
            .collect_view();
        view! {
            <table class="table delivery-table" aria-labelledby="deliveries-title">
                <thead>
                    <tr>
                        <th scope="col">"User"</th>
                        <th scope="col">"Session ended"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">
                            <span class="visually-hidden">"Retry"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .erased()
    };
    view! {
        <section class="card section flush" aria-labelledby="deliveries-title">
            <div class="section-title">
                <h2 id="deliveries-title">"Back-channel logout"</h2>
                {counts(application.counts)}
            </div>
            {move || retrying.left.failure().map(alert)}
            {content}
        </section>
    }
    .erased()
}

/// How the latest messages stand, those states that occur.
fn counts(counts: DeliveryCounts) -> AnyView {
    let all = [
        ("status good", counts.delivered, "delivered"),
        ("status open", counts.waiting, "waiting"),
        ("status bad", counts.failed, "failed"),
    ];
    let shown = all
        .into_iter()
        .filter(|(_, count, _)| *count > 0)
        .map(|(class, count, word)| {
            let more = if count >= 1_000 { "+" } else { "" };
            view! { <span class=class>{format!("{count}{more} {word}")}</span> }
        })
        .collect_view();
    view! { <div class="delivery-counts" title="Of the latest 1,000 messages">{shown}</div> }.erased()
}

fn row(retrying: Retrying, application_id: Uuid, may_retry: bool, delivery: &DeliveryItem, now: Now) -> AnyView {
    let href = format!("{}/{}", retrying.frame.path("users").get_untracked(), delivery.user_id);
    let glyph = if delivery.impersonation { "venetian-mask" } else { "key-round" };
    let kind = if delivery.impersonation { "Impersonation" } else { "Own session" };
    let can_be_retried = matches!(delivery.state, DeliveryState::Retrying | DeliveryState::Failed);
    let again = (may_retry && can_be_retried).then(|| retry_form(retrying, application_id, delivery.session_id));
    view! {
        <tr class:impersonated=delivery.impersonation>
            <td class="col-user">
                <div class="with-icon">
                    {icon(glyph)}
                    <div class="stacked">
                        <a class="truncate row-link" dir="auto" href=href title=delivery.user_name.clone()>
                            {delivery.user_name.clone()}
                        </a>
                        <span class="dim truncate" title=delivery.user_email.clone()>{delivery.user_email.clone()}</span>
                    </div>
                </div>
            </td>
            <td class="col-ended">
                <div class="stacked">
                    <span title=delivery.session_id.to_string()>{kind}</span>
                    <span class="dim">{ago(delivery.created_at, now)}</span>
                </div>
            </td>
            <td class="col-state">
                <div class="stacked">
                    <span class=delivery_class(delivery.state)>{delivery.state.label()}</span>
                    {detail(delivery, now)}
                </div>
            </td>
            <td class="col-actions">{again}</td>
        </tr>
    }
    .erased()
}

/// The second line of a state: how many attempts, what went wrong, what comes next.
fn detail(delivery: &DeliveryItem, now: Now) -> AnyView {
    let attempts = match delivery.attempts {
        1 => "1 attempt".to_owned(),
        attempts => format!("{attempts} attempts"),
    };
    let error = delivery.last_error.clone().unwrap_or_default();
    match delivery.state {
        DeliveryState::Sending => view! { <span class="dim">"on its way"</span> }.erased(),
        DeliveryState::Delivered if delivery.attempts == 1 => {
            view! { <span class="dim">"at the first attempt"</span> }.erased()
        }
        DeliveryState::Delivered => view! { <span class="dim">{attempts} ", " {ago(delivery.at, now)}</span> }.erased(),
        DeliveryState::Retrying => view! {
            <span class="dim reason" title=error.clone()>{error.clone()}</span>
            <span class="dim">{attempts} ", next " {next(delivery.at, now)}</span>
        }
        .erased(),
        DeliveryState::Failed => view! {
            <span class="dim reason" title=error.clone()>{error.clone()}</span>
            <span class="dim">{attempts} ", given up " {ago(delivery.at, now)}</span>
        }
        .erased(),
    }
}

/// "in 4 min". What is less than a minute away has no number: it is about to happen.
fn next(at: DateTime<Utc>, now: Now) -> AnyView {
    if at - now.base() < TimeDelta::minutes(1) { "in a moment".erased() } else { ago(at, now) }
}

fn retry_form(retrying: Retrying, application_id: Uuid, session_id: Uuid) -> AnyView {
    let busy = RwSignal::new(false);
    let submitted = Callback::new(move |_| retrying.retry(application_id, session_id, busy));
    let fields = view! {
        <input type="hidden" name="environment" value=move || retrying.frame.environment.get()/>
        <input type="hidden" name="application_id" value=application_id.to_string()/>
        <input type="hidden" name="session_id" value=session_id.to_string()/>
        <button type="submit" class="button small" aria-label="Retry now" disabled=move || busy.get()>
            {icon("refresh-cw")}
            <span>"Retry now"</span>
        </button>
    };
    post_form(RetryLogout::url(), "", submitted, fields.erased())
}
