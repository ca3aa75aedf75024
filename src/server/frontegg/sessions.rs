//! The user's own sessions: the same list and the same rules as on the hosted page *My sessions*.

use std::collections::HashMap;

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::call::Call;
use super::error::{SdkError, SdkResult};
use super::own;
use crate::model::session::{SessionItem, SessionKind};
use crate::server::domain::session::Session;
use crate::server::service::session::self_service;

async fn viewer(call: &Call) -> SdkResult<Session> {
    let (_, subject) = own::self_service(call).await?;
    Ok(subject.session.clone())
}

async fn running(call: &Call, viewer: &Session) -> SdkResult<Vec<Value>> {
    let now = call.provider.state.now();
    // The SDK's list has no room for saying that there are more.
    let (sessions, _) = self_service::sessions(&call.provider.user_of(viewer), viewer).await?;
    let running = sessions.iter().filter(|session| session.is_live(now));
    Ok(running.map(|session| item(session, viewer.id)).collect())
}

/// Reason and ticket are the operators' words and stay with us, and so does where an operator sits.
fn item(session: &SessionItem, current: Uuid) -> Value {
    let impersonated = session.kind == SessionKind::Impersonation;
    let mut said = json!({
        "id": session.id,
        "current": session.id == current,
        "impersonated": impersonated,
        "ipAddress": session.ip_address.as_ref().filter(|_| !impersonated),
        "userAgent": session.user_agent.as_ref().filter(|_| !impersonated),
        "createdAt": session.started_at,
        "expires": session.expires_at,
    });
    // For the bar, which people read: only the operator's own tab asks from inside an impersonation.
    if let Some(operator) = session.operator_name.as_ref().filter(|_| session.id == current) {
        said["operator"] = json!(operator);
    }
    said
}

/// `GET me`.
pub async fn list(call: Call) -> SdkResult<Response> {
    let viewer = viewer(&call).await?;
    Ok(Json(running(&call, &viewer).await?).into_response())
}

/// `GET me/current`. `expires` is when the session ends at the latest: an impersonation's deadline, which the login box
/// counts down to.
pub async fn current(call: Call) -> SdkResult<Response> {
    let viewer = viewer(&call).await?;
    let sessions = running(&call, &viewer).await?;
    let current = sessions.into_iter().find(|session| session["current"] == true);
    Ok(Json(current.ok_or_else(|| SdkError::over("The session has ended."))?).into_response())
}

/// `DELETE me/{id}`. From inside an impersonation only that impersonation itself can be ended.
pub async fn end(Path(path): Path<HashMap<String, String>>, call: Call) -> SdkResult<Response> {
    let viewer = viewer(&call).await?;
    let id = path.get("session_id").and_then(|text| Uuid::try_parse(text).ok());
    let id = id.ok_or_else(|| SdkError::missing("There is no such session."))?;
    self_service::revoke(&call.provider.user_of(&viewer), &viewer, id).await?;
    Ok(Json(json!({})).into_response())
}

/// `DELETE me/all`: every session of the user, this one last. Never from inside an impersonation.
pub async fn end_all(call: Call) -> SdkResult<Response> {
    let viewer = viewer(&call).await?;
    everywhere(&call, &viewer).await
}

/// `POST revoke`: as [`end_all`]. Ending the sessions of others is for operators, in the portal.
pub async fn revoke(call: Call) -> SdkResult<Response> {
    let viewer = viewer(&call).await?;
    let user_id = call.input.get("userId").and_then(|text| Uuid::try_parse(text).ok());
    if user_id != Some(viewer.user_id) {
        return Err(SdkError::forbidden("Sessions of other users are ended in the portal."));
    }
    everywhere(&call, &viewer).await
}

async fn everywhere(call: &Call, viewer: &Session) -> SdkResult<Response> {
    let caller = call.provider.user_of(viewer);
    self_service::revoke_others(&caller, viewer).await?;
    self_service::revoke(&caller, viewer, viewer.id).await?;
    Ok(Json(json!({})).into_response())
}
