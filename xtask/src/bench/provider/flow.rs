//! The way to tokens, as a benchmark walks it: an operator signs in and starts sessions, and an application takes over.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bench::load::{Answered, Asking, request};
use crate::bench::sign_in;
use crate::http::{Answer, Client};

const PROVIDER: &str = "/id/production";

/// A confidential client of the demonstration data, and a user of it.
pub struct Application {
    client_id: &'static str,
    /// In the demonstration data, known to everybody.
    secret: &'static str,
    /// The sample application's own, as the demonstration data has it.
    redirect_uri: &'static str,
    account: &'static str,
    user: &'static str,
}

/// Its tokens are signed with RS256.
pub const RSA: Application = Application {
    client_id: "northwind-console",
    secret: "ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB",
    redirect_uri: "http://localhost:3001/callback",
    account: "northwind",
    user: "amara.okafor",
};

/// Its tokens are signed with ES256.
pub const ELLIPTIC: Application = Application {
    client_id: "lumiere-portal",
    secret: "ucs_v6vjT6nSVl_MxaoUHk1RzY_MJ-dV5Dx-28KPScpioYADGge",
    redirect_uri: "http://localhost:3004/callback",
    account: "lumiere",
    user: "amelie.girard",
};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Different sessions that are asked about.
const SESSIONS: usize = 32;
/// Codes that are redeemed in one measurement: they work for a minute.
const CODES: usize = 4000;

pub struct Flow {
    address: SocketAddr,
    operator: Client,
    application: &'static Application,
    user: String,
    /// Access tokens, each of a session of its own.
    access_tokens: Vec<String>,
    /// One session in this browser, for codes.
    browser: Client,
    session: String,
}

impl Application {
    /// A confidential client's head of a request.
    fn proof(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.client_id, self.secret)))
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

impl Flow {
    pub fn begin(address: SocketAddr, understudy: &Path, application: &'static Application) -> Result<Self> {
        let mut operator = Client::new(address);
        sign_in(&mut operator, understudy)?;
        let page = operator.get(&format!("/production/users?q={}", application.user))?;
        let page = String::from_utf8_lossy(&page.body).into_owned();
        let user = page
            .split("/production/users/")
            .skip(1)
            .find_map(|rest| rest.get(..36).filter(|id| id.matches('-').count() == 4))
            .context("the users table has no user")?
            .to_owned();
        let mut flow = Self {
            address,
            browser: operator.clone(),
            operator,
            application,
            user,
            access_tokens: Vec::new(),
            session: String::new(),
        };
        for _ in 0..SESSIONS {
            let (browser, session) = flow.session()?;
            let code = flow.code(&mut browser.clone(), &session)?;
            flow.access_tokens.push(flow.tokens(&code)?.0);
            (flow.browser, flow.session) = (browser, session);
        }
        Ok(flow)
    }

    fn start_form(&self) -> String {
        [
            ("request[environment]", "production"),
            ("request[user_id]", &self.user),
            ("request[account]", self.application.account),
            ("request[application]", self.application.client_id),
            ("request[reason]", "Measuring how long this takes"),
            ("request[ticket]", "BENCH-1"),
        ]
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .join("&")
    }

    /// What the drawer sends.
    pub fn start_request(&self) -> Result<Vec<u8>> {
        let cookie = self.operator.cookies();
        let origin = format!("http://localhost:{}", self.address.port());
        let headers = [("Accept", "application/json"), ("Origin", &origin), ("Cookie", &cookie)];
        Ok(request("POST", self.address, "/rpc/impersonation/start", &headers, &self.start_form()))
    }

    /// Starts a session and follows its hand-off in a browser of its own.
    fn session(&self) -> Result<(Client, String)> {
        let mut browser = self.operator.clone();
        let started = browser.send_form("/rpc/impersonation/start", &self.start_form(), "application/json")?;
        let started: serde_json::Value = serde_json::from_slice(&started.body)?;
        let url = started["url"].as_str().with_context(|| format!("not started: {started}"))?;
        let path = url.find("/id/").map(|at| &url[at..]).context("the hand-off is elsewhere")?;
        expect(&browser.get(path)?, 200)?;
        Ok((browser, started["session_id"].as_str().context("no session")?.to_owned()))
    }

    fn authorize_path(&self, session: &str) -> String {
        format!(
            "{PROVIDER}/authorize?client_id={}&redirect_uri={}&response_type=code&scope=openid&state=s&nonce=n\
             &code_challenge={CHALLENGE}&code_challenge_method=S256&login_hint={session}",
            self.application.client_id,
            encoded(self.application.redirect_uri)
        )
    }

