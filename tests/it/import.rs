//! What an import does with good files, and what it says about bad ones.

use super::support::TestApp;
use understudy::server::db::import::{self as table, Keyed};
use understudy::server::db::user;
use understudy::server::domain::environment::Environment;
use understudy::server::service;
use understudy::server::service::caller::ServerCaller;
use understudy::server::service::directory::change::Protection;
use understudy::server::service::import::problem::Problems;
use understudy::server::service::import::{self, Content, ImportError, Kind, Options, Source, Summary};

mod addresses;
mod at_size;
mod batches;
mod command;
mod dialects;
mod killed;
mod objects;
mod protection;
mod quotes;
mod sessions;
mod several;
mod sources;
mod states;
mod values;

const ROLES: &str = "key,name,permissions\nadmin,Administrator,account.audit.read users.write\nmember,Member,\n";
const APPLICATIONS: &str = "client_id,name,app_url,redirect_uris,keep_session_alive\n\
    console,Console,https://console.example/,https://console.example/callback com.console:/cb,true\n\
    dispatch,Dispatch,https://dispatch.example/,,false\n";
const ACCOUNTS: &str = "external_id,name,applications\nacme,Acme,console*;dispatch\nzeta,Zeta & Co,dispatch\n";
const USERS: &str = "email,name,email_verified,locked,accounts,active_account,last_visit_at,visits\n\
    Ann@Acme.example,Ann Arbor,true,,acme:admin+member;zeta:member!disabled,,2026-11-20T10:00:00Z,7\n\
    bo@acme.example,\"Bo, the \"\"second\"\"\",yes,true,zeta,zeta,2026-11-01,2\n";

fn source(kind: Kind, bytes: &[u8]) -> Source {
    Source { name: format!("{}.csv", kind.as_str()), kind, content: Content::Bytes(bytes.to_vec()) }
}

fn allowing(allow: &[Protection]) -> Options {
    Options { allow: allow.to_vec(), ..Options::default() }
}

/// What is wrong, as lines.
fn problems<T>(outcome: Result<T, ImportError>) -> Vec<String> {
    match outcome {
        Err(ImportError::Rows(Problems { listed, .. })) => listed.iter().map(ToString::to_string).collect(),
        Err(error) => panic!("{error:#}"),
        Ok(_) => panic!("the file was taken"),
    }
}

struct Bench {
    app: TestApp,
    environment: Environment,
}

impl Bench {
    /// An environment of its own beside those of the fixture.
    async fn new() -> Self {
        let app = TestApp::new().await;
        let by = ServerCaller::system(&app.state);
        let made = service::directory::environment::create(&by, "imports", "Imports").await;
        Self { app, environment: made.expect("an environment") }
    }

    async fn run(&self, files: &[(Kind, &str)], dry_run: bool) -> Result<Vec<Summary>, ImportError> {
        self.run_with(files, &Options { dry_run, ..Options::default() }).await
    }

    async fn run_with(&self, files: &[(Kind, &str)], options: &Options) -> Result<Vec<Summary>, ImportError> {
        let source = |(kind, text): &(Kind, &str)| source(*kind, text.as_bytes());
        let sources = files.iter().map(source).collect();
        import::run(&self.app.state, &self.environment, sources, options, &|_| {}).await
    }

    /// Imports users from bytes as a file holds them.
    async fn users(&self, bytes: &[u8], options: &Options) -> Result<Summary, ImportError> {
        let sources = vec![source(Kind::Users, bytes)];
        let mut done = import::run(&self.app.state, &self.environment, sources, options, &|_| {}).await?;
        Ok(done.remove(0))
    }

    async fn import(&self, kind: Kind, text: &str) -> Summary {
        self.run(&[(kind, text)], false).await.expect("the file is good").remove(0)
    }

    async fn basics(&self) {
        let files = [
            (Kind::Users, USERS),
            (Kind::Accounts, ACCOUNTS),
            (Kind::Applications, APPLICATIONS),
            (Kind::Roles, ROLES),
        ];
        self.run(&files, false).await.expect("the files are good");
    }

    /// What is wrong with a file, as lines.
    async fn faults(&self, kind: Kind, text: &str) -> Vec<String> {
        problems(self.run(&[(kind, text)], false).await)
    }

    async fn user(&self, email: &str) -> Option<user::UserRecord> {
        let mut conn = self.app.state.db.read().await.expect("a connection");
        user::by_email(&mut conn, self.environment.id, email).await.expect("a query")
    }

