//! What a server is told at its start: options, each with an environment variable, secrets also from files.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use ipnet::IpNet;
use url::Url;
use zeroize::Zeroizing;

use crate::server::crypto::keyring::MasterKey;
use crate::server::db::sqlite_file;
use crate::server::platform::client_address::TrustedProxies;
use crate::server::platform::closed::create_folder;
use crate::server::platform::random::Random;
use crate::server::platform::url::is_loopback;

/// Where everything is if nobody says anything.
const DATA: &str = "./data";
const MASTER_KEY: &str = "master.key";

#[derive(Args, Clone)]
pub struct DatabaseOptions {
    /// Folder of the SQLite file and of the master key, where these are not given otherwise; by default that of the SQLite
    /// file that DATABASE_URL names, or else ./data.
    #[arg(long = "data", env = "DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`; by default a SQLite file in the data folder.
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// File that holds the database URL, so that its password is in no environment.
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<PathBuf>,
    /// Connections to the database at most.
    #[arg(long, env = "DATABASE_CONNECTIONS", value_name = "NUMBER", default_value_t = 10)]
    pub database_connections: u32,
    /// Base64 of the 32 bytes that seal signing keys; by default made once and kept in the data folder.
    #[arg(long, env = "MASTER_KEY", value_name = "BASE64", hide_env_values = true)]
    pub master_key: Option<String>,
    /// File that holds the master key.
    #[arg(long, env = "MASTER_KEY_FILE", value_name = "FILE", conflicts_with = "master_key")]
    pub master_key_file: Option<PathBuf>,
}

#[derive(Args, Clone)]
pub struct ServerOptions {
    /// Address and port to listen on.
    #[arg(long = "listen", env = "LISTEN_ADDR", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Address and port at which Prometheus reads `/metrics`: one that only the monitoring reaches, for nobody is asked who it is
    /// there. None where nothing is said.
    #[arg(long = "metrics-listen", env = "METRICS_LISTEN_ADDR", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<SocketAddr>,
    /// For how many seconds after SIGTERM new connections are still taken, while `/readyz` says already that there should be none:
    /// as long as whoever spreads the load takes to notice.
    #[arg(long, env = "STOP_DELAY", value_name = "SECONDS", default_value_t = 1)]
    pub stop_delay: u32,
    /// The address under which browsers and applications reach this server, without a path.
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", default_value = "http://localhost:3000")]
    pub public_url: Url,
    /// Addresses and networks of the proxies in front, as in `10.0.0.0/8,2001:db8::5`: what these say of their clients in
    /// `Forwarded` or `X-Forwarded-For` is believed, and nobody else.
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETWORKS", default_value = "", hide_default_value = true)]
    pub trusted_proxies: TrustedProxies,
    /// The old way to say that proxies on this machine and in private networks are trusted. Better give TRUSTED_PROXIES.
    #[arg(long, env = "TRUST_FORWARDED_FOR", value_parser = clap::builder::BoolishValueParser::new())]
    pub trust_forwarded_for: bool,
    /// Private networks, `10.1.0.0/16,fd00::/8`, in which applications may be told of ended sessions. Only public addresses are
    /// called where none is named, and this machine where `PUBLIC_URL` is on it.
    #[arg(long, env = "OUTBOUND_NETWORKS", value_name = "NETWORK,…", value_delimiter = ',', value_parser = network)]
    pub outbound_networks: Vec<IpNet>,
    /// Connections at a time at most: new ones wait. Not more than the system lets the process open files.
    #[arg(long, env = "MAX_CONNECTIONS", value_name = "NUMBER", default_value_t = 10_000)]
    pub max_connections: usize,
    /// Connections of one address, or one /64 of IPv6, at a time at most: more are closed. By default a quarter of
    /// MAX_CONNECTIONS. Proxies that are trusted have as many as there are.
    #[arg(long, env = "MAX_CONNECTIONS_PER_NETWORK", value_name = "NUMBER")]
    pub max_connections_per_network: Option<usize>,
    /// `false` lifts all limits on how often something may be tried: for measurements only.
    #[arg(long, env = "RATE_LIMITS", value_name = "BOOLEAN", default_value_t = true, action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new())]
    pub rate_limits: bool,
}

impl DatabaseOptions {
    /// The database URL that was given, if one was. Makes nothing.
    pub fn known_url(&self) -> anyhow::Result<Option<String>> {
        match (&self.database_url, &self.database_url_file) {
            (Some(url), _) => Ok(Some(url.clone())),
            (None, Some(file)) => read_secret(file).map(|url| Some(url.as_str().to_owned())),
            (None, None) => Ok(None),
        }
    }

    /// Where the database and the master key are, unless they are given otherwise. Makes nothing.
    pub fn folder(&self) -> PathBuf {
        if let Some(folder) = &self.data_dir {
            return folder.clone();
        }
        let file = self.known_url().ok().flatten().and_then(|url| sqlite_file(&url));
        let beside = file.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
        beside.map_or_else(|| PathBuf::from(DATA), ToOwned::to_owned)
    }

