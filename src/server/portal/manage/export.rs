//! The audit trail as a file: exactly what the page shows, as CSV or as JSON Lines, while it is read.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::at::At;
use crate::model::audit::{AuditItem, AuditQuery};
use crate::model::error::ApiError;
use crate::server::error::ServiceResult;
use crate::server::service::audit::export::{self, Export};

/// Pieces that wait for a reader who is slow: each has a thousand events.
const AHEAD: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

impl Format {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// What it is called, how a file of it ends, and its media type.
    fn facts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Csv => ("CSV", "csv", "text/csv; charset=utf-8"),
            Self::JsonLines => ("JSON Lines", "jsonl", "application/jsonl"),
        }
    }
}

/// What the address asks for, as the page reads it.
fn query(at: &At) -> AuditQuery {
    let word = |name: &str| at.words.get(name).to_owned();
    AuditQuery {
        q: word("q"),
        action: word("action"),
        severity: word("severity"),
        account: word("account"),
        only: word("only"),
        from: word("from"),
        to: word("to"),
        from_offset: word("from_offset"),
        to_offset: word("to_offset"),
        ..AuditQuery::default()
    }
}

pub async fn file(at: At) -> Response {
    let Some(format) = Format::parse(at.words.get("format")) else {
        let refusal = ApiError::invalid("format", "Export as csv or as jsonl.");
        let content = maud::html! { p.notice.bad { (refusal) } };
        return at.refused(&refusal, "Export", content).await;
    };
    let (name, ending, kind) = format.facts();
    let export = match export::begin(at.caller.clone(), &query(&at), name).await {
        Ok(export) => export,
        Err(error) => return at.failed(error).await,
    };
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(write(export, format, sender));
    let mut response = Body::from_stream(ReceiverStream::new(receiver)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let now = at.caller.state.now().format("%Y%m%dT%H%M%SZ");
    let file = format!("attachment; filename=\"audit-{}-{now}.{ending}\"", at.caller.environment.slug);
    if let Ok(file) = HeaderValue::try_from(file) {
        headers.insert(header::CONTENT_DISPOSITION, file);
    }
    response
}

/// Writes until everything is written or nobody reads any more. A file that could not be finished ends with an error, so that
/// nobody takes it for the whole.
async fn write(mut export: Export, format: Format, sender: mpsc::Sender<Result<Vec<u8>, std::io::Error>>) {
    let mut is_first = true;
    loop {
        let piece = match piece(&mut export, format, is_first).await {
            Ok(piece) => piece,
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "an export of the audit trail was cut off");
                _ = sender.send(Err(std::io::Error::other("the export was cut off"))).await;
                return;
            }
        };
        is_first = false;
        let Some(piece) = piece else { return };
        if sender.send(Ok(piece)).await.is_err() {
            return;
        }
    }
}

async fn piece(export: &mut Export, format: Format, is_first: bool) -> ServiceResult<Option<Vec<u8>>> {
    let events = export.next().await?;
    if events.is_empty() && !(is_first && format == Format::Csv) {
        return Ok(None);
    }
    Ok(Some(match format {
        Format::Csv => csv(&events, is_first)?,
        Format::JsonLines => json_lines(&events)?,
    }))
}

fn json_lines(events: &[AuditItem]) -> ServiceResult<Vec<u8>> {
    let mut lines = Vec::new();
    for event in events {
        serde_json::to_writer(&mut lines, event).map_err(anyhow::Error::from)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

const COLUMNS: [&str; 22] = [
    "id",
    "occurred_at",
    "action",
    "severity",
    "actor_kind",
    "actor_id",
    "actor_name",
    "operator_id",
    "operator_name",
    "user_id",
    "user_name",
    "user_email",
    "account_name",
    "application_name",
    "session_id",
    "mode",
    "reason",
    "ticket",
    "description",
    "ip_address",
    "user_agent",
    "request_id",
];

fn csv(events: &[AuditItem], is_first: bool) -> ServiceResult<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if is_first {
        writer.write_record(COLUMNS).map_err(anyhow::Error::from)?;
    }
    for event in events {
        writer.write_record(cells(event)).map_err(anyhow::Error::from)?;
    }
    Ok(writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?)
}

fn cells(event: &AuditItem) -> [String; 22] {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| defused(text.as_deref().unwrap_or_default());
    [
        event.id.to_string(),
        event.occurred_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        defused(&event.action),
        event.severity.as_str().to_owned(),
        event.actor_kind.as_str().to_owned(),
        id(event.actor_id),
        defused(&event.actor_name),
        id(event.operator_id),
        text(&event.operator_name),
        id(event.user_id),
        text(&event.user_name),
        text(&event.user_email),
        text(&event.account_name),
        text(&event.application_name),
        id(event.session_id),
        event.mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        text(&event.reason),
        text(&event.ticket),
        defused(&event.description),
        text(&event.ip_address),
        text(&event.user_agent),
        text(&event.request_id),
    ]
}

/// A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe in front, which they show as text
/// (OWASP, CSV Injection).
fn defused(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::defused;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(defused(formula), format!("'{formula}"));
        }
        for plain in ["", "Amara Okafor", "a=1", "SUP-1"] {
            assert_eq!(defused(plain), plain);
        }
    }
}
