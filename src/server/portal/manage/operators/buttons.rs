//! What can be done about one operator by a button.

use maud::{Markup, html};

use crate::server::portal::manage::form::{Question, button_form};
use crate::server::portal::manage::parts::counted;
use crate::server::service::operator::OperatorDetail;

/// The buttons that the page of an operator has for who may.
pub fn buttons(detail: &OperatorDetail, path: &str) -> Markup {
    let operator = &detail.operator;
    let name = operator.name.as_str();
    let to = |verb: &str| format!("{path}/{verb}");
    if !detail.may_manage {
        return html! {};
    }
    html! {
        @if operator.suspended {
            (button_form(&to("enable"), &[], "button", html! { "Let in again" }))
        } @else {
            (link_question(operator.invited, name, &to("link")))
        }
        @if !operator.invited && !operator.suspended {
            (question("sign-out", "Sign out everywhere", &format!("Sign {name} out everywhere?"),
                &ends(detail, "The operator can sign in again."), &to("sign-out"), "Sign out"))
        }
        @if !detail.is_own {
            @if !operator.invited && !operator.suspended {
                (question("suspend", "Suspend", &format!("Suspend {name}?"),
                    &ends(detail, "The operator cannot sign in until somebody lets them in again; roles stay."), &to("suspend"), "Suspend"))
            }
            (question("remove", "Remove", &format!("Remove {name}?"),
                &ends(detail, "Roles, address and password are gone for good. The audit trail keeps what it says."), &to("remove"), "Remove"))
        }
    }
}

fn ends(detail: &OperatorDetail, then: &str) -> String {
    let more = if detail.more_sessions { "More than " } else { "" };
    let sessions = counted(detail.sessions.len() as i64, "portal session");
    format!("{more}{sessions} and all that the operator does as users end at once. {then}")
}

fn question(id: &str, button: &str, title: &str, text: &str, action: &str, go: &str) -> Markup {
    let (button, text) = (html! { (button) }, html! { p { (text) } });
    Question { id, button, class: "button danger", title, text, action, fields: html! {}, go }.drawn()
}

fn link_question(invited: bool, name: &str, action: &str) -> Markup {
    let (button, title, text) = match invited {
        true => (
            "New invitation link",
            format!("Make a new link for {name}?"),
            "It works for 72 hours, once. The one before works no more.",
        ),
        false => (
            "Password link",
            format!("Make a link for {name}?"),
            "With it one chooses another password, within an hour. Whoever has the link can become this operator.",
        ),
    };
    Question {
        id: "link",
        button: html! { (button) },
        class: "button",
        title: &title,
        text: html! { p { (text) } },
        action,
        fields: html! {},
        go: "Make link",
    }
    .drawn()
}
