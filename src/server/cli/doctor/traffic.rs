//! What servers saw of the outside: headers of proxies that nobody trusts, and sign-ins that failed.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::Findings;
use crate::server::client_address::TrustedProxies;
use crate::server::clock::{Clock, SystemClock};
use crate::server::config::ServerOptions;
use crate::server::db::{Conn, failed_sign_in, notice};

/// How far back is looked.
const LATELY: TimeDelta = TimeDelta::days(7);
/// Addresses that are listed at most.
const MOST: i64 = 5;

/// What can be known without having seen a request.
pub fn proxies(findings: &mut Findings, options: &ServerOptions) {
    if options.lacks_proxies() {
        findings.warn(
            "the public address is https, so a proxy stands in front, but TRUSTED_PROXIES names none: everybody has the \
             proxy's address in the audit trail, and guessing passwords is not limited by address",
            "set TRUSTED_PROXIES to the proxy's address or network, as in 127.0.0.1 or 10.0.0.0/8",
        );
    }
    if options.trust_forwarded_for {
        findings.warn(
            "TRUST_FORWARDED_FOR is the old switch: it trusts proxies on this machine and in all private networks",
            "name the proxies in TRUSTED_PROXIES instead",
        );
    }
}

/// What servers noted.
pub async fn seen(findings: &mut Findings, conn: &mut Conn, trusted: &TrustedProxies) -> anyhow::Result<()> {
    let now = SystemClock.now();
    for row in notice::since(conn, "forwarded.untrusted", now - LATELY, MOST).await? {
        let still = row.detail.parse::<IpAddr>().is_ok_and(|address| !trusted.contains(address));
        if still {
            findings.warn(
                &format!(
                    "a forwarding header came from {}, which TRUSTED_PROXIES does not name (last {})",
                    row.detail,
                    row.last_seen_at.format("%Y-%m-%d %H:%M UTC")
                ),
                "if it is your proxy's address, add it to TRUSTED_PROXIES; if not, somebody made the header up",
            );
        }
    }
    for row in notice::since(conn, "forwarded.unreadable", now - LATELY, MOST).await? {
        findings.warn(
            &format!("the proxy {} named its clients by what is no address", row.detail),
            "let it write addresses into X-Forwarded-For or Forwarded; until then nobody is limited by address",
        );
    }
    for row in notice::since(conn, "forwarded.contradiction", now - LATELY, MOST).await? {
        findings.warn(
            &format!("through the proxy {} came Forwarded and X-Forwarded-For that name different clients", row.detail),
            "let the proxy remove the one that it does not write itself",
        );
    }
    for (environment, door, attempts) in failed_sign_in::since(conn, now - TimeDelta::days(1)).await? {
        let place = if door == "portal" { "to the portal" } else { "to applications" };
        findings
            .good(&format!("{environment}: {attempts} sign-ins {place} with an unknown e-mail failed within a day"));
    }
    Ok(())
}
