//! Traces, as a collector of our own receives them from a server of its own.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::served::Server;

const SENDERS: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Span>>>);

async fn take(State(received): State<Received>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP in protobuf");
    let spans = request.resource_spans.into_iter().flat_map(|of| of.scope_spans).flat_map(|of| of.spans);
    received.0.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
}

/// The text of an attribute.
fn attribute<'a>(span: &'a Span, name: &str) -> Option<&'a str> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The spans of a server that answered one request, with the request's id.
async fn spans_of_a_request(name: &str, options: &[&str]) -> (Vec<Span>, String) {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
    let collector = tokio::spawn(async move { axum::serve(listener, router).await });
    let options: Vec<String> = ["--otlp-endpoint", &endpoint, "--stop-delay", "0"]
        .iter()
        .chain(options)
        .map(|word| (*word).to_owned())
        .collect();
    let name = name.to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut server = Server::start(&name, &options);
        let answer = server.ask("/readyz?password=of-somebody", &format!("traceparent: {SENDERS}\r\n"));
        server.terminate();
        assert!(server.wait(), "it sends what is left and ends well");
        answer
    });
    let answer = asked.await.expect("a server");
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id").trim().to_owned();
    collector.abort();
    let spans = std::mem::take(&mut *received.0.lock().unwrap_or_else(PoisonError::into_inner));
    (spans, id)
}

fn of_request<'a>(spans: &'a [Span], id: &str) -> &'a Span {
    let found = spans.iter().find(|span| attribute(span, "id") == Some(id));
    found.unwrap_or_else(|| panic!("no span of request {id}: {spans:#?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_a_span_with_its_id_and_use_cases_and_statements_are_spans_below_it() {
    let (spans, id) = spans_of_a_request("traces", &["--trusted-proxies", "127.0.0.1"]).await;
    let request = of_request(&spans, &id);
    assert_eq!(request.name, "GET /readyz");
    assert_eq!(request.kind, 2, "it is a server's");
    assert_eq!(
        request.trace_id,
        0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes(),
        "it goes on with the proxy's"
    );
    let use_case = spans.iter().find(|span| span.name == "failing");
    assert_eq!(use_case.map(|span| &span.parent_span_id), Some(&request.span_id), "{spans:#?}");
    // Timers ask the same in traces of their own.
    let of_request = |span: &&Span| span.trace_id == request.trace_id;
    let statement = spans.iter().filter(of_request).find(|span| attribute(span, "name") == Some("environment::all"));
    assert!(statement.is_some(), "no statement: {spans:#?}");
    let told = format!("{spans:?}");
    assert!(!told.contains("of-somebody") && !told.contains("SELECT"), "neither queries nor SQL: {told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_begins_no_trace() {
    let (spans, id) = spans_of_a_request("strange-traces", &[]).await;
    let request = of_request(&spans, &id);
    assert_ne!(request.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes());
    assert!(request.parent_span_id.is_empty());
}
