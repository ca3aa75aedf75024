//! Traces for OpenTelemetry: each request, use case and statement as a span, sent to a collector where one is named.

use anyhow::Context;
use axum::http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use super::outbound::Collector;

/// Enabled where traces are sent.
const TARGET: &str = "traces";
/// Targets of the spans that are sent: this crate's modules, and its statements.
const OURS: [&str; 2] = [env!("CARGO_CRATE_NAME"), "statement"];

/// Whether traces are sent.
pub fn are_sent() -> bool {
    tracing::enabled!(target: TARGET, Level::TRACE)
}

/// The request of `span` goes on with what its sender began, where that says so (W3C Trace Context).
pub fn join(span: &Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // Without a layer for it there is nothing to join.
    let _ = span.set_parent(context);
}

/// Gives a span another name, which is known only by now.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// What sends traces, until it is ended.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to send to `endpoint`, below which the standard's path is.
    ///
    /// # Errors
    /// Where the address cannot be used.
    pub fn begin(endpoint: &Url, runtime: Handle) -> anyhow::Result<Self> {
        let collector = Collector::new(runtime).context("no TLS client could be made for traces")?;
        let address = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
        let exporter = SpanExporter::builder().with_http().with_http_client(collector).with_endpoint(address).build();
        let exporter = exporter.context("the address for traces cannot be used")?;
        let us =
            [KeyValue::new("service.name", "understudy"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
        let detector = Box::new(EnvResourceDetector::new());
        let resource = Resource::builder_empty().with_attributes(us).with_detector(detector).build();
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    /// What takes the spans.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static
    where
        S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("understudy"));
        let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false).with_target(false);
        layer.with_filter(filter_fn(is_sent as fn(&Metadata<'_>) -> bool))
    }

    /// Sends what is left.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Spans of ours, and no events: those are the log's.
fn is_sent(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_below = |rest: &str| rest.is_empty() || rest.starts_with("::");
    let is_ours = OURS.iter().any(|ours| target.strip_prefix(ours).is_some_and(is_below));
    target == TARGET || (metadata.is_span() && is_ours && *metadata.level() <= Level::DEBUG)
}
