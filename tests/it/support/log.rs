//! What the server writes to its log while a test looks on, through the real formats.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;
use understudy::server::platform::telemetry::{LogFormat, Logging};

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Memory {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Subscribers that take nothing, and stay.
static OTHERS: LazyLock<[Dispatch; 2]> = LazyLock::new(|| std::array::from_fn(|_| Dispatch::new(NoSubscriber::new())));

/// The log of this test's thread from here on, until it is dropped.
pub struct Log {
    memory: Memory,
    _guard: DefaultGuard,
}

impl Log {
    /// With every line that there is.
    pub fn of_everything(format: LogFormat) -> Self {
        Self::filtered(Logging { format, filter: "trace", access: true })
    }

    pub fn filtered(logging: Logging<'_>) -> Self {
        // With one subscriber alone, lines of code that other threads reach first would be off for all of them.
        LazyLock::force(&OTHERS);
        let memory = Memory::default();
        let guard = tracing::subscriber::set_default(logging.to(memory.clone(), false, None));
        Self { memory, _guard: guard }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.memory.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// The lines of a JSON log.
    pub fn lines(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
        self.text().lines().map(parse).collect()
    }

    /// The lines of the access log.
    pub fn access(&self) -> Vec<Value> {
        self.lines().into_iter().filter(|line| line["target"] == "access").collect()
    }
}

/// The log as it is written where nothing else is said, without the access log.
pub fn usual() -> Log {
    Log::filtered(Logging { format: LogFormat::Json, filter: "info,sqlx=warn", access: false })
}

/// The fields of the lines that say this.
pub fn saying(log: &Log, message: &str) -> Vec<Value> {
    let lines = log.lines().into_iter().filter(|line| line["fields"]["message"] == message);
    lines.map(|line| line["fields"].clone()).collect()
}
