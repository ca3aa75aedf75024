//! The authorization endpoint as the SDKs call it: the provider's own, with three things read more kindly.

use axum::extract::RawQuery;
use axum::response::Response;

use super::cookies::{self, Found};
use crate::server::error::ServiceResult;
use crate::server::identity::authorize::respond;
use crate::server::identity::choice::Browser;
use crate::server::identity::page;
use crate::server::identity::parameters::Parameters;
use crate::server::identity::provider::Provider;
use crate::server::service::relying_party;

pub async fn get(provider: Provider, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(&query.unwrap_or_default());
    match understood(&provider, &parameters).await {
        Ok(parameters) => respond(&provider, &parameters).await,
        Err(error) => page::failed(error, &provider.client.request_id),
    }
}

/// The request in the standard's words. The session that the browser keeps for the application is the one that is meant,
/// as it is for the silent sign-in, where the request says nothing else.
async fn understood(provider: &Provider, parameters: &Parameters) -> ServiceResult<Parameters> {
    if parameters.has_repeated() || parameters.has_nul() {
        return Ok(parameters.clone());
    }
    let mut understood = parameters.clone();
    if let Some(scope) = scope(parameters.get("scope")) {
        understood = understood.with("scope", &scope);
    }
    let says_who = ["login_hint", "prompt", "id_token_hint"].iter().any(|name| parameters.get(name).is_some());
    if says_who {
        return Ok(understood);
    }
    let client_id = parameters.get("client_id").unwrap_or_default();
    let application = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let Some(application) = application else { return Ok(understood) };
    let browser = Browser::of(provider).await?;
    if browser.just_handed_off(provider, &application).await?.is_some() {
        return Ok(understood);
    }
    Ok(match cookies::find(provider, &application).await? {
        Found::Session(session) if browser.holds(session.id) => understood.with("login_hint", &session.id.to_string()),
        _ => understood,
    })
}

/// The scope, with `openid` in the spellings that occur, and with a literal `+` between words, as one SDK sends it.
/// `None` where it is right as it is.
fn scope(asked: Option<&str>) -> Option<String> {
    let Some(asked) = asked else { return Some("openid profile email".to_owned()) };
    let mut words: Vec<String> =
        asked.split([' ', '+']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    if !words.iter().any(|word| word == "openid") {
        words.insert(0, "openid".to_owned());
    }
    Some(words.join(" ")).filter(|scope| scope != asked)
}

#[cfg(test)]
mod tests {
    use super::scope;

    #[test]
    fn a_scope_is_understood_as_sdks_spell_it() {
        assert_eq!(scope(Some("openid+email+profile")).as_deref(), Some("openid email profile"));
        assert_eq!(scope(Some("openId")).as_deref(), Some("openid"));
        assert_eq!(scope(Some("email")).as_deref(), Some("openid email"));
        assert_eq!(scope(None).as_deref(), Some("openid profile email"));
        assert_eq!(scope(Some("openid email profile")), None);
    }
}
