//! Who the user is: the head of the page, and the facts beside its sections.

use leptos::prelude::*;

use crate::model::user::UserDetail;
use crate::ui::component::avatar::avatar;
use crate::ui::component::badge::{badge, status};
use crate::ui::component::copy::copyable;
use crate::ui::component::number::grouped;
use crate::ui::component::time::ago;
use crate::ui::kit::clock::Now;
use crate::ui::kit::erase::Erase;

pub fn head(user: &UserDetail) -> AnyView {
    view! {
        <header class="profile-head">
            {avatar(user.id, &user.name, user.picture_url.as_deref(), true)}
            <div class="profile-text">
                <h1 dir="auto">{user.name.clone()}</h1>
                <p class="profile-line">
                    <span class="dim wrap">{copyable(user.email.clone(), "e-mail")}</span>
                    {status(user.status)}
                </p>
            </div>
        </header>
    }
    .erased()
}

pub fn facts(user: &UserDetail, now: Now) -> AnyView {
    let never = || view! { <span class="dim">"never"</span> }.erased();
    let moment = |moment: Option<chrono::DateTime<chrono::Utc>>| moment.map_or_else(never, |then| ago(then, now));
    let verified = if user.email_verified { badge("good", "Verified") } else { badge("outline", "Not verified") };
    let mfa = if user.mfa_enrolled {
        view! {
            {badge("outline", "Enrolled elsewhere")}
            <p class="hint">"Not asked for here yet"</p>
        }
        .erased()
    } else {
        badge("outline", "Not enrolled")
    };
    view! {
        <section class="card section" aria-labelledby="profile-title">
            <h2 class="section-title" id="profile-title">"Profile"</h2>
            <dl class="facts wide-facts">
                <dt>"User id"</dt>
                <dd>{copyable(user.id.to_string(), "user id")}</dd>
                <dt>"E-mail"</dt>
                <dd>{verified}</dd>
                <dt>"MFA"</dt>
                <dd>{mfa}</dd>
                <dt>"Last sign-in"</dt>
                <dd>{moment(user.last_login_at)}</dd>
                <dt>"Last visit"</dt>
                <dd>{moment(user.last_visit_at)}</dd>
                <dt>"Visits"</dt>
                <dd title="Distinct days with a visit">{grouped(user.visits)}</dd>
                <dt>"Created"</dt>
                <dd>{ago(user.created_at, now)}</dd>
            </dl>
        </section>
    }
    .erased()
}