    async fn memberships(&self, email: &str) -> Vec<(String, bool)> {
        let user = self.user(email).await.expect("the user exists");
        let mut conn = self.app.state.db.read().await.expect("a connection");
        let rows = understudy::server::db::account::memberships(&mut conn, user.id).await.expect("a query");
        rows.into_iter().map(|row| (row.external_id, row.disabled_at.is_some())).collect()
    }

    async fn known(&self, keyed: Keyed, key: &str) -> bool {
        let mut conn = self.app.state.db.read().await.expect("a connection");
        !table::ids(&mut conn, keyed, self.environment.id, &[key]).await.expect("a query").is_empty()
    }
}

#[tokio::test]
async fn files_given_in_any_order_are_imported_together() {
    let bench = Bench::new().await;
    bench.basics().await;
    let ann = bench.user("ann@acme.example").await.expect("the e-mail is stored in lower case");
    assert_eq!((ann.name.as_str(), ann.email_verified, ann.visits), ("Ann Arbor", true, 7));
    assert_eq!(ann.last_visit_at().expect("a visit").to_rfc3339(), "2026-11-20T10:00:00+00:00");
    assert!(ann.active_account_id.is_some(), "the first account that is not disabled is active");
    let bo = bench.user("bo@acme.example").await.expect("the second user");
    assert_eq!(bo.name, "Bo, the \"second\"");
    assert!(bo.locked_at.is_some());
    let expected = [("acme".to_owned(), false), ("zeta".to_owned(), true)];
    assert_eq!(bench.memberships("ann@acme.example").await, expected);
    let events = bench.app.events("data.imported").await;
    assert_eq!(events.len(), 4);
    assert_eq!(events[3].description, "Imported users: 2 created, 0 updated, 0 unchanged");
}

#[tokio::test]
async fn importing_again_updates_by_key_and_leaves_missing_columns_alone() {
    let bench = Bench::new().await;
    bench.basics().await;
    let before = bench.user("bo@acme.example").await.expect("a user");
    let summary = bench.import(Kind::Users, "email,name\nbo@acme.example,Bo Renamed\ncy@acme.example,Cy\n").await;
    assert_eq!((summary.created, summary.updated), (1, 1));
    let after = bench.user("bo@acme.example").await.expect("a user");
    assert_eq!((after.id, after.name.as_str()), (before.id, "Bo Renamed"));
    assert_eq!((after.locked_at, after.visits), (before.locked_at, before.visits));
    assert_eq!(bench.memberships("bo@acme.example").await.len(), 1);
    let text = "email,name,locked,accounts\nbo@acme.example,Bo,false,acme:member\n";
    let allowed = allowing(&[Protection::Unlock, Protection::RemoveMembership]);
    bench.run_with(&[(Kind::Users, text)], &allowed).await.expect("it is allowed");
    assert_eq!(bench.user("bo@acme.example").await.expect("a user").locked_at, None);
    assert_eq!(bench.memberships("bo@acme.example").await, [("acme".to_owned(), false)]);
    let text = "external_id,name,applications\nacme,Acme Inc,dispatch*\n";
    let allowed = allowing(&[Protection::RemoveApplication]);
    let summary = bench.run_with(&[(Kind::Accounts, text)], &allowed).await.expect("it is allowed").remove(0);
    assert_eq!((summary.created, summary.updated), (0, 1));
    assert_eq!(bench.import(Kind::Applications, APPLICATIONS).await.unchanged, 2);
    assert_eq!(bench.import(Kind::Roles, ROLES).await.unchanged, 2);
}

#[tokio::test]
async fn a_byte_order_mark_and_windows_line_ends_are_no_fault() {
    let bench = Bench::new().await;
    let text = format!("\u{feff}{}", ROLES.replace('\n', "\r\n"));
    assert_eq!(bench.import(Kind::Roles, &text).await.created, 2);
    let faults = bench.faults(Kind::Users, "\u{feff}email,name\r\n\r\na@b.example,A\r\nwrong,B\r\n").await;
    assert_eq!(faults, ["users.csv:4 email: \"wrong\" is not an e-mail address"]);
}

#[tokio::test]
async fn a_line_break_in_quotes_does_not_shift_the_line_numbers() {
    let bench = Bench::new().await;
    let faults = bench.faults(Kind::Roles, "key,name,permissions\na,A,\"x.read\ny.read\"\n!,B,\n").await;
    assert_eq!(faults, ["roles.csv:4 key: \"!\" is no key: use 1 to 100 letters, digits, dots, _ and -"]);
}