    fn code(&self, browser: &mut Client, session: &str) -> Result<String> {
        let answer = browser.get(&self.authorize_path(session))?;
        expect(&answer, 303)?;
        code_in(answer.header("location").unwrap_or_default())
    }

    fn redemption(&self, code: &str) -> String {
        let redirect_uri = encoded(self.application.redirect_uri);
        format!("grant_type=authorization_code&code={code}&redirect_uri={redirect_uri}&code_verifier={VERIFIER}")
    }

    /// Access token and refresh token.
    fn tokens(&self, code: &str) -> Result<(String, String)> {
        let mut client = Client::new(self.address).with_header("Authorization", &self.application.proof());
        let answer = client.send_form(&format!("{PROVIDER}/token"), &self.redemption(code), "application/json")?;
        expect(&answer, 200)?;
        let body: serde_json::Value = serde_json::from_slice(&answer.body)?;
        let text = |name: &str| body[name].as_str().map(ToOwned::to_owned).with_context(|| format!("no {name}"));
        Ok((text("access_token")?, text("refresh_token")?))
    }
}

/// A form that an application posts to the provider, with its proof.
fn protocol(address: SocketAddr, proof: &str, path: &str, form: &str) -> Vec<u8> {
    request("POST", address, &format!("{PROVIDER}{path}"), &[("Authorization", proof)], form)
}

fn expect(answer: &Answer, status: u16) -> Result<()> {
    if answer.status != status {
        bail!(
            "answered {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>()
        );
    }
    Ok(())
}

fn code_in(location: &str) -> Result<String> {
    let (_, rest) = location.split_once("code=").with_context(|| format!("no code in {location}"))?;
    Ok(rest.split('&').next().unwrap_or_default().to_owned())
}

/// Redeems authorization codes, each once.
pub struct Redeeming(Vec<Vec<u8>>);

impl Redeeming {
    /// Codes for so many connections, issued now.
    pub fn prepare(flow: &Flow, connections: usize) -> Result<Vec<Self>> {
        let mut browser = flow.browser.clone();
        let mut shares: Vec<Self> = (0..connections).map(|_| Self(Vec::new())).collect();
        let proof = flow.application.proof();
        let count = if connections == 1 { CODES / 4 } else { CODES };
        for number in 0..count {
            let code = flow.code(&mut browser, &flow.session)?;
            shares[number % connections].0.push(protocol(flow.address, &proof, "/token", &flow.redemption(&code)));
        }
        Ok(shares)
    }
}

impl Asking for Redeeming {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.0.pop()
    }

    fn check(&mut self, answer: &Answered<'_>) -> Result<()> {
        answer.expect(200)
    }
}

/// Trades its refresh token for the next, again and again.
pub struct Refreshing {
    address: SocketAddr,
    proof: String,
    token: String,
}

impl Refreshing {
    pub fn begin(flow: &Flow) -> Result<Self> {
        let (browser, session) = flow.session()?;
        let code = flow.code(&mut browser.clone(), &session)?;
        Ok(Self { address: flow.address, proof: flow.application.proof(), token: flow.tokens(&code)?.1 })
    }
}

impl Asking for Refreshing {
    fn next(&mut self) -> Option<Vec<u8>> {
        let form = format!("grant_type=refresh_token&refresh_token={}", self.token);
        Some(protocol(self.address, &self.proof, "/token", &form))
    }

    fn check(&mut self, answer: &Answered<'_>) -> Result<()> {
        answer.expect(200)?;
        self.token = answer.member("refresh_token")?;
        Ok(())
    }
}

/// Asks about one session after the other.
pub struct Introspecting {
    requests: Vec<Vec<u8>>,
    at: usize,
}

impl Introspecting {
    pub fn new(flow: &Flow, number: usize) -> Self {
        let proof = flow.application.proof();
        let ask = |token: &String| protocol(flow.address, &proof, "/introspect", &format!("token={token}"));
        Self { requests: flow.access_tokens.iter().map(ask).collect(), at: number }
    }
}

impl Asking for Introspecting {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.at = (self.at + 1) % self.requests.len();
        Some(self.requests[self.at].clone())
    }

    fn check(&mut self, answer: &Answered<'_>) -> Result<()> {
        answer.expect(200)?;
        if !answer.body.windows(13).any(|part| part == br#""active":true"#) {
            bail!("a running session is not active");
        }
        Ok(())
    }
}
