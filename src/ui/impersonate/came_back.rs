//! The drawer that the server leads back to, where script did not start the session.

use crate::model::impersonation::{validate_reason, validate_ticket};
use crate::model::validate::Checks;
use crate::rpc::impersonation::Start;
use crate::ui::kit::address::Words;
use crate::ui::kit::form::Form;

/// The form, which says of the reason and the ticket that came back in the address what is wrong with them.
pub fn form(words: &Words) -> Form {
    let form = Form::to::<Start>();
    let mut checks = Checks::default();
    let (reason, ticket) = (words.get("reason"), words.get("ticket"));
    // What is not there was empty, or too long for an address.
    if !reason.is_empty() {
        checks.check(validate_reason(reason));
    }
    checks.check(validate_ticket(ticket));
    form.look_again(checks);
    form
}
