//! Routes, and what lives as long as the document does.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use super::clock::Clock;
use super::component::toast::{Toasts, toaster};
use super::end_session::Endings;
use super::layout::EnvironmentLayout;
use super::live::Live;
use super::page::application::ApplicationPage;
use super::page::applications::ApplicationsPage;
use super::page::audit::AuditPage;
use super::page::home::Home;
use super::page::impersonation::ImpersonationPage;
use super::page::keys::KeysPage;
use super::page::not_found::{NotFound, NotFoundHere};
use super::page::sign_in::SignInPage;
use super::page::user::UserPage;
use super::page::users::UsersPage;
use super::title::document_title;

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Clock::provide();
    let toasts = Toasts::provide();
    Endings::provide(toasts, Live::provide());
    Effect::new(|_| {
        if let Some(body) = document().body() {
            _ = body.set_attribute("data-hydrated", "");
        }
    });
    view! {
        <Title formatter=document_title/>
        <Router>
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
        </Router>
        {toaster(toasts)}
    }
}
