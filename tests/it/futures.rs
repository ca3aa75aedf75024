//! What every request of an application waits for is small. Its future becomes part of that of each layer around it, and these are
//! moved several times on their way: when the statements of what is asked for seldom were part of them, moving them was a
//! third of what an introspection cost.

use std::mem::size_of_val;

use understudy::server::service::registry::relying_party;
use understudy::server::service::tokens::{self, SessionToken};
use uuid::Uuid;

use crate::support::TestApp;

/// Bytes.
const MOST: usize = 3 * 1024;

#[tokio::test]
async fn what_every_request_waits_for_is_small_to_move() {
    let app = TestApp::new().await;
    let state = &app.state;
    let environment_id = relying_party::environment(state, "production").await.expect("read").expect("known").id;
    let application = relying_party::application(state, environment_id, "console").await.expect("read").expect("known");
    let token = SessionToken { session_id: Uuid::nil(), family_id: None, tenant_id: None };
    let sizes = [
        ("environment", size_of_val(&relying_party::environment(state, "production"))),
        ("environment_at", size_of_val(&relying_party::environment_at(state, "id.example"))),
        ("application", size_of_val(&relying_party::application(state, environment_id, "console"))),
        ("is_registered_origin", size_of_val(&relying_party::is_registered_origin(state, environment_id, ""))),
        ("keys", size_of_val(&relying_party::keys(state, environment_id))),
        ("subject", size_of_val(&tokens::subject(state, environment_id, &application, &token))),
        ("refresh_standing", size_of_val(&tokens::refresh_standing(state, environment_id, &application, ""))),
    ];
    let large: Vec<_> = sizes.into_iter().filter(|(_, bytes)| *bytes > MOST).collect();
    assert!(large.is_empty(), "bytes: {large:?}");
}
