//! The audit trail against whoever is at the database itself.

use crate::support::{TestApp, try_execute};

const COLUMNS: &str = "id, environment_id, occurred_at, action, severity, actor_kind, actor_name, operator_id, user_id, session_id, \
    reason, description, visible_to_account, search_text";

#[tokio::test]
async fn no_statement_replaces_or_empties_what_the_audit_trail_holds() {
    let app = TestApp::new().await;
    crate::identity::flow::impersonating(&app, crate::identity::flow::AMARA, "northwind", "console").await;
    let before = app.count("audit_events").await;
    let row = |id: &str, action: &str| {
        format!(
            "{id}, environment_id, occurred_at, action, 'info', actor_kind, actor_name, operator_id, user_id, session_id, reason, \
             'nothing happened', visible_to_account, search_text FROM audit_events WHERE action = '{action}' LIMIT 1"
        )
    };
    let statements = if app.state.db.kind() == "SQLite" {
        vec![
            format!("INSERT OR REPLACE INTO audit_events ({COLUMNS}) SELECT {}", row("id", "impersonation.started")),
            format!("REPLACE INTO audit_events ({COLUMNS}) SELECT {}", row("id", "operator.signed_in")),
            // As the one START of its session, under another key.
            format!(
                "INSERT OR REPLACE INTO audit_events ({COLUMNS}) SELECT {}",
                row("randomblob(16)", "impersonation.started")
            ),
            // By its row number.
            format!(
                "INSERT OR REPLACE INTO audit_events (rowid, {COLUMNS}) SELECT rowid, {}",
                row("randomblob(16)", "operator.signed_in")
            ),
            format!(
                "INSERT INTO audit_events ({COLUMNS}) SELECT {} ON CONFLICT (id) DO UPDATE SET description = 'nothing'",
                row("id", "operator.signed_in")
            ),
            "UPDATE OR REPLACE audit_events SET description = 'nothing'".to_owned(),
            "DELETE FROM environments".to_owned(),
        ]
    } else {
        vec![
            "TRUNCATE audit_events".to_owned(),
            "TRUNCATE environments CASCADE".to_owned(),
            format!(
                "INSERT INTO audit_events ({COLUMNS}) SELECT {} ON CONFLICT (id) DO UPDATE SET description = 'nothing'",
                row("id", "operator.signed_in")
            ),
            "UPDATE audit_events SET description = 'nothing'".to_owned(),
            "DELETE FROM audit_events".to_owned(),
            "DELETE FROM environments".to_owned(),
        ]
    };
    for sql in statements {
        assert!(try_execute(&app.state.db, &sql).await.is_err(), "{sql}");
        assert_eq!(app.count("audit_events").await, before, "{sql}");
        assert_eq!(app.count("audit_events WHERE description LIKE 'nothing%'").await, 0, "{sql}");
    }
    // Adding is what it is for.
    app.operator_browser(crate::identity::flow::OLIVIA).await;
    assert!(app.count("audit_events").await > before);
}
