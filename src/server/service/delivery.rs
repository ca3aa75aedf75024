//! What others are told, later and for certain.
//!
//! What has to be told is put into the outbox in the transaction of what it is about ([`outbox`]). Each kind of message says
//! what is sent, what counts as heard, and what an operator reads where it is given up.

pub mod back_channel_logout;
pub mod outbox;

pub use back_channel_logout::test as test_back_channel_logout;
pub use outbox::Outcome;

use crate::server::domain::delivery::{Message, MessageKind};
use crate::server::error::ServiceResult;
use crate::server::service::audit;
use crate::server::state::AppState;

/// Makes the attempt that a message was claimed for, and writes down what became of it.
///
/// # Errors
/// Where that could not be written down: the claim runs out, and it is tried again.
pub async fn attempt(state: &AppState, message: &Message) -> ServiceResult<()> {
    let outcome = match message.kind {
        MessageKind::BackChannelLogout => back_channel_logout::send(state, message).await,
    };
    let mut tx = state.db.write().await?;
    if let Some(error) = outbox::settle(state, &mut tx, message, outcome).await? {
        let event = match message.kind {
            MessageKind::BackChannelLogout => back_channel_logout::given_up(&mut tx, message, &error).await?,
        };
        audit::record(state, &mut tx, event).await?;
    }
    tx.commit().await?;
    Ok(())
}
