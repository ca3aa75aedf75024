//! What is as it is at the moment of a question: the database, what runs, what waits, and the process itself.

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::Labels;

#[derive(Clone, Copy, Debug, Default)]
pub struct Levels {
    pub database_up: bool,
    pub connections_used: usize,
    pub connections_idle: usize,
    pub connections_most: usize,
    pub impersonations: i64,
    /// Environments in which impersonation is on.
    pub environments_on: i64,
    /// Messages about ended sessions that wait, and for how many seconds the first of them does.
    pub waiting: i64,
    pub waiting_seconds: i64,
}

#[derive(Default)]
pub struct Gauges {
    database_up: Gauge,
    connections: Family<Labels<1>, Gauge>,
    connections_most: Gauge,
    impersonations: Gauge,
    environments_on: Gauge,
    waiting: Gauge,
    waiting_seconds: Gauge,
    memory: Gauge,
}

impl Gauges {
    pub fn register(&self, registry: &mut Registry) {
        let help = "Memory that the process has";
        registry.register("process_resident_memory_bytes", help, self.memory.clone());
        let ours = registry.sub_registry_with_prefix("understudy");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        ours.register("build", "The version that runs", build);
        ours.register("database_up", "Whether the database answers", self.database_up.clone());
        ours.register("database_connections", "Connections to the database", self.connections.clone());
        let help = "Connections to the database at most";
        ours.register("database_connections_most", help, self.connections_most.clone());
        ours.register("impersonations_running", "Impersonations that run", self.impersonations.clone());
        let help = "Environments in which impersonation is turned on";
        ours.register("impersonation_environments", help, self.environments_on.clone());
        ours.register("outbox_waiting", "Messages about ended sessions that wait", self.waiting.clone());
        let help = "For how many seconds the first of them waits";
        ours.register("outbox_oldest_seconds", help, self.waiting_seconds.clone());
    }

    pub fn set(&self, levels: &Levels) {
        self.database_up.set(levels.database_up.into());
        self.connections.get_or_create(&[("state", "used")]).set(number(levels.connections_used));
        self.connections.get_or_create(&[("state", "idle")]).set(number(levels.connections_idle));
        self.connections_most.set(number(levels.connections_most));
        self.impersonations.set(levels.impersonations);
        self.environments_on.set(levels.environments_on);
        self.waiting.set(levels.waiting);
        self.waiting_seconds.set(levels.waiting_seconds);
        self.memory.set(resident_bytes().unwrap_or_default());
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Bytes of memory, where the system says it.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<i64>().ok().map(|kilobytes| kilobytes * 1024)
}