#[tokio::test]
async fn every_kind_of_fault_names_its_line_and_column() {
    let bench = Bench::new().await;
    bench.basics().await;
    let cases: &[(Kind, &str, &str)] = &[
        (Kind::Users, "", "users.csv:1: the file is empty; its first line names the columns"),
        (Kind::Users, "email\na@b.example\n", "users.csv:1 name: this column is missing"),
        (
            Kind::Roles,
            "key,name,wings\na,A,2\n",
            "roles.csv:1 wings: is no known column; there are key, name, permissions",
        ),
        (Kind::Roles, "key,name,name\na,A,A\n", "roles.csv:1 name: is there twice"),
        (Kind::Roles, "key,name\na\n", "roles.csv:2: has 1 cell instead of 2; is a quote missing?"),
        (Kind::Roles, "key,name\na,A\na,B\n", "roles.csv:3 key: \"a\" is in line 2 already"),
        (Kind::Roles, "key,name\na,\n", "roles.csv:2 name: is empty"),
        (Kind::Roles, "key,name\na,\"x\ny\"\n", "roles.csv:2 name: has a line break or another control character"),
        (Kind::Users, "email,name,visits\na@b.example,A,-3\n", "users.csv:2 visits: \"-3\" is not a whole number"),
        (
            Kind::Users,
            "email,name,locked\na@b.example,A,maybe\n",
            "users.csv:2 locked: \"maybe\" is neither true nor false",
        ),
        (
            Kind::Users,
            "email,name,last_visit_at\na@b.example,A,yesterday\n",
            "users.csv:2 last_visit_at: \"yesterday\" is no time; write it like 2026-11-23T08:30:00Z or 2026-11-23",
        ),
        (
            Kind::Users,
            "email,name,password_hash\na@b.example,A,hunter2\n",
            "users.csv:2 password_hash: is no argon2id hash in PHC form ($argon2id$…)",
        ),
        (
            Kind::Users,
            "email,name,picture_url\na@b.example,A,javascript:alert(1)\n",
            "users.csv:2 picture_url: \"javascript:alert(1)\" is not an http or https address",
        ),
        (
            Kind::Users,
            "email,name,accounts\na@b.example,A,nowhere\n",
            "users.csv:2 accounts: there is no account \"nowhere\"",
        ),
        (
            Kind::Users,
            "email,name,accounts\na@b.example,A,acme:king\n",
            "users.csv:2 accounts: there is no role \"king\"",
        ),
        (
            Kind::Users,
            "email,name,accounts\na@b.example,A,acme;acme\n",
            "users.csv:2 accounts: \"acme\" is there twice",
        ),
        (
            Kind::Users,
            "email,name,accounts\na@b.example,A,acme!gone\n",
            "users.csv:2 accounts: \"gone\" after the ! is not `disabled`",
        ),
        (
            Kind::Users,
            "email,name,accounts,active_account\na@b.example,A,acme,zeta\n",
            "users.csv:2 active_account: \"zeta\" is not among the user's accounts in this row",
        ),
        (
            Kind::Accounts,
            "external_id,name,applications\na,A,gone\n",
            "accounts.csv:2 applications: there is no application \"gone\"",
        ),
        (
            Kind::Accounts,
            "external_id,name,applications\na,A,console*;dispatch*\n",
            "accounts.csv:2 applications: has more than one default (*)",
        ),
        (Kind::Applications, "client_id,name,app_url\na,A,\n", "applications.csv:2 app_url: is empty"),
        (
            Kind::Applications,
            "client_id,name,app_url,login_method\na,A,https://a.example/,magic\n",
            "applications.csv:2 login_method: \"magic\" is none of hosted, embedded",
        ),
        (
            Kind::Applications,
            "client_id,name,app_url,redirect_uris\na,A,https://a.example/,https://a.example/#x\n",
            "applications.csv:2 redirect_uris: \"https://a.example/#x\" has a fragment, which redirect URIs must not have",
        ),
        (
            Kind::Applications,
            "client_id,name,app_url,redirect_uris\na,A,https://a.example/,https://*.example/\n",
            "applications.csv:2 redirect_uris: \"https://*.example/\" has a *: redirect URIs are compared letter by letter",
        ),
        (
            Kind::Applications,
            "client_id,name,app_url,client_secret\na,A,https://a.example/,hunter2\n",
            "applications.csv:2 client_secret: is no client secret of Understudy (ucs_…); write `new` to have one made",
        ),
        (
            Kind::Applications,
            "client_id,name,app_url,client_secret_hash\na,A,https://a.example/,abc\n",
            "applications.csv:2 client_secret_hash: is not a SHA-256 in 64 hexadecimal digits",
        ),
    ];
    let events = bench.app.count("audit_events").await;
    for (kind, text, expected) in cases {
        assert_eq!(bench.faults(*kind, text).await, [*expected], "{text}");
    }
    assert_eq!(bench.app.count("audit_events").await, events, "a refused file leaves nothing behind");
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_refused_with_its_line() {
    let bench = Bench::new().await;
    let faults = problems(bench.users(b"email,name\na@b.example,Jo\xE3o\n", &Options::default()).await);
    assert!(faults[0].starts_with("users.csv:2: is not UTF-8"), "{faults:?}");
    assert!(faults[0].contains("--encoding windows-1252"), "{faults:?}");
}

#[tokio::test]
async fn one_bad_row_keeps_every_file_out() {
    let bench = Bench::new().await;
    let users = "email,name,accounts\ngood@acme.example,Good,acme\nbad,Bad,acme\n";
    let files =
        [(Kind::Roles, ROLES), (Kind::Applications, APPLICATIONS), (Kind::Accounts, ACCOUNTS), (Kind::Users, users)];
    let Err(ImportError::Rows(problems)) = bench.run(&files, false).await else { panic!("the files were taken") };
    assert_eq!(problems.total, 1);
    assert!(bench.user("good@acme.example").await.is_none());
    assert!(!bench.known(Keyed::Accounts, "acme").await);
    assert!(!bench.known(Keyed::Roles, "admin").await);
}

#[tokio::test]
async fn all_faults_are_counted_and_200_are_listed() {
    let bench = Bench::new().await;
    let rows: String = (0..250).map(|number| format!("wrong{number},Name\n")).collect();
    let refused = bench.run(&[(Kind::Users, &format!("email,name\n{rows}"))], false).await;
    let Err(ImportError::Rows(problems)) = refused else { panic!("the file was taken") };
    assert_eq!((problems.listed.len(), problems.total), (200, 250));
    assert!(problems.to_string().contains("… and 50 more\nNothing was imported. 250 problems to mend."));
}

#[tokio::test]
async fn a_dry_run_counts_and_changes_nothing() {
    let bench = Bench::new().await;
    let files =
        [(Kind::Roles, ROLES), (Kind::Applications, APPLICATIONS), (Kind::Accounts, ACCOUNTS), (Kind::Users, USERS)];
    let summaries = bench.run(&files, true).await.expect("the files are good");
    assert_eq!(summaries.iter().map(|summary| summary.created).collect::<Vec<_>>(), [2, 2, 2, 2]);
    assert!(bench.user("ann@acme.example").await.is_none());
    assert!(bench.app.events("data.imported").await.is_empty());
    bench.basics().await;
    let again = bench.run(&[(Kind::Users, USERS)], true).await.expect("the file is good");
    assert_eq!((again[0].created, again[0].updated, again[0].unchanged), (0, 0, 2));
}

#[tokio::test]
async fn what_another_environment_has_is_not_known_here() {
    let bench = Bench::new().await;
    let faults = bench.faults(Kind::Users, "email,name,accounts\na@b.example,A,northwind\n").await;
    assert_eq!(faults, ["users.csv:2 accounts: there is no account \"northwind\""]);
}

#[tokio::test]
async fn a_new_client_secret_is_told_once_and_opens_the_application() {
    let bench = Bench::new().await;
    let text = "client_id,name,app_url,client_secret\nshop,Shop,https://shop.example/,new\n";
    let summary = bench.import(Kind::Applications, text).await;
    let (client_id, secret) = &summary.secrets[0];
    assert_eq!(client_id, "shop");
    let mut conn = bench.app.state.db.read().await.expect("a connection");
    let row = understudy::server::db::application::by_client_id(&mut conn, bench.environment.id, "shop").await;
    let stored = row.expect("a query").expect("the application").client_secret_hash;
    assert_eq!(stored, Some(understudy::server::crypto::secret::hash(secret)));
}

#[tokio::test]
async fn thousands_of_users_are_imported_and_updated() {
    let bench = Bench::new().await;
    bench.basics().await;
    let rows: String =
        (0..3_000).map(|n| format!("user{n}@many.example,User {n},acme:member;zeta:admin+member,{n}\n")).collect();
    let text = format!("email,name,accounts,visits\n{rows}");
    assert_eq!(bench.import(Kind::Users, &text).await.created, 3_000);
    assert_eq!(bench.import(Kind::Users, &text).await.unchanged, 3_000);
    let renamed = text.replace(",User ", ",Person ");
    assert_eq!(bench.import(Kind::Users, &renamed).await.updated, 3_000);
    assert_eq!(bench.user("user7@many.example").await.expect("a user").name, "Person 7");
    assert_eq!(bench.memberships("user2999@many.example").await.len(), 2);
}
