//! Who works in the portal, and the way out of it.

use leptos::prelude::*;

use crate::model::operator::{Shell, SignedOut, ending_with_sign_out};
use crate::rpc::operator::SignOut;
use crate::ui::component::avatar::avatar;
use crate::ui::component::menu;
use crate::ui::kit::call::{Text, read};
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::Form;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;

/// The id of the question before signing out.
const SIGN_OUT: &str = "sign-out";

pub(super) fn operator(frame: Frame, shell: Signal<Shell>) -> AnyView {
    let form = Form::to::<SignOut>();
    // More would end than the form said: the frame is asked for anew, and then the question opens.
    let asked = RwSignal::new(false);
    let done = Callback::new(move |text: Text| {
        if read(&text) == Ok(SignedOut::Asks) {
            asked.set(true);
            frame.refresh();
        }
    });
    let roles = Memo::new(move |_| {
        shell.with(|shell| if shell.roles.is_empty() { "No role here".to_owned() } else { shell.roles.labels() })
    });
    let picture = move || shell.with(|shell| avatar(shell.operator_id, &shell.operator_name, None, false));
    let ending = Memo::new(move |_| shell.read().ending_with_sign_out);
    let asks = Memo::new(move |_| ending.get() > 0);
    effect(move || {
        shell.track();
        if asked.get_untracked() {
            asked.set(false);
            if asks.get_untracked() {
                request_animation_frame(|| menu::open(SIGN_OUT));
            }
        }
    });
    view! {
        <div class="operator">
            {picture}
            <div class="operator-text">
                <span class="truncate" title=move || shell.read().operator_email.clone()>
                    <bdi>{move || shell.read().operator_name.clone()}</bdi>
                </span>
                <span class="dim truncate" title=move || roles.get()>{move || roles.get()}</span>
            </div>
            {move || if asks.get() { sign_out_question(form, done, ending) } else { sign_out_button(form, done) }}
        </div>
    }
    .erased()
}

fn sign_out_button(form: Form, done: Callback<Text>) -> AnyView {
    let button = view! {
        <input type="hidden" name="ending" value="0"/>
        <button class="icon-button" type="submit" aria-label="Sign out" title="Sign out">
            {icon("log-out")}
        </button>
    };
    form.view("", button.erased(), done)
}

/// Signing out ends what was started from here: where something runs, it is said before, and the form carries what was said.
/// The question stays open while sessions come and go.
fn sign_out_question(form: Form, done: Callback<Text>, ending: Memo<i64>) -> AnyView {
    let buttons = view! {
        <input type="hidden" name="ending" value=move || ending.get().to_string()/>
        <div class="form-foot">
            <button type="button" class="button small" popovertarget=SIGN_OUT popovertargetaction="hide">
                "Stay"
            </button>
            <button type="submit" class="button small danger solid">"Sign out"</button>
        </div>
    };
    view! {
        <button type="button" class="icon-button" popovertarget=SIGN_OUT aria-label="Sign out" title="Sign out">
            {icon("log-out")}
        </button>
        <div class="menu confirm" popover="auto" id=SIGN_OUT role="dialog" aria-labelledby="sign-out-title">
            <h3 id="sign-out-title">"Sign out?"</h3>
            <p class="dim">{move || ending_with_sign_out(ending.get())}</p>
            {form.view("", buttons.erased(), done)}
        </div>
    }
    .erased()
}
