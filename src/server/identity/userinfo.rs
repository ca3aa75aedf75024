//! Claims about the user of an access token (OpenID Connect Core section 5.3), as they are now, and whole: also those of which
//! a token has room for the first ones only. Of accounts there are 1,000 at a time; `tenant_ids_after` asks for the next.

use axum::Json;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use crate::server::oauth::access;
use crate::server::oauth::claims::{Act, ProfileClaims};
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::{Parameters, ProtocolForm};
use crate::server::oauth::provider::Provider;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserInfo<'a> {
    sub: Uuid,
    sid: Uuid,
    tenant_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_name: Option<&'a str>,
    tenant_ids: &'a [&'a str],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tenant_ids_overflow: bool,
    roles: &'a [String],
    permissions: &'a [String],
    #[serde(flatten)]
    profile: ProfileClaims<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<NamedAct<'a>>,
}

/// The operator as people call them: what a banner says. In a token it would travel to every API behind the application.
#[derive(Serialize)]
struct NamedAct<'a> {
    #[serde(flatten)]
    act: Act,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

pub async fn get(provider: Provider, RawQuery(query): RawQuery) -> OAuthResult<Response> {
    // A token in the address is not read: here only the place in the list may stand.
    let query = Parameters::parse(&query.unwrap_or_default());
    answer(&provider, None, query.get("tenant_ids_after")).await
}

pub async fn post(provider: Provider, ProtocolForm(form): ProtocolForm) -> OAuthResult<Response> {
    answer(&provider, Some(&form), form.get("tenant_ids_after")).await
}

/// Accounts in one answer.
const PAGE: usize = 1_000;

/// The accounts of one answer, and whether there are more after them. Few are in the order in which they are anywhere; many
/// by their ids, so that the last one of an answer says where the next begins.
fn page<'a>(tenant_ids: &'a [String], after: Option<&str>) -> (Vec<&'a str>, bool) {
    let mut page: Vec<&str> = tenant_ids.iter().map(String::as_str).collect();
    if page.len() > PAGE || after.is_some() {
        page.sort_unstable();
        page.retain(|id| after.is_none_or(|after| *id > after));
    }
    let more = page.len() > PAGE;
    page.truncate(PAGE);
    (page, more)
}

async fn answer(provider: &Provider, form: Option<&Parameters>, after: Option<&str>) -> OAuthResult<Response> {
    let (access, subject) = access::bearer(provider, form).await?;
    if !access.has_scope("openid") {
        return Err(OAuthError::InsufficientScope);
    }
    let (tenant_ids, tenant_ids_overflow) = page(&subject.tenant_ids, after);
    let names = access.has_scope("profile");
    let info = UserInfo {
        sub: subject.session.user_id,
        sid: subject.session.id,
        tenant_id: &subject.tenant_id,
        tenant_name: names.then_some(subject.account_name.as_str()),
        tenant_ids: &tenant_ids,
        tenant_ids_overflow,
        roles: &subject.roles,
        permissions: &subject.permissions,
        profile: ProfileClaims::of(&subject.session, access.scope()),
        act: Act::of(provider, &subject.session)
            .map(|act| NamedAct { act, name: subject.session.operator_name.as_deref().filter(|_| names) }),
    };
    Ok(Json(info).into_response())
}

#[cfg(test)]
mod tests {
    use super::{PAGE, page};

    #[test]
    fn of_more_accounts_than_one_answer_holds_each_is_in_one_of_them() {
        let all: Vec<String> = (0..2_500).rev().map(|number| format!("account-{number:05}")).collect();
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let (ids, more) = page(&all, after);
            assert!(ids.len() <= PAGE);
            after = ids.last().copied();
            seen.extend(ids);
            if !more {
                break;
            }
        }
        let mut sorted = all.clone();
        sorted.sort();
        assert_eq!(seen, sorted);
        let few = ["z".to_owned(), "a".to_owned()];
        assert_eq!(page(&few, None), (vec!["z", "a"], false));
    }
}