    /// The file of the master key, where no other is given: in the data folder. Where there is none, but one from before
    /// the key lay beside the database, that one.
    pub fn master_key_in_folder(&self) -> PathBuf {
        let file = self.folder().join(MASTER_KEY);
        let earlier = Path::new(DATA).join(MASTER_KEY);
        if self.data_dir.is_none() && !file.exists() && earlier.exists() { earlier } else { file }
    }

    /// The database URL that holds, creating the data folder where it is needed.
    pub fn url(&self) -> anyhow::Result<String> {
        if let Some(url) = self.known_url()? {
            return Ok(url);
        }
        let folder = self.folder();
        create_folder(&folder)?;
        Ok(format!("sqlite:{}", folder.join("understudy.db").display()))
    }

    /// The master key: given, or read from the data folder, or made there.
    pub fn master_key(&self, random: &dyn Random) -> anyhow::Result<MasterKey> {
        if let Some(text) = &self.master_key {
            return MasterKey::parse(text);
        }
        if let Some(file) = &self.master_key_file {
            return MasterKey::parse(&read_secret(file)?);
        }
        let file = self.master_key_in_folder();
        if !file.exists() {
            create_folder(&self.folder())?;
            write_secret(&file, &Zeroizing::new(MasterKey::generate(random)))?;
        }
        MasterKey::parse(&read_secret(&file)?).with_context(|| format!("reading {}", file.display()))
    }
}

impl ServerOptions {
    /// Whose word about their clients is taken.
    pub fn proxies(&self) -> TrustedProxies {
        if self.trust_forwarded_for { self.trusted_proxies.clone().with_local() } else { self.trusted_proxies.clone() }
    }

    /// What is wrong with trusting nobody: there is no TLS here, so an https address has a proxy in front.
    pub fn lacks_proxies(&self) -> bool {
        self.public_url.scheme() == "https" && self.proxies().is_empty()
    }

    /// # Errors
    /// Where the public URL has a path, a query or a scheme other than http and https.
    pub fn validate(&self) -> anyhow::Result<()> {
        let url = &self.public_url;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            bail!("PUBLIC_URL must be an http or https address, not {url}");
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            bail!("PUBLIC_URL must have no path, query or fragment: {url}");
        }
        Ok(())
    }
}

/// Whether a database on another machine is connected to without insisting on TLS: the driver then takes what it is offered.
pub fn is_open_connection(database_url: &str) -> bool {
    let Ok(url) = Url::parse(database_url) else { return false };
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return false;
    }
    let option = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let host = option("host").or_else(|| url.host_str().map(ToOwned::to_owned)).unwrap_or_default();
    // A path is that of a socket, and so is no host at all.
    let is_local =
        host.is_empty() || host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f") || is_loopback(&host);
    let mode = option("sslmode").or_else(|| option("ssl-mode")).unwrap_or_default();
    !is_local && !matches!(mode.as_str(), "require" | "verify-ca" | "verify-full")
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| one()).map_err(|_| format!("{text} is no network such as 10.1.0.0/16 or fd00::/8"))
}

fn read_secret(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// Writes a file that only its owner may read.
fn write_secret(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut target = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("creating {}", file.display()))?;
    writeln!(target, "{text}").with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{DatabaseOptions, is_open_connection};

    #[test]
    fn the_master_key_lies_beside_the_database() {
        let options = |data: Option<&str>, url: Option<&str>| DatabaseOptions {
            data_dir: data.map(PathBuf::from),
            database_url: url.map(ToOwned::to_owned),
            database_url_file: None,
            database_connections: 1,
            master_key: None,
            master_key_file: None,
        };
        let folder = |data, url| options(data, url).folder();
        assert_eq!(folder(None, None), Path::new("./data"));
        assert_eq!(folder(None, Some("sqlite:/var/lib/understudy/understudy.db")), Path::new("/var/lib/understudy"));
        assert_eq!(folder(None, Some("sqlite://u.db?mode=rwc")), Path::new("./data"));
        assert_eq!(folder(None, Some("postgres://u:p@localhost/d")), Path::new("./data"));
        assert_eq!(folder(Some("/keys"), Some("sqlite:/var/lib/u.db")), Path::new("/keys"));
    }

    #[test]
    fn a_database_elsewhere_wants_tls_that_is_insisted_on() {
        for open in [
            "postgres://u:p@db.internal/d",
            "postgresql://u:p@10.0.0.5:5432/d?sslmode=prefer",
            "postgres://u:p@[2001:db8::1]/d?sslmode=disable",
            "postgres:///d?host=db.internal",
        ] {
            assert!(is_open_connection(open), "{open}");
        }
        for closed in [
            "sqlite:/data/a.db",
            "postgres://u:p@localhost/d",
            "postgres://u:p@127.0.0.1:5432/d",
            "postgres://u:p@[::1]/d",
            "postgres:///d?host=/run/postgresql",
            "postgres://u:p@%2Frun%2Fpostgresql/d",
            "postgres://u:p@db.internal/d?sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres://u:p@db.internal/d?sslmode=require",
        ] {
            assert!(!is_open_connection(closed), "{closed}");
        }
    }
}
