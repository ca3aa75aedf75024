//! The provider's own pages: of nobody, of a user who is signed in, and of a browser in which two sessions run.

use anyhow::{Context, Result, bail};

use super::visitor::Page;
use crate::http::Client;

/// As the demonstration data has them.
const EMAIL: &str = "amara.okafor@northwind.example";
const PASSWORD: &str = "correct-horse-demo";

/// `operator` is signed in to the portal.
pub fn pages(operator: &Client) -> Result<Vec<Page>> {
    let user = user(Client::new(operator.address()))?.cookies();
    let both = user_beside_operator(operator.clone())?.cookies();
    Ok(vec![
        Page::hosted("/id/production/login", 200, "name=\"password\""),
        Page::hosted("/id/nowhere/login", 404, "<h1>"),
        Page::hosted("/id/production/nothing/here", 404, "Not found"),
        // A link that nobody was given: the page that says so.
        Page::hosted("/id/production/password?link=upl_nobodys", 410, "<h1>"),
        Page::hosted("/id/production/account/sessions", 303, "").redirects(),
        Page::hosted("/id/production/account", 303, "").redirects(),
        Page::hosted("/id/production/account/sessions", 200, "My sessions").with_cookies(&user),
        Page::hosted("/id/production/account/audit", 200, "hosted-log").with_cookies(&user),
        Page::hosted("/id/production/account/sessions", 200, "Who are you?").with_cookies(&both),
        Page::hosted("/id/production/account/audit", 200, "Who are you?").with_cookies(&both),
    ])
}

/// A browser in which the user is signed in, besides whatever it was.
fn user(mut browser: Client) -> Result<Client> {
    let answer = browser.post_form("/id/production/login", &[("email", EMAIL), ("password", PASSWORD)])?;
    if answer.status != 303 {
        bail!("signing {EMAIL} in answered {}:\n{}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(browser)
}

/// The same browser with an impersonation of that user, too: its pages ask whom it means.
fn user_beside_operator(mut browser: Client) -> Result<Client> {
    let list = browser.get(&format!("/production/users?q={EMAIL}"))?;
    let list = String::from_utf8_lossy(&list.body);
    let id = super::after(&list, "href=\"/production/users/").context("the user is not listed")?;
    let form = [("account", "northwind"), ("application", "northwind-console"), ("reason", "Measuring pages")];
    let started = browser.post_form(&format!("/production/users/{id}/impersonate"), &form)?;
    let url = started.header("location").context("the impersonation did not start")?.to_owned();
    let path = url.find("/id/").map(|at| &url[at..]).with_context(|| format!("not started: {url}"))?;
    let opened = browser.get(path)?;
    if opened.status != 200 {
        bail!("the hand-off answered {}", opened.status);
    }
    user(browser)
}
