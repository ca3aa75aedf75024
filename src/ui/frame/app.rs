//! Routes, and what lives as long as the document does.

use leptos::prelude::*;

use crate::ui::kit::effect::effect;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::ui::component::end_session::Endings;
use crate::ui::component::toast::{Toasts, toaster};
use crate::ui::frame::layout::EnvironmentLayout;
use crate::ui::frame::title::document_title;
use crate::ui::kit::clock::Clock;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::live::Live;
use crate::ui::page::application::ApplicationPage;
use crate::ui::page::applications::ApplicationsPage;
use crate::ui::page::audit::AuditPage;
use crate::ui::page::home::Home;
use crate::ui::page::impersonation::ImpersonationPage;
use crate::ui::page::keys::KeysPage;
use crate::ui::page::managed::{self, ManagedPage};
use crate::ui::page::not_found::{NotFound, NotFoundHere};
use crate::ui::page::sign_in::SignInPage;
use crate::ui::page::user::UserPage;
use crate::ui::page::users::UsersPage;

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Clock::provide();
    let toasts = Toasts::provide();
    Endings::provide(toasts, Live::provide());
    effect(|| {
        if let Some(body) = document().body() {
            _ = body.set_attribute("data-hydrated", "");
        }
    });
    view! {
        <Title formatter=document_title/>
        <Router>{if managed::is_drawn() { managed_routes() } else { routes() }}</Router>
        {toaster(toasts)}
    }
}

/// Whatever the address is, for a page that the server makes by itself.
fn managed_routes() -> AnyView {
    view! {
        <Routes fallback=NotFound>
            <ParentRoute path=path!("/:environment") view=EnvironmentLayout>
                <Route path=path!("*any") view=ManagedPage/>
            </ParentRoute>
        </Routes>
    }
    .erased()
}

fn routes() -> AnyView {
    view! {
            <Routes fallback=NotFound>
                <Route path=path!("/") view=Home/>
                <Route path=path!("/sign-in") view=SignInPage/>
                <ParentRoute path=path!("/:environment") view=EnvironmentLayout>
                    <Route path=path!("users") view=UsersPage/>
                    <Route path=path!("users/:id") view=UserPage/>
                    <Route path=path!("applications") view=ApplicationsPage/>
                    <Route path=path!("applications/:id") view=ApplicationPage/>
                    <Route path=path!("impersonation") view=ImpersonationPage/>
                    <Route path=path!("audit") view=AuditPage/>
                    <Route path=path!("keys") view=KeysPage/>
                    <Route path=path!("*any") view=NotFoundHere/>
                </ParentRoute>
            </Routes>
    }
    .erased()
}
