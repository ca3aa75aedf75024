//! What an environment lacks before anybody can be impersonated in it. Nothing of it is a fault: it is what comes next.

use super::Findings;
use crate::model::operator::Role;
use crate::server::db::inspect::OperatorGrant;
use crate::server::db::word::Stored;
use crate::server::db::{Conn, inspect, settings};
use crate::server::domain::environment::Environment;

pub async fn readiness(
    findings: &mut Findings,
    conn: &mut Conn,
    environments: &[Environment],
    grants: &[OperatorGrant],
) -> anyhow::Result<()> {
    for row in environments {
        let (name, slug) = (&row.name, &row.slug);
        let import = |kind: &str| {
            format!(
                "understudy import --template {kind} > {kind}.csv, fill it in, understudy import --environment {slug} {kind}.csv"
            )
        };
        let holds = inspect::holdings(conn, row.id).await?;
        if !holds.applications {
            findings.warn(&format!("{name} has no application: nobody can sign in anywhere"), &import("applications"));
        }
        if !holds.accounts {
            findings.warn(&format!("{name} has no account: users belong to accounts"), &import("accounts"));
        }
        if !holds.users {
            findings.warn(&format!("{name} has no user"), &import("users"));
        }
        if !settings::get(conn, row.id).await?.enabled {
            findings.warn(
                &format!("impersonation is turned off in {name}"),
                &format!("understudy impersonation on --environment {slug}, or the page Impersonation of the portal"),
            );
        }
    }
    let others = grants
        .iter()
        .any(|grant| !grant.disabled && grant.role.as_ref().is_some_and(|role| *role != Stored::Known(Role::Owner)));
    if !others && !environments.is_empty() {
        findings.warn(
            "nobody but Owners can sign in to the portal",
            "understudy operator create --email … --name … --role impersonator,backoffice_viewer --environment …, for support staff",
        );
    }
    Ok(())
}
