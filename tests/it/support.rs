//! A whole server without a socket: real router, real database, a clock that the test moves.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::BodyExt;
use tokio::sync::Mutex;
use tower::ServiceExt;
use uuid::Uuid;

use understudy::model::error::ApiError;
use understudy::model::operator::Role;
use understudy::model::session::EndReason;
use understudy::server::crypto::keyring::{Keyring, MasterKey};
use understudy::server::db::Db;
use understudy::server::error::ServiceResult;
use understudy::server::platform::client_address::TrustedProxies;
use understudy::server::platform::clock::{Clock, ManualClock};
use understudy::server::platform::outbound::{Outbound, Recorder};
use understudy::server::platform::random::SystemRandom;
use understudy::server::router;
use understudy::server::service::caller::{Caller, Origin, ServerCaller};
use understudy::server::service::{operator as operators, session};
use understudy::server::state::AppState;

mod database;
pub mod fixture;
mod ledger;
pub mod log;

pub use database::{TestDatabase, break_audit, execute, mend_audit, remember, try_execute};
pub use fixture::{OPERATOR_PASSWORD, USER_PASSWORD};
pub use ledger::Ledger;

/// The origin under which the tests' server believes to be reached.
pub const ORIGIN: &str = "http://localhost:3000";
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub struct TestApp {
    pub state: AppState,
    pub clock: Arc<ManualClock>,
    /// What the server sent to others, and how they answer.
    pub outbound: Arc<Recorder>,
    pub router: Router,
    database: TestDatabase,
    /// What it is a copy of, if of any, kept for the next test.
    _fixture: Option<Arc<TestDatabase>>,
}

pub fn start_of_test() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().expect("a time")
}

/// The database that every test begins with a copy of: running all migrations anew for each would be most of what a test
/// does. It goes with the last test that holds it, so that nothing is left behind on a server.
async fn with_fixture() -> Arc<TestDatabase> {
    static SHARED: Mutex<Weak<TestDatabase>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    if let Some(database) = shared.upgrade() {
        return database;
    }
    let database = TestDatabase::create().await;
    let (state, ..) = start(&database, ORIGIN, "").await;
    state.db.migrate().await.expect("migrations run");
    fixture::load(&state).await;
    state.db.close().await;
    let database = Arc::new(database);
    *shared = Arc::downgrade(&database);
    database
}

async fn start(
    database: &TestDatabase,
    public_url: &str,
    proxies: &str,
) -> (AppState, Arc<ManualClock>, Arc<Recorder>) {
    let db = Db::connect(&database.url, 4).await.expect("the test database answers");
    let clock = Arc::new(ManualClock::at(start_of_test()));
    let outbound = Arc::new(Recorder::default());
    let master = MasterKey::parse(MASTER_KEY).expect("a master key");
    let state = AppState::new(
        db,
        clock.clone() as Arc<dyn Clock>,
        Arc::new(SystemRandom),
        outbound.clone() as Arc<dyn Outbound>,
        Keyring::new(master),
        public_url.parse().expect("a url"),
        proxies.parse::<TrustedProxies>().expect("networks"),
    );
    (state, clock, outbound)
}

impl TestApp {
    /// A server over a fresh database with the fixture's two environments, accounts, users, applications, operators.
    pub async fn new() -> Self {
        Self::with(ORIGIN, "").await
    }

    /// The same, behind proxies of these networks.
    pub async fn trusting(proxies: &str) -> Self {
        Self::with(ORIGIN, proxies).await
    }

    /// The same, reached under another address.
    pub async fn at(public_url: &str) -> Self {
        Self::with(public_url, "").await
    }

    async fn with(public_url: &str, proxies: &str) -> Self {
        let shared = with_fixture().await;
        Self::running(shared.copy().await, Some(shared), public_url, proxies).await
    }

