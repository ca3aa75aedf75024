//! An authorization request, read to the letter: what is not understood is refused with the standard's own word.

use crate::server::domain::application::Application;
use crate::server::oauth::claims::SCOPES;
use crate::server::oauth::hint::id_in;
use crate::server::oauth::parameters::Parameters;
use crate::server::platform::url::origin_of;

/// An error that goes to the application by redirect (RFC 6749 section 4.1.2.1, Core section 3.1.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthorizationError {
    pub code: &'static str,
    pub description: &'static str,
}

impl AuthorizationError {
    pub fn request(description: &'static str) -> Self {
        Self { code: "invalid_request", description }
    }

    /// The error with what was sent in the parameter that it is about, for whoever mends the application.
    pub fn about(&self, parameters: &Parameters) -> String {
        let parameter = match self.code {
            "unsupported_response_type" => "response_type",
            "invalid_scope" => "scope",
            _ => ["response_mode", "prompt", "max_age", "code_challenge_method"]
                .into_iter()
                .find(|name| self.description.starts_with(name))
                .unwrap_or_default(),
        };
        match parameters.get(parameter) {
            Some(sent) => format!("{}: {}, not {sent:?}", self.code, self.description),
            None => format!("{}: {}", self.code, self.description),
        }
    }
}

/// A nonce is kept with its code and goes into a token: longer ones than any client makes are refused.
const NONCE_MAX: usize = 1024;

#[derive(Debug)]
pub struct AuthorizationRequest<'a> {
    /// The scopes that are asked for and known.
    pub scope: String,
    pub nonce: Option<&'a str>,
    pub code_challenge: Option<&'a str>,
    /// `prompt=none`: nothing may be shown.
    pub silent: bool,
    /// `prompt=login`: the user must sign in now.
    pub fresh_sign_in: bool,
    /// `prompt=select_account`: the user is asked who it is, and for no password.
    pub select_account: bool,
    /// Seconds since the user's sign-in at most.
    pub max_age: Option<i64>,
    pub login_hint: Option<&'a str>,
    pub id_token_hint: Option<&'a str>,
}

impl<'a> AuthorizationRequest<'a> {
    pub fn read(parameters: &'a Parameters, application: &Application) -> Result<Self, AuthorizationError> {
        let invalid = AuthorizationError::request;
        if parameters.has_repeated() {
            return Err(invalid("a parameter was sent more than once"));
        }
        if parameters.has_nul() {
            return Err(invalid("a parameter has a NUL character in it"));
        }
        for (name, code) in [
            ("request", "request_not_supported"),
            ("request_uri", "request_uri_not_supported"),
            ("registration", "registration_not_supported"),
        ] {
            if parameters.get(name).is_some() {
                return Err(AuthorizationError { code, description: "send the parameters themselves" });
            }
        }
        match parameters.get("response_type") {
            Some("code") => {}
            None => return Err(invalid("response_type is missing")),
            Some(_) => {
                let description = "response_type must be code";
                return Err(AuthorizationError { code: "unsupported_response_type", description });
            }
        }
        match parameters.get("response_mode") {
            None | Some("query") => {}
            Some("form_post") if parameters.get("redirect_uri").is_none_or(|uri| origin_of(uri).is_some()) => {}
            Some("form_post") => return Err(invalid("response_mode=form_post needs an http or https redirect_uri")),
            Some(_) => return Err(invalid("response_mode must be query or form_post")),
        }
        if parameters.get("nonce").is_some_and(|nonce| nonce.len() > NONCE_MAX) {
            return Err(invalid("nonce is longer than 1024 bytes"));
        }
        let prompt = Prompt::read(parameters.get("prompt"))?;
        Ok(Self {
            scope: scope(parameters.get("scope"))?,
            nonce: parameters.get("nonce"),
            code_challenge: challenge(parameters, application)?,
            silent: prompt.none,
            fresh_sign_in: prompt.login,
            select_account: prompt.select_account,
            max_age: max_age(parameters.get("max_age"))?,
            login_hint: parameters.get("login_hint"),
            id_token_hint: parameters.get("id_token_hint"),
        })
    }

    /// Whether there is any hint at whom is meant.
    pub fn names_somebody(&self) -> bool {
        self.login_hint.is_some() || self.id_token_hint.is_some()
    }

    /// Whether `login_hint` has the form of an id.
    pub fn hints_by_id(&self) -> bool {
        self.login_hint.is_some_and(|hint| id_in(hint).is_some())
    }
}

/// What is asked for and known; other words are ignored (RFC 6749 section 3.3), and the token's answer says what is left.
fn scope(asked: Option<&str>) -> Result<String, AuthorizationError> {
    let asked: Vec<&str> = asked.unwrap_or_default().split_ascii_whitespace().collect();
    if !asked.contains(&"openid") {
        return Err(AuthorizationError { code: "invalid_scope", description: "scope must contain openid" });
    }
    let granted: Vec<&str> = SCOPES.into_iter().filter(|scope| asked.contains(scope)).collect();
    Ok(granted.join(" "))
}

/// A challenge without a method would be `plain` (RFC 7636 section 4.3), which protects nothing.
fn challenge<'a>(parameters: &'a Parameters, application: &Application) -> Result<Option<&'a str>, AuthorizationError> {
    let invalid = AuthorizationError::request;
    match (parameters.get("code_challenge"), parameters.get("code_challenge_method")) {
        (Some(challenge), Some("S256")) => {
            let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
            let well_formed = challenge.len() == 43 && challenge.bytes().all(allowed);
            if well_formed { Ok(Some(challenge)) } else { Err(invalid("code_challenge is no SHA-256 in base64url")) }
        }
        (Some(_), _) => Err(invalid("code_challenge_method must be S256")),
        (None, Some(_)) => Err(invalid("code_challenge is missing")),
        (None, None) if application.is_public() => Err(invalid("code_challenge is required of this client")),
        (None, None) => Ok(None),
    }
}

/// What may, or must, be shown. Consent is given by the environment's owner, once for all; and who asks for a new account
/// (`create`, Initiating User Registration 1.0) is shown what there is.
struct Prompt {
    none: bool,
    login: bool,
    select_account: bool,
}

impl Prompt {
    fn read(words: Option<&str>) -> Result<Self, AuthorizationError> {
        let words: Vec<&str> = words.unwrap_or_default().split_ascii_whitespace().collect();
        let known = ["none", "login", "consent", "select_account", "create"];
        if !words.iter().all(|word| known.contains(word)) {
            return Err(AuthorizationError::request("prompt must be none, login, consent or select_account"));
        }
        let none = words.contains(&"none");
        if none && words.len() > 1 {
            return Err(AuthorizationError::request("prompt=none stands alone"));
        }
        let (login, select_account) = (words.contains(&"login"), words.contains(&"select_account"));
        Ok(Self { none, login, select_account })
    }
}

fn max_age(seconds: Option<&str>) -> Result<Option<i64>, AuthorizationError> {
    // More seconds than can be counted are no limit.
    let parse = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().unwrap_or(i64::MAX))
    };
    match seconds {
        None => Ok(None),
        Some(text) => parse(text).map(Some).ok_or(AuthorizationError::request("max_age must be a number of seconds")),
    }
}
