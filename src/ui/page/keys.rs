//! The signing keys of an environment, and their rotation.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::model::key::{KeyItem, KeyState, KeysPage as Page};
use crate::rpc::keys::{ListKeys, RotateKeys};
use crate::ui::component::copy::copyable;
use crate::ui::component::table::{count, flush_section, marked, row, stacked, table};
use crate::ui::component::time::ago;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::clock::Now;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::{Form, option};
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{loaded, loading};
use crate::ui::kit::state::{empty, nothing, table_skeleton};

/// What the page shows.
pub fn needs(environment: String) -> Vec<Need> {
    vec![Need::of(ListKeys { environment })]
}

#[component]
pub fn KeysPage() -> impl IntoView {
    let frame = Frame::current();
    let keys = loading(move || frame.environment.get(), |environment| ListKeys { environment });
    let toasts = Toasts::current();
    let rotated = Callback::new(move |()| {
        toasts.say("Keys rotated");
        keys.refetch();
    });
    let rotation = Rotation { frame, form: Form::to::<RotateKeys>(), rotated };
    view! {
        <Title text="Keys"/>
        <header class="page-head">
            <div>
                <h1>"Keys"</h1>
                <p class="dim">"What this environment signs its tokens with. Private halves never leave the server."</p>
            </div>
        </header>
        {loaded(keys, table_skeleton, move |page| sections(rotation, page))}
    }
    .erased()
}

/// What lives as long as the page: the call to rotate.
#[derive(Clone, Copy)]
struct Rotation {
    frame: Frame,
    form: Form,
    rotated: Callback<()>,
}

fn sections(rotation: Rotation, page: Page) -> AnyView {
    let now = Now::of(page.now);
    let content = if page.keys.is_empty() {
        empty(
            "fingerprint",
            "No keys",
            "Nobody can sign in to this environment’s applications until it has some. Rotating makes them.",
            nothing(),
        )
    } else {
        let heads = [
            ("col-key", "Key id"),
            ("col-algorithm", "Algorithm"),
            ("col-state", "State"),
            ("col-time", "Made"),
            ("col-time", "In use since"),
            ("col-time", "Removed"),
        ];
        let rows = page.keys.iter().map(|key| key_row(key, now)).collect();
        table("table keys-table", "keys-title", &heads, rows)
    };
    let beside = view! {
        {count(page.keys.len().to_string())}
        {page.can_rotate.then(|| rotate_button(rotation))}
    }
    .erased();
    let foot = (!page.can_rotate).then(|| {
        view! {
            <p class="notice">
                {icon("lock")}
                <span>"Only an Owner or Admin of this environment can rotate its keys."</span>
            </p>
        }
        .erased()
    });
    view! {
        {flush_section("keys-title", "Signing keys", beside, content)}
        <section class="card section" aria-labelledby="jwks-title">
            <h2 class="section-title" id="jwks-title">"Public key set"</h2>
            <p class="dim">
                "Where applications read the public halves, to verify tokens. They keep the answer for five minutes, so the next keys are in it long before they sign."
            </p>
            <p class="key-set">{copyable(page.jwks_url, "address of the key set")}</p>
            {foot}
        </section>
    }
    .erased()
}

fn key_row(key: &KeyItem, now: Now) -> AnyView {
    let (class, meaning) = match key.state {
        KeyState::Active => ("status good", "signs new tokens"),
        KeyState::Next => ("status open", "signs after a rotation"),
        KeyState::Retiring => ("status", "verifies what it signed"),
    };
    let cells = [
        ("col-key", copyable(key.kid.clone(), "key id")),
        ("col-algorithm", key.algorithm.clone().erased()),
        ("col-state", stacked(marked(class, key.state.label().to_owned()), meaning.erased())),
        ("col-time", moment("made ", Some(key.created_at), now)),
        ("col-time", moment("in use since ", key.activated_at, now)),
        ("col-time", moment("removed ", key.removed_at, now)),
    ];
    row(false, cells)
}

/// A moment, with words before it where rows are cards.
fn moment(words: &'static str, moment: Option<DateTime<Utc>>, now: Now) -> AnyView {
    match moment {
        Some(moment) => view! { <span class="card-only">{words}</span> {ago(moment, now)} }.erased(),
        None => view! { <span class="card-hidden" aria-hidden="true">"–"</span> }.erased(),
    }
}

/// *Rotate* asks once more, in a fold that needs no script.
fn rotate_button(rotation: Rotation) -> AnyView {
    let form = rotation.form;
    let choices = [("", "Both algorithms"), ("RS256", "RS256 only"), ("ES256", "ES256 only")]
        .map(|(word, label)| option(word.to_owned(), label.to_owned(), word.is_empty()));
    let fields = view! {
        <input type="hidden" name="environment" value=move || rotation.frame.environment.get()/>
        <label class="visually-hidden" for="algorithm">"Algorithm"</label>
        <div class="select">
            <select class="input" id="algorithm" name="algorithm">{choices.into_iter().collect_view()}</select>
            {icon("chevrons-up-down")}
        </div>
        <div class="form-foot">
            <button type="button" class="button small" popovertarget="rotate" popovertargetaction="hide">"Cancel"</button>
            <button type="submit" class="button small primary" disabled=move || form.busy.get()>
                {move || if form.busy.get() { "Rotating…" } else { "Rotate keys" }}
            </button>
        </div>
    };
    view! {
        <div class="section-link">
            <button type="button" class="button small" popovertarget="rotate">
                {icon("refresh-cw")}
                <span>"Rotate"</span>
            </button>
            <div class="menu confirm" popover="auto" id="rotate" role="dialog" aria-labelledby="rotate-title">
                <h3 id="rotate-title">"Rotate the signing keys?"</h3>
                <p class="dim">
                    "The next keys sign from now on. Nobody is signed out: what the present ones signed stays good, and they are published for 24 hours more."
                </p>
                {form.failure()}
                {form.view("form", fields.erased(), Callback::new(move |_| rotation.rotated.run(())))}
            </div>
        </div>
    }
    .erased()
}
