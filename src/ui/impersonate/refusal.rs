//! Where nothing can be started: why, and what to do about it, in place of a form that leads nowhere.

use leptos::prelude::*;

use super::running;
use super::state::State;
use crate::model::denial::Denial;
use crate::ui::component::dialog::close_dialog;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;

pub fn refused(state: State, denial: Denial) -> AnyView {
    view! {
        <div class="drawer-form">
            <div class="drawer-body">
                <section class="drawer-refusal" id="impersonate-refusal" aria-label="Why no session can be started">
                    <div class="notice bad">
                        {icon("ban")}
                        <div>
                            <p><strong>{denial.sentence()}</strong></p>
                            {what_to_do(denial).map(|text| view! { <p>{text}</p> })}
                        </div>
                    </div>
                    {way(state, denial)}
                </section>
                {running::list(state)}
            </div>
            <footer class="drawer-foot">
                <div class="drawer-buttons">
                    <a class="button" href=move || state.opening.close_url.get() on:click=close_dialog>"Close"</a>
                </div>
            </footer>
        </div>
    }
    .erased()
}

/// What stands against what is chosen, where another choice would do.
pub fn choice(state: State) -> AnyView {
    view! {
        {move || {
            state
                .denial()
                .map(|denial| {
                    view! {
                        <p class="notice bad" id="impersonate-denial" role="status">
                            {icon("ban")}
                            <span>{denial.sentence()} " Choose another account or application."</span>
                        </p>
                    }
                })
        }}
    }
    .erased()
}

fn what_to_do(denial: Denial) -> Option<&'static str> {
    Some(match denial {
        Denial::RoleMissing => "Ask an Owner of this environment for one of these roles.",
        Denial::SelfImpersonation => "Sign in to the application as yourself instead.",
        Denial::TargetLocked => "It becomes possible once whoever administers the users has unlocked them.",
        Denial::TargetProtected => "An Owner of this environment may. Ask one of them.",
        Denial::TargetUnverified => {
            "It becomes possible once they have verified it, or an import says that it is verified."
        }
        Denial::NoAccount => "Add them to an account first: an import of users does that.",
        Denial::DisabledInAccount => "It becomes possible once they are enabled in one of their accounts.",
        _ => return None,
    })
}

/// The page on which something can be done about it.
fn way(state: State, denial: Denial) -> Option<AnyView> {
    let (page, label) = match denial {
        Denial::Off => ("impersonation", "Open the settings"),
        Denial::NoApplications | Denial::NotAssigned => ("applications", "Show the applications"),
        _ => return None,
    };
    Some(view! { <a class="button" href=state.frame.path(page)>{label}</a> }.erased())
}
