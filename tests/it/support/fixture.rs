//! The people and things of every test.
//!
//! Production: Amara (three accounts: Northwind is active, Harbor, and Empty without applications), Ben (Harbor only),
//! Dana (locked), Giorgos (not verified), Nora (no account), Olivia (has the operator's own e-mail), Rita (administrator of
//! Northwind who may read its audit log), Zoe (disabled in Northwind). Northwind has console (default) and dispatch,
//! Harbor has dispatch (default). Console keeps sessions alive, dispatch does not. Staging: Sam in Northwind.

use std::sync::LazyLock;

use tokio::sync::OnceCell;
use uuid::Uuid;

use super::database::on_db;
use understudy::model::operator::Role as OperatorRole;
use understudy::server::crypto::password::PasswordQueue;
use understudy::server::crypto::secret;
use understudy::server::db::Tx;
use understudy::server::db::environment;
use understudy::server::db::signing_key;
use understudy::server::domain::environment::Environment;
use understudy::server::domain::key::SealedKey;
use understudy::server::service::caller::ServerCaller;
use understudy::server::service::directory::account::{self, Account};
use understudy::server::service::directory::application::{self, ApplicationEntry, ClientSecret};
use understudy::server::service::directory::given::Given;
use understudy::server::service::directory::role::{self, RoleEntry};
use understudy::server::service::directory::user::{self, Membership, User};
use understudy::server::service::directory::writer::DirectoryWriter;
use understudy::server::service::operator as operators;
use understudy::server::state::AppState;

pub const OPERATOR_PASSWORD: &str = "operators-know-this";
pub const USER_PASSWORD: &str = "users-know-this-one";
/// The client secret of `console`; `dispatch` is a public client.
pub const CONSOLE_SECRET: &str = "ucs_dGhlIHNlY3JldCBvZiB0aGUgY29uc29sZSBpbiB0MzIWfrS";

static KEYS: OnceCell<Vec<Vec<SealedKey>>> = OnceCell::const_new();
static USER_HASH: OnceCell<String> = OnceCell::const_new();
static OPERATOR_HASH: OnceCell<String> = OnceCell::const_new();
static ENVIRONMENTS: LazyLock<[(&str, &str); 2]> =
    LazyLock::new(|| [("production", "Production"), ("staging", "Staging")]);

pub async fn load(state: &AppState) {
    let keys = KEYS.get_or_init(|| async {
        let mut all = Vec::new();
        for _ in ENVIRONMENTS.iter() {
            all.push(state.keyring.new_rows(state.clock.as_ref(), state.random.as_ref()).await.expect("keys are made"));
        }
        all
    });
    let keys = keys.await;
    let mut tx = state.db.write().await.expect("a transaction");
    let mut ids = Vec::new();
    for (position, (slug, name)) in ENVIRONMENTS.iter().enumerate() {
        let row =
            Environment { id: state.new_id(), slug: (*slug).into(), name: (*name).into(), host: None, colour: None };
        environment::insert(&mut tx, &row, position as i64, state.now()).await.expect("an environment");
        for key in &keys[position] {
            let key = SealedKey { environment_id: row.id, ..key.clone() };
            signing_key::insert(&mut tx, &key).await.expect("a key");
        }
        ids.push(row.id);
    }
    load_operators(state, &mut tx).await;
    tx.commit().await.expect("commit");
    for (environment_id, (slug, _)) in ids.into_iter().zip(ENVIRONMENTS.iter()) {
        Loader { state, environment_id }.load(slug).await;
    }
}

async fn load_operators(state: &AppState, tx: &mut Tx) {
    let hash = OPERATOR_HASH.get_or_init(|| async {
        state.passwords.hash(PasswordQueue::Portal, OPERATOR_PASSWORD).await.expect("a hash")
    });
    let hash = hash.await;
    let people: [(&str, &str, &[OperatorRole]); 5] = [
        ("olivia@understudy.example", "Olivia Owner", &[OperatorRole::Owner]),
        ("adam@understudy.example", "Adam Admin", &[OperatorRole::Admin]),
        ("ivy@understudy.example", "Ivy Impersonator", &[OperatorRole::Impersonator]),
        ("vera@understudy.example", "Vera Viewer", &[OperatorRole::BackofficeViewer, OperatorRole::Impersonator]),
        ("ed@understudy.example", "Ed Editor", &[OperatorRole::BackofficeEditor]),
    ];
    for (email, name, roles) in people {
        let row = understudy::server::db::operator::OperatorRecord {
            id: state.new_id(),
            email: email.into(),
            name: name.into(),
            password_hash: hash.clone(),
            disabled_at: None,
        };
        understudy::server::db::operator::insert(tx, &row, state.now()).await.expect("an operator");
        operators::change_roles_in(&ServerCaller::system(state), tx, email, None, roles, &[]).await.expect("roles");
    }
}

struct Loader<'a> {
    state: &'a AppState,
    environment_id: Uuid,
}

