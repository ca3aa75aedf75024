//! The drawer that starts an impersonation: the same from the users list and from a user's page.
//!
//! It is open where the page's address says so. Everything in it is one form that works without script; script adds the new
//! tab's certainty, validation while typing, and the view of the running session.

mod came_back;
mod choice;
mod draft;
mod foot;
mod refusal;
mod running;
mod session;
mod start;
mod state;
mod text;

use leptos::prelude::*;
use uuid::Uuid;

pub use self::draft::Drafts;
use self::state::State;
use crate::model::impersonation::Drawer;
use crate::rpc::impersonation::GetDrawer;
use crate::ui::component::dialog::{self, close_button};
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::Plain;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{Loading, loaded_or, loading_some};
use crate::ui::kit::state::error_view;

/// The form's id: its button stands outside of it, in the foot, and running sessions above it have forms of their own.
const FORM: &str = "impersonate-form";

/// Where and for whom a page opens the drawer.
#[derive(Clone, Copy)]
pub struct Opening {
    pub environment: Memo<String>,
    pub target: Memo<Option<Uuid>>,
    /// The page's address without the drawer.
    pub close_url: Memo<String>,
    /// What was chosen and typed and not sent.
    pub drafts: Drafts,
    /// Whether the address may say account, application, reason and ticket. The list has other uses for these words.
    pub prefilled: bool,
    /// Runs when an impersonation has started or ended.
    pub changed: Callback<()>,
}

/// What the open drawer shows.
pub fn needs(environment: String, user_id: Uuid) -> Need {
    Need::of(GetDrawer { environment, user_id })
}

pub fn drawer(opening: Opening) -> AnyView {
    let data = loading_some(
        move || (opening.environment.get(), opening.target.get()),
        |(environment, target)| target.map(|user_id| GetDrawer { environment, user_id }),
    );
    view! { {move || opening.target.get().map(|target| open(opening, target, data))} }.erased()
}

fn open(opening: Opening, target: Uuid, data: Loading<Option<Drawer>>) -> AnyView {
    let content = loaded_or(
        data,
        move || waiting(opening),
        move |drawer: Option<Drawer>| match drawer {
            Some(drawer) if drawer.user_id == target => loaded(opening, drawer),
            _ => waiting(opening),
        },
        move |error| failed(opening, error_view(error)),
    );
    // The button of the user's page, or the link of a row.
    let opener = Signal::stored(format!("#impersonate-{target}, a[href$=\"impersonate={target}\"]"));
    dialog::drawer("impersonate", "Impersonate user", opening.close_url, opener, content)
}

fn eyebrow() -> AnyView {
    view! {
        <p class="eyebrow amber">
            {icon("venetian-mask")}
            <span>"Impersonate user"</span>
        </p>
    }
    .erased()
}

fn waiting(opening: Opening) -> AnyView {
    view! {
        <div class="drawer-frame" aria-busy="true">
            <header class="drawer-head">
                <div>
                    {eyebrow()}
                    <div class="skeleton-lines" aria-hidden="true">
                        <i></i>
                        <b></b>
                    </div>
                    <p class="visually-hidden">"Loading"</p>
                </div>
                {close_button(opening.close_url)}
            </header>
            <div class="drawer-body skeleton-form" aria-hidden="true">
                <i></i>
                <i></i>
                <b></b>
            </div>
        </div>
    }
    .erased()
}

fn failed(opening: Opening, error: AnyView) -> AnyView {
    view! {
        <div class="drawer-frame">
            <header class="drawer-head">
                <div>{eyebrow()}</div>
                {close_button(opening.close_url)}
            </header>
            <div class="drawer-body">{error}</div>
        </div>
    }
    .erased()
}

fn loaded(opening: Opening, drawer: Drawer) -> AnyView {
    let name = drawer.name.clone();
    let email = drawer.email.clone();
    let state = State::new(opening, drawer);
    running::follow(state);
    view! {
        <div class="drawer-frame">
            <header class="drawer-head">
                <div class="drawer-title">
                    {eyebrow()}
                    <h2 dir="auto">{name}</h2>
                    <p class="dim truncate" title=email.clone()>{email.clone()}</p>
                </div>
                {close_button(opening.close_url)}
            </header>
            {move || if state.just_started.get() { running::started(state) } else { form(state) }}
        </div>
    }
    .erased()
}

fn form(state: State) -> AnyView {
    if let Some(denial) = state.refusal() {
        return refusal::refused(state, denial);
    }
    let action = state.drawer.with_value(|drawer| {
        format!("/{}/users/{}/impersonate", state.opening.environment.get_untracked(), drawer.user_id)
    });
    let plain = Plain {
        action: Signal::stored(action),
        class: "drawer-fields",
        id: Some(FORM),
        target: Some("_blank"),
        is_checked: true,
    };
    let submitted = Callback::new(move |_| start::submitted(state));
    let fields = view! {
        // The form's first button is what Enter presses.
        <button type="submit" hidden=true disabled=move || state.denial().is_some()></button>
        {choice::account(state)}
        {choice::application(state)}
        {refusal::choice(state)}
        {text::reason(state)}
        {text::ticket(state)}
        {foot::note(state)}
    };
    let form = view! {
        <div class="drawer-form" on:keydown=start::chord>
            <div class="drawer-body">
                {running::list(state)}
                {plain.view(submitted, fields.erased(), Some(state.form))}
            </div>
            {foot::foot(state)}
        </div>
    }
    .erased();
    // After the fields have said what stands in them.
    effect(move || state.recall());
    form
}
