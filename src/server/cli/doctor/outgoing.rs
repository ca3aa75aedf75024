//! Whether applications could be told of ended sessions: an address that is refused is else found out at the first end.

use std::sync::Arc;

use tokio::task::JoinSet;
use url::Url;

use super::Findings;
use crate::server::cli::options::ServerOptions;
use crate::server::db::Conn;
use crate::server::db::inspect::{self, LogoutAddress};
use crate::server::platform::outbound::{Network, Outbound, OutboundError};

/// Addresses that are looked at.
const MOST: usize = 200;

pub async fn logout_addresses(findings: &mut Findings, conn: &mut Conn, options: &ServerOptions) -> anyhow::Result<()> {
    let mut rows = inspect::logout_addresses(conn, MOST as i64 + 1).await?;
    let is_cut = rows.len() > MOST;
    rows.truncate(MOST);
    let network = Arc::new(Network::of(&options.public_url));
    network.allow(&options.outbound_networks);
    let mut looks = JoinSet::new();
    for (place, row) in rows.iter().enumerate() {
        let (network, uri) = (network.clone(), row.uri.clone());
        looks.spawn(async move {
            let url = Url::parse(&uri).map_err(|error| OutboundError::Unreachable(error.to_string()));
            let looked = match url {
                Ok(url) => network.check(&url).await,
                Err(error) => Err(error),
            };
            (place, looked)
        });
    }
    let mut looked = looks.join_all().await;
    looked.sort_by_key(|(place, _)| *place);
    let mut all_good = true;
    for (row, (_, look)) in rows.iter().zip(looked) {
        if let Err(error) = look {
            all_good = false;
            refused(findings, row, &error);
        }
    }
    if is_cut {
        findings.warn(
            &format!("more than {MOST} applications are told of ended sessions; the first {MOST} were looked at"),
            "each application's page shows how its messages went",
        );
    } else if all_good && !rows.is_empty() {
        findings.good("every application that is to be told of ended sessions has an address that may be called");
    }
    Ok(())
}

fn refused(findings: &mut Findings, row: &LogoutAddress, error: &OutboundError) {
    let LogoutAddress { environment, application, uri } = row;
    let mend = match error {
        OutboundError::Private => "if it is yours, add its network to OUTBOUND_NETWORKS, as in 10.1.0.0/16",
        _ => "check the address and the name server of this machine; until then that application learns nothing",
    };
    findings.warn(&format!("{environment}: {application} cannot be told of ended sessions at {uri}: {error}"), mend);
}