    /// A server over this database, which it brings up to date first.
    pub async fn over(database: TestDatabase) -> Self {
        let app = Self::running(database, None, ORIGIN, "").await;
        app.state.db.migrate().await.expect("migrations run");
        app
    }

    async fn running(
        database: TestDatabase,
        fixture: Option<Arc<TestDatabase>>,
        public_url: &str,
        proxies: &str,
    ) -> Self {
        let (state, clock, outbound) = start(&database, public_url, proxies).await;
        let router = router::router(state.clone());
        Self { state, clock, outbound, router, database, _fixture: fixture }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), jar: Vec::new() }
    }

    /// A browser in which this operator is signed in to the portal.
    pub async fn operator_browser(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let form = [("email", email), ("password", OPERATOR_PASSWORD), ("return_to", "/")];
        let answer = browser.post("/rpc/sign-in", &form).await;
        assert!(answer.status().is_success() || answer.status().is_redirection(), "signing in: {}", answer.status());
        assert!(browser.cookie("understudy").is_some(), "no portal cookie was set");
        browser
    }

    /// The operator at work in an environment, for calling services without HTTP.
    pub async fn caller(&self, email: &str, environment: &str) -> Caller {
        let origin = Origin { ip_address: Some("192.0.2.7".into()), ..Origin::default() };
        let signed_in =
            operators::sign_in(&self.state, &origin, email, OPERATOR_PASSWORD).await.expect("the operator signs in");
        operators::enter(&self.state, signed_in.operator, origin, environment).await.expect("the operator has a role")
    }

    /// Exactly these roles, in all environments, for the operator.
    pub async fn set_roles(&self, email: &str, roles: &[Role]) {
        let revoke: Vec<Role> = Role::ALL.into_iter().filter(|role| !roles.contains(role)).collect();
        operators::change_roles(&ServerCaller::system(&self.state), email, None, roles, &revoke)
            .await
            .expect("roles change");
    }

    /// Whoever administers the server, at work in production.
    pub async fn system(&self) -> Caller {
        let mut conn = self.state.db.read().await.expect("a connection");
        let row = understudy::server::db::environment::by_slug(&mut conn, "production").await.expect("a query");
        Caller::system(&self.state, row.expect("production"))
    }

    /// Ends a session of production as nobody in particular. Gives whether this call ended it.
    pub async fn end_session(&self, id: Uuid, reason: EndReason) -> ServiceResult<bool> {
        let caller = self.system().await;
        let mut tx = self.state.db.write().await.expect("a transaction");
        let session = understudy::server::db::session::standing(&mut tx, caller.environment.id, id).await?;
        let session = session.expect("a session");
        let ended = session::end_in(&self.state, &mut tx, &session, reason, &caller.actor, &caller.origin).await?;
        tx.commit().await?;
        Ok(ended)
    }

    pub async fn user_id(&self, email: &str) -> Uuid {
        database::user_id(&self.state.db, "production", email).await
    }

    /// Rows of the audit trail with this action, newest last: (description, reason, operator, visible to the account).
    pub async fn events(&self, action: &str) -> Vec<database::EventRow> {
        database::events(&self.state.db, action).await
    }

    /// The ids of the requests in which events of this action were written, oldest first; `%` is any.
    pub async fn request_ids(&self, action: &str) -> Vec<Option<String>> {
        database::request_ids(&self.state.db, action).await
    }

    /// The bytes that the router answers a request with.
    pub async fn router_answer(&self, request: Request<Body>) -> Vec<u8> {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        response.into_body().collect().await.expect("a body").to_bytes().to_vec()
    }

    /// The user's sessions as the user sees them.
    pub async fn user_sessions(&self, email: &str) -> Vec<understudy::model::session::SessionItem> {
        let user = self.user_id(email).await;
        let mut conn = self.state.db.read().await.expect("a connection");
        understudy::server::service::session::of_user(&mut conn, user, 100).await.expect("sessions").0
    }

    /// Where another process would find the same database.
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// As [`TestApp::count`], without a transaction.
    pub async fn count_by_reading(&self, table: &'static str) -> i64 {
        database::count_by_reading(&self.state.db, table).await
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        database::count(&self.state.db, table).await
    }

    pub async fn execute(&self, sql: &'static str) {
        execute(&self.state.db, sql).await;
    }
}