impl Loader<'_> {
    async fn load(&self, environment: &str) {
        let hash = user_hash(self.state).await;
        let is_staging = environment == "staging";
        let mut tx = self.state.db.write().await.expect("a transaction");
        let mut writer = DirectoryWriter::of_import(self.state, &mut tx, self.environment_id, &[]);
        let roles = [role("admin", "Admin", &["account.audit.read", "users.write"]), role("member", "Member", &[])];
        role::write(&mut writer, &roles).await.expect("roles");
        let applications = [
            application("console", "Console", true, Some(CONSOLE_SECRET)),
            application("dispatch", "Dispatch", false, None),
        ];
        application::write(&mut writer, &applications).await.expect("applications");
        let northwind = account("northwind", "Northwind Traders", &[("console", true), ("dispatch", false)]);
        let harbor = account("harbor", "Harbor Logistics", &[("dispatch", true)]);
        let accounts = [northwind, harbor, account("empty", "Empty Ventures", &[])];
        let accounts = if is_staging { &accounts[..1] } else { &accounts[..] };
        account::write(&mut writer, accounts).await.expect("accounts");
        let users = if is_staging { vec![sam(hash)] } else { people(hash) };
        user::write(&mut writer, &users).await.expect("users");
        tx.commit().await.expect("commit");
        // Turned on from the beginning: the settings are in their first version.
        let sql = "UPDATE impersonation_settings SET enabled = TRUE WHERE environment_id = $1";
        on_db!(&self.state.db, c => sqlx::query(sql).bind(self.environment_id).execute(c).await.map(|_| ()))
            .expect("settings");
    }
}

fn sam(hash: &str) -> User {
    user("sam@northwind.example", "Sam Staging", hash, &[("northwind", &["member"])])
}

fn people(hash: &str) -> Vec<User> {
    let member: &[&str] = &["member"];
    let mut people = vec![
        user(
            "amara@northwind.example",
            "Amara Okafor",
            hash,
            &[("northwind", &["admin", "member"]), ("harbor", member), ("empty", member)],
        ),
        user("ben@harbor.example", "Ben Lefèvre", hash, &[("harbor", member)]),
        User { locked: Some(true), ..user("dana@northwind.example", "Dana Whitfield", hash, &[("northwind", member)]) },
        User {
            email_verified: Some(false),
            ..user("giorgos@northwind.example", "Giorgos Papadopoulos", hash, &[("northwind", member)])
        },
        user("nora@nowhere.example", "Nora Nowhere", hash, &[]),
        user("olivia@understudy.example", "Olivia the User", hash, &[("northwind", member)]),
        user("rita@northwind.example", "Rita Reader", hash, &[("northwind", &["admin"])]),
    ];
    let name = "Zoe </title><script>alert(1)</script>";
    let mut zoe = user("zoe@northwind.example", name, hash, &[("northwind", member)]);
    if let Given::Set(memberships) = &mut zoe.memberships {
        memberships[0].disabled = true;
    }
    zoe.active_account = Some("northwind".to_owned());
    people.push(zoe);
    people
}

fn role(key: &str, name: &str, permissions: &[&str]) -> RoleEntry {
    let permissions = permissions.iter().map(|permission| (*permission).to_owned()).collect();
    RoleEntry {
        key: key.to_owned(),
        name: name.to_owned(),
        permissions: Given::Set(permissions),
        ..RoleEntry::default()
    }
}

fn application(client_id: &str, name: &str, keep_session_alive: bool, secret: Option<&str>) -> ApplicationEntry {
    let base = format!("https://{client_id}.example");
    ApplicationEntry {
        client_id: client_id.to_owned(),
        name: name.to_owned(),
        app_url: format!("{base}/"),
        login_url: Given::Set(format!("{base}/oauth")),
        initiate_login_url: Given::Set(format!("{base}/login")),
        redirect_uris: Given::Set(vec![format!("{base}/callback")]),
        post_logout_redirect_uris: Given::Set(vec![format!("{base}/bye")]),
        keep_session_alive: Some(keep_session_alive),
        client_secret: secret.map_or(ClientSecret::Keep, |secret| ClientSecret::Hash(secret::hash(secret))),
        ..ApplicationEntry::default()
    }
}

fn account(external_id: &str, name: &str, applications: &[(&str, bool)]) -> Account {
    let applications = applications.iter().map(|(client_id, is_default)| ((*client_id).to_owned(), *is_default));
    Account {
        external_id: external_id.to_owned(),
        name: name.to_owned(),
        applications: Given::Set(applications.collect()),
        ..Account::default()
    }
}

/// A user who is verified and has the password of all, active in the first of the accounts.
fn user(email: &str, name: &str, hash: &str, memberships: &[(&str, &[&str])]) -> User {
    let memberships = memberships.iter().map(|(account, roles)| Membership {
        account: (*account).to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        disabled: false,
        line: 0,
    });
    User {
        email: email.to_owned(),
        name: Some(name.to_owned()),
        email_verified: Some(true),
        password_hash: Given::Set(hash.to_owned()),
        memberships: Given::Set(memberships.collect()),
        ..User::default()
    }
}

async fn user_hash(state: &AppState) -> &'static str {
    let hash = || async { state.passwords.hash(PasswordQueue::Hosted, USER_PASSWORD).await.expect("a hash") };
    USER_HASH.get_or_init(hash).await
}

/// Adds users to production, some of whom share a name, a visit and a number of visits.
pub async fn add_users(state: &AppState, count: usize) {
    let mut conn = state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, "production").await.expect("a query").expect("production");
    drop(conn);
    let hash = user_hash(state).await;
    let person =
        |number: usize| user(&format!("person{number}@many.example"), &format!("Person {}", number % 40), hash, &[]);
    let people: Vec<User> = (0..count).map(person).collect();
    let mut tx = state.db.write().await.expect("a transaction");
    for some in people.chunks(500) {
        let mut writer = DirectoryWriter::of_import(state, &mut tx, row.id, &[]);
        user::write(&mut writer, some).await.expect("users");
    }
    tx.commit().await.expect("commit");
    let sql =
        "UPDATE users SET visits = length(email), last_visit_us = length(email) * 1000 WHERE email LIKE 'person%'";
    on_db!(&state.db, c => sqlx::query(sql).execute(c).await.map(|_| ())).expect("visits");
}
