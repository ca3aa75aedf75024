//! The signed-in operator: signing in and out, and the frame of every page.

use leptos::prelude::*;

use crate::model::error::ApiError;
use crate::model::operator::{Shell, SignedOut};

/// Signs an operator in and sends the browser to `return_to`, a path of this portal.
#[server(prefix = "/rpc", endpoint = "sign-in")]
pub async fn sign_in(email: String, password: String, return_to: String) -> Result<(), ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let password = zeroize::Zeroizing::new(password);
    let request = caller::request().await?;
    let signed_in = service::operator::sign_in_instead(
        &request.state,
        &request.origin,
        &email,
        &password,
        request.cookie.as_deref(),
    )
    .await;
    if signed_in.is_err() {
        caller::remember_typed(&request.state, &email);
    }
    let signed_in = caller::answer(&request.origin, signed_in)?;
    caller::set_cookie(&request.state, &signed_in.cookie);
    caller::set_device(&request.state, &signed_in.device);
    let target = caller::local_path(&return_to).unwrap_or("/");
    leptos_axum::redirect(target);
    Ok(())
}

/// Signs the operator out, unless more sessions end with it than the `ending` that the form said. Then a page without script
/// leads to the question; one with script asks in its place.
#[server(prefix = "/rpc", endpoint = "sign-out")]
pub async fn sign_out(ending: Option<i64>) -> Result<SignedOut, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator().await?.into_caller();
    let signed_out = service::operator::sign_out(&caller, ending).await;
    let signed_out = caller::answer(&caller.origin, signed_out)?;
    match signed_out {
        SignedOut::Done => {
            caller::clear_cookie(&caller.state);
            leptos_axum::redirect("/sign-in");
        }
        SignedOut::Asks if caller::is_plain_form() => leptos_axum::redirect("/sign-out"),
        SignedOut::Asks => {}
    }
    Ok(signed_out)
}

/// The frame of an environment's pages.
#[server(prefix = "/rpc", endpoint = "shell")]
pub async fn get_shell(environment: String) -> Result<Shell, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator().await?.into_caller();
    caller::answer(&caller.origin, service::operator::shell(&caller, &environment).await)
}

/// The path to open where none was asked for: the first environment's users.
#[server(prefix = "/rpc", endpoint = "home")]
pub async fn get_home() -> Result<String, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator().await?.into_caller();
    caller::answer(&caller.origin, service::operator::home(&caller).await)
}
