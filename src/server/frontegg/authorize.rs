//! The authorization endpoint as the SDKs call it: the provider's own, with the scope read more kindly.

use axum::extract::Request;
use axum::http::Uri;

use crate::server::oauth::parameters::Parameters;

/// The request in the standard's words, for the provider to answer. Whom it means is decided as for everybody.
pub fn understood(mut request: Request) -> Request {
    let parameters = Parameters::of_query(request.uri().query().unwrap_or_default());
    if parameters.has_repeated() || parameters.has_nul() {
        return request;
    }
    if let Some(scope) = scope(parameters.get("scope")) {
        let query = parameters.with("scope", &scope).as_sent_without(&[]);
        if let Ok(uri) = format!("{}?{query}", request.uri().path()).parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
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
