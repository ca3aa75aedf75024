//! `understudy environment retention`.

use clap::Args;
use serde_json::json;

use crate::server::cli::context::{environment, open_offline, plain};
use crate::server::cli::options::DatabaseOptions;
use crate::server::cli::{Output, say, say_json, table};
use crate::server::domain::retention::{DAYS, IMPERSONATIONS, Retention};
use crate::server::service::caller::Caller;
use crate::server::service::directory::retention::{Change, Changed, of, set};

#[derive(Args)]
pub struct RetentionOptions {
    /// Slug of the environment.
    #[arg(long, env = "ENVIRONMENT_SLUG")]
    slug: String,
    /// Days for which events of the audit trail are kept.
    #[arg(long, value_name = "DAYS", value_parser = days(), allow_negative_numbers = true)]
    audit_days: Option<i64>,
    /// Days for which sessions are kept after they ended.
    #[arg(long, value_name = "DAYS", value_parser = days(), allow_negative_numbers = true)]
    session_days: Option<i64>,
    /// Days for which operators' portal sessions are kept after their time. They are of all environments: the most days count.
    #[arg(long, value_name = "DAYS", value_parser = days(), allow_negative_numbers = true)]
    portal_session_days: Option<i64>,
    /// Days for which it is kept how many sign-ins with an unknown e-mail failed.
    #[arg(long, value_name = "DAYS", value_parser = days(), allow_negative_numbers = true)]
    failed_sign_in_days: Option<i64>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    database: DatabaseOptions,
}

fn days() -> clap::builder::RangedI64ValueParser<i64> {
    clap::value_parser!(i64).range(DAYS)
}

pub async fn run(options: &RetentionOptions) -> anyhow::Result<()> {
    let change = Change {
        audit: options.audit_days,
        sessions: options.session_days,
        portal_sessions: options.portal_session_days,
        failed_sign_ins: options.failed_sign_in_days,
    };
    let is_asked = change.audit.or(change.sessions).or(change.portal_sessions).or(change.failed_sign_ins).is_none();
    let state = open_offline(&options.database).await?;
    let mut conn = state.db.read().await?;
    let row = environment(&mut conn, &options.slug).await?;
    let name = row.name.clone();
    let unchanged = of(&mut conn, row.id).await.map_err(plain)?;
    drop(conn);
    let Changed { before, now } = if is_asked {
        Changed { before: unchanged, now: unchanged }
    } else {
        set(&Caller::system(&state, row), change).await.map_err(plain)?
    };
    state.db.close().await;
    if options.output.json {
        let json = |days: &Retention| {
            json!({
                "audit_days": days.audit,
                "session_days": days.sessions,
                "portal_session_days": days.portal_sessions,
                "failed_sign_in_days": days.failed_sign_ins,
            })
        };
        say_json(&json!({ "slug": options.slug, "before": json(&before), "now": json(&now) }));
        return Ok(());
    }
    if !is_asked && before == now {
        say(&format!("{name} keeps all of that for as long already. Nothing was changed."));
    }
    let cells = |((what, before), (_, now)): ((&str, i64), (&str, i64))| {
        let mut cells = vec![what.to_owned(), now.to_string()];
        if before != now {
            cells.push(before.to_string());
        }
        cells
    };
    let rows: Vec<Vec<String>> = before.parts().into_iter().zip(now.parts()).map(cells).collect();
    let head: &[&str] = if before == now { &["KEPT IN DAYS", "NOW"] } else { &["KEPT IN DAYS", "NOW", "BEFORE"] };
    say(&table(head, &rows));
    if now.audit.min(now.sessions) < IMPERSONATIONS {
        say(&format!("\nImpersonations and their events are kept for {IMPERSONATIONS} days all the same."));
    }
    Ok(())
}