/// A browser: keeps cookies by name and path, follows no redirects by itself.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    jar: Vec<CookieRow>,
}

#[derive(Clone, Debug)]
struct CookieRow {
    name: String,
    value: String,
    path: String,
}

impl Browser {
    pub async fn get(&mut self, path: &str) -> Response<String> {
        let request = Request::get(path).header(header::ACCEPT, "text/html");
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Posts a form as a browser does, with this portal as its origin.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Response<String> {
        let request = Request::post(path)
            .header(header::ACCEPT, "text/html")
            .header(header::ORIGIN, ORIGIN)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(encode(form))).expect("a request")).await
    }

    /// Calls a server function as the hydrated page does.
    pub async fn call(&mut self, endpoint: &str, form: &[(&str, &str)]) -> Response<String> {
        let request = Request::post(format!("/rpc/{endpoint}"))
            .header(header::ACCEPT, "application/json")
            .header(header::ORIGIN, ORIGIN)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(encode(form))).expect("a request")).await
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Response<String> {
        let path = request.uri().path().to_owned();
        let cookies: Vec<String> = self
            .jar
            .iter()
            .filter(|cookie| path.starts_with(&cookie.path))
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().expect("a cookie header"));
        }
        request.headers_mut().entry(header::HOST).or_insert("localhost:3000".parse().expect("a host"));
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        for value in response.headers().get_all(header::SET_COOKIE) {
            self.keep(value.to_str().expect("a cookie"));
        }
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        Response::from_parts(parts, String::from_utf8_lossy(&bytes).into_owned())
    }

    fn keep(&mut self, text: &str) {
        let mut parts = text.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie has a name");
        let mut path = "/".to_owned();
        let mut expired = false;
        for part in parts {
            match part.split_once('=') {
                Some((key, value)) if key.eq_ignore_ascii_case("path") => path = value.to_owned(),
                Some((key, value)) if key.eq_ignore_ascii_case("max-age") => {
                    expired = value.parse::<i64>().expect("seconds") <= 0;
                }
                _ => {}
            }
        }
        self.jar.retain(|cookie| !(cookie.name == name && cookie.path == path));
        if !expired {
            self.jar.push(CookieRow { name: name.to_owned(), value: value.to_owned(), path });
        }
    }

    /// The values of all cookies.
    pub fn cookies(&self) -> Vec<String> {
        self.jar.iter().map(|cookie| cookie.value.clone()).collect()
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.clone())
    }
}

/// The error that a form without script finds in the address to which it was led back.
pub fn error_in(location: &str) -> Option<ApiError> {
    let (_, error) = location.split_once("__err=")?;
    let error = error.split('&').next().unwrap_or_default().replace("%3D", "=");
    let error = URL_SAFE.decode(error).expect("base64");
    Some(serde_json::from_slice(&error).expect("an error"))
}

/// What an answer says, for assertions.
pub trait ResponseExt {
    fn json(&self) -> serde_json::Value;
    fn location(&self) -> String;
    #[track_caller]
    fn expect_status(self, status: StatusCode) -> Self;
}

impl ResponseExt for Response<String> {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.body()).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.body()))
    }

    fn location(&self) -> String {
        let value = self.headers().get(header::LOCATION).unwrap_or_else(|| panic!("no redirect: {}", self.body()));
        value.to_str().expect("a location").to_owned()
    }

    fn expect_status(self, status: StatusCode) -> Self {
        assert_eq!(self.status(), status, "{}", self.body());
        self
    }
}

pub fn encode(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}
