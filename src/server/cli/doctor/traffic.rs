//! What servers saw of the outside: headers of proxies that nobody trusts, and sign-ins that failed.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::Findings;
use crate::server::cli::options::ServerOptions;
use crate::server::db::notice::{self, Notice};
use crate::server::db::{Conn, failed_sign_in};
use crate::server::platform::client_address::TrustedProxies;
use crate::server::platform::clock::{Clock, SystemClock};

/// How far back is looked.
const LATELY: TimeDelta = TimeDelta::days(7);
/// Addresses of a kind that are listed at most.
const LISTED: usize = 5;
/// Addresses of a kind that are read: a server notes one in ten minutes, so that these are a week's of two.
const READ: i64 = 2_000;

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
    let mut noted = notice::since(conn, "forwarded.untrusted", now - LATELY, READ).await?;
    noted.retain(|row| row.detail.parse::<IpAddr>().is_ok_and(|address| !trusted.contains(address)));
    list(
        findings,
        &noted,
        |row| {
            let last = row.last_seen_at.format("%Y-%m-%d %H:%M UTC");
            format!("a forwarding header came from {}, which TRUSTED_PROXIES does not name (last {last})", row.detail)
        },
        "if it is your proxy's address, add it to TRUSTED_PROXIES; if not, somebody made the header up",
    );
    list(
        findings,
        &notice::since(conn, "forwarded.unreadable", now - LATELY, READ).await?,
        |row| format!("the proxy {} named its clients by what is no address", row.detail),
        "let it write addresses into X-Forwarded-For or Forwarded; until then nobody is limited by address",
    );
    list(
        findings,
        &notice::since(conn, "forwarded.contradiction", now - LATELY, READ).await?,
        |row| {
            format!("through the proxy {} came Forwarded and X-Forwarded-For that name different clients", row.detail)
        },
        "let the proxy remove the one that it does not write itself",
    );
    for failed in failed_sign_in::since(conn, now - TimeDelta::days(1)).await? {
        let place = if failed.door == "portal" { "to the portal" } else { "to applications" };
        let mut what = format!(
            "{}: {} sign-ins {place} with an unknown e-mail failed within a day",
            failed.environment, failed.attempts
        );
        if failed.most_of_one > 1 {
            what += &format!(", {} of them from one address within an hour", failed.most_of_one);
        }
        findings.good(&what);
    }
    Ok(())
}

/// The latest of a kind, and how many more there are.
fn list(findings: &mut Findings, noted: &[Notice], what: impl Fn(&Notice) -> String, mend: &str) {
    for row in noted.iter().take(LISTED) {
        findings.warn(&what(row), mend);
    }
    let more = noted.len().saturating_sub(LISTED);
    if more > 0 {
        findings
            .warn(&format!("{more} other addresses, longer ago, did the same: the latest {LISTED} are listed"), mend);
    }
}
