//! Signing in: e-mail and password, and back to where the operator was going.

use leptos::html::Input;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::rpc::operator::SignIn;
use crate::ui::component::theme::theme_switch;
use crate::ui::kit::address::use_words;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::Form;
use crate::ui::kit::icon::{icon, mark};

/// The e-mail that was typed before, where the page comes back without script. The server knows it; with script it never left
/// its field.
#[derive(Clone)]
pub struct Typed(pub String);

#[component]
pub fn SignInPage() -> impl IntoView {
    let words = use_words();
    let return_to = move || {
        let path = words.with(|words| words.get("return_to").to_owned());
        if path.is_empty() { "/".to_owned() } else { path }
    };
    view! {
        <Title text="Sign in"/>
        <div class="sign-in">
            <div class="sign-in-theme">{theme_switch()}</div>
            <main class="sign-in-main">
                <div class="brand large">
                    {mark()}
                    <span>"Understudy"</span>
                </div>
                <div class="card sign-in-card">
                    <h1>"Sign in"</h1>
                    <p class="dim">"To support customers from inside their account, for a stated reason and a limited time."</p>
                    {form(return_to())}
                </div>
                <p class="sign-in-foot">
                    {icon("shield-check")}
                    <span>"What you do here is recorded in the audit trail."</span>
                </p>
            </main>
        </div>
    }
    .erased()
}

fn form(return_to: String) -> AnyView {
    let form = Form::to::<SignIn>();
    let password = NodeRef::<Input>::new();
    effect(move || {
        if form.error.read().is_some()
            && let Some(input) = password.get_untracked()
        {
            input.select();
            _ = input.focus();
        }
    });
    let typed = use_context::<Typed>().filter(|_| form.error.read_untracked().is_some()).map(|typed| typed.0);
    let fields = view! {
            <input type="hidden" name="return_to" value=return_to/>
            {form.failure()}
            <div class="field">
                <label class="label" for="email">"E-mail"</label>
                <input
                    class="input"
                    id="email"
                    type="text"
                    inputmode="email"
                    autocapitalize="none"
                    spellcheck="false"
                    name="email"
                    autocomplete="username"
                    required=true
                    autofocus=true
                    value=typed
                />
            </div>
            <div class="field">
                <label class="label" for="password">"Password"</label>
                <input
                    class="input"
                    id="password"
                    type="password"
                    name="password"
                    autocomplete="current-password"
                    required=true
                    node_ref=password
                />
            </div>
            <button class="button primary wide" type="submit" disabled=move || form.busy.get()>
                {move || if form.busy.get() { "Signing in…" } else { "Sign in" }}
            </button>
    };
    // The answer leads to where the operator was going.
    form.view("form", fields.erased(), Callback::new(|_| ()))
}
