//! Logs: one line an event on standard error, readable or JSON.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::Arc;

use clap::ValueEnum;
use tracing::Subscriber;
use tracing_subscriber::filter::Directive;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, registry};

use super::traces::Traces;

/// The target of the access log.
const ACCESS: &str = "access";

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// Which lines are written, and how.
#[derive(Clone, Copy, Debug)]
pub struct Logging<'a> {
    pub format: LogFormat,
    /// A level, and levels of single modules.
    pub filter: &'a str,
    /// Whether each request has a line.
    pub access: bool,
}

impl Logging<'_> {
    fn filter(&self) -> EnvFilter {
        let filter = EnvFilter::try_new(self.filter).unwrap_or_else(|_| EnvFilter::new("info"));
        match format!("{ACCESS}=off").parse::<Directive>() {
            Ok(off) if !self.access => filter.add_directive(off),
            _ => filter,
        }
    }

    /// What writes the lines to `writer`, in colour where `colourful`, and spans to `traces`, where there are any.
    pub fn to<W>(&self, writer: W, colourful: bool, traces: Option<&Traces>) -> Box<dyn Subscriber + Send + Sync>
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        if let Some(traces) = traces {
            let lines = fmt::layer().with_writer(writer);
            let lines = match self.format {
                LogFormat::Text => lines.with_target(false).with_ansi(colourful).boxed(),
                LogFormat::Json => lines.json().boxed(),
            };
            return Box::new(registry().with(lines.with_filter(self.filter())).with(traces.layer()));
        }
        let builder = tracing_subscriber::fmt().with_env_filter(self.filter()).with_writer(writer);
        match self.format {
            LogFormat::Text => Box::new(builder.with_target(false).with_ansi(colourful).finish()),
            LogFormat::Json => Box::new(builder.json().finish()),
        }
    }
}

/// Sets up logging once, for the whole process.
///
/// # Errors
/// Where there is no standard error.
pub fn init(logging: &Logging<'_>, traces: Option<&Traces>) -> io::Result<()> {
    // A line is one write, which the system keeps whole: the lock of `std::io::stderr` would only make requests wait for each
    // other's lines.
    let lines = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    logging.to(Arc::new(lines), io::stderr().is_terminal(), traces).init();
    Ok(())
}
