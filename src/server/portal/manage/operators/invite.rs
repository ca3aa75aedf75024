//! Inviting an operator: the form, and the link, which is shown once.

use axum::response::Response;
use maud::{Markup, html};

use super::{address, field_of};
use crate::model::operator::{Role, Roles};
use crate::server::domain::grants::Place;
use crate::server::error::ServiceError;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Field};
use crate::server::portal::manage::parts::{copyable, notice, page_head};
use crate::server::service::operator::{self as service, Invitation, OperatorLink, PlaceToGrant};

const TITLE: &str = "Invite operator";

/// What a role lets its holder do, beside its box.
fn said_of(role: Role) -> &'static str {
    match role {
        Role::Owner => "Everything, and who may do what",
        Role::Admin => "Everything but granting roles",
        Role::Impersonator => "With one of the other roles: acting as users",
        Role::BackofficeEditor => "Changing users, accounts and memberships",
        Role::BackofficeViewer => "Seeing users, accounts, applications and the audit trail",
    }
}

/// Boxes for the roles at each of these places.
pub fn roles_fields(draft: Draft<'_>, places: &[PlaceToGrant], hint: impl Fn(&PlaceToGrant) -> String) -> Markup {
    let boxes: Vec<(String, String, String)> = Role::ALL
        .into_iter()
        .map(|role| (role.as_str().to_owned(), role.label().to_owned(), said_of(role).to_owned()))
        .collect();
    html! {
        div.box-groups { @for place in places {
            @let name = field_of(place.environment.as_ref().map(|one| one.slug.as_str()));
            @let label = place.environment.as_ref().map_or("Roles in all environments".to_owned(), |one| format!("Roles in {}", one.name));
            @let stored = place.granted.iter().map(|role| role.as_str().to_owned()).collect::<Vec<_>>();
            (draft.boxes(Field { name: &name, label: &label, hint: &hint(place), ..Field::default() }, &boxes, &stored))
        } }
    }
}

/// The roles that were chosen at each of these places.
pub fn chosen(entered: &Entered, places: &[PlaceToGrant]) -> Vec<(Place, Roles)> {
    let of_place = |place: &PlaceToGrant| {
        let name = field_of(place.environment.as_ref().map(|one| one.slug.as_str()));
        (place.place, entered.all(&name).filter_map(Role::parse).collect::<Roles>())
    };
    places.iter().map(of_place).collect()
}

/// Where the caller may grant roles.
async fn places(at: &At) -> Result<Vec<PlaceToGrant>, ServiceError> {
    let places = service::list(&at.caller, "", "").await?.places;
    if places.is_empty() { Err(ServiceError::Forbidden) } else { Ok(places) }
}

pub async fn new(at: At) -> Response {
    match places(&at).await {
        Ok(places) => {
            let content = form(&at, &places, Draft::stored());
            at.page(TITLE, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn form(at: &At, places: &[PlaceToGrant], draft: Draft<'_>) -> Markup {
    let lead = html! { "Whoever opens the link chooses a password, and has these roles from then on." };
    let has_everywhere = places.iter().any(|place| place.environment.is_none());
    let own: &[&str] = if has_everywhere { &["name", "email", "roles"] } else { &["name", "email"] };
    html! {
        (page_head(TITLE, lead, html! {}))
        form.card.section.form.page-form method="post" action=(at.path("operators/new")) data-keep {
            (draft.text(Field { name: "name", label: "Name", required: true, maxlength: 200, ..Field::default() }, ""))
            (draft.text(Field { name: "email", label: "E-mail", kind: "email", required: true, hint: "They sign in with it.", ..Field::default() }, ""))
            (roles_fields(draft, places, |_| String::new()))
            (draft.failure(own))
            div.form-foot {
                button.button.primary type="submit" { "Make invitation" }
                a.button href=(at.path("operators")) { "Cancel" }
            }
        }
    }
}

pub async fn invite(at: At, entered: Entered) -> Response {
    let places = match places(&at).await {
        Ok(places) => places,
        Err(error) => return at.failed(error).await,
    };
    let roles = chosen(&entered, &places);
    let invitation = Invitation { email: entered.get("email"), name: entered.get("name"), roles };
    match service::invite(&at.caller.at_server(), invitation).await {
        Ok(link) => shown(at, &link).await,
        Err(error) => {
            let refusal = at.refusal(error);
            let content = form(&at, &places, Draft::refused(&entered, &refusal));
            at.refused(&refusal, TITLE, content).await
        }
    }
}

/// The page with a link, which nobody sees again.
pub async fn shown(at: At, link: &OperatorLink) -> Response {
    let title = match link.is_invitation {
        true => format!("Invitation for {}", link.name),
        false => format!("Password link for {}", link.name),
    };
    let lasts = if link.is_invitation { "72 hours" } else { "one hour" };
    let lead = html! { "Send it to " bdi { (link.email) } " by a way that nobody else reads." };
    let address = address(&at.caller.state, &link.code);
    let content = html! {
        (page_head(&title, lead, html! {}))
        div.card.section {
            div.secret { (copyable(&address, "link")) }
            (notice("key-round", html! {
                "It is shown this once and works once, for " (lasts) ". Whoever opens it chooses the password of "
                bdi { (link.name) } " and is signed in."
            }))
            div.form-foot {
                a.button.primary href=(at.path(&format!("operators/{}", link.operator_id))) { "Go to the operator" }
                a.button href=(at.path("operators")) { "All operators" }
            }
        }
    };
    at.page(&title, content).await
}
