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
use understudy::model::operator::Role;
use understudy::server::crypto::password::Door;
use understudy::server::crypto::secret;
use understudy::server::db::environment::{self, EnvironmentRow};
use understudy::server::db::signing_key::{self, SigningKeyRow};
use understudy::server::db::{Db, Tx};
use understudy::server::domain::actor::Actor;
use understudy::server::platform::text;
use understudy::server::service::operator as operators;
use understudy::server::state::AppState;

pub const OPERATOR_PASSWORD: &str = "operators-know-this";
pub const USER_PASSWORD: &str = "users-know-this-one";
/// The client secret of `console`; `dispatch` is a public client.
pub const CONSOLE_SECRET: &str = "ucs_dGhlIHNlY3JldCBvZiB0aGUgY29uc29sZSBpbiB0MzIWfrS";

static KEYS: OnceCell<Vec<Vec<SigningKeyRow>>> = OnceCell::const_new();
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
        let row = EnvironmentRow { id: state.new_id(), slug: (*slug).into(), name: (*name).into(), host: None };
        environment::insert(&mut tx, &row, position as i64, state.now()).await.expect("an environment");
        for key in &keys[position] {
            let key = SigningKeyRow { environment_id: row.id, ..key.clone() };
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
    let hash = OPERATOR_HASH
        .get_or_init(|| async { state.passwords.hash(Door::Portal, OPERATOR_PASSWORD).await.expect("a hash") });
    let hash = hash.await;
    let people: [(&str, &str, &[Role]); 5] = [
        ("olivia@understudy.example", "Olivia Owner", &[Role::Owner]),
        ("adam@understudy.example", "Adam Admin", &[Role::Admin]),
        ("ivy@understudy.example", "Ivy Impersonator", &[Role::Impersonator]),
        ("vera@understudy.example", "Vera Viewer", &[Role::BackofficeViewer, Role::Impersonator]),
        ("ed@understudy.example", "Ed Editor", &[Role::BackofficeEditor]),
    ];
    for (email, name, roles) in people {
        let row = understudy::server::db::operator::OperatorRow {
            id: state.new_id(),
            email: email.into(),
            name: name.into(),
            password_hash: hash.clone(),
            disabled_at: None,
        };
        understudy::server::db::operator::insert(tx, &row, state.now()).await.expect("an operator");
        operators::change_roles_in(state, tx, &Actor::System, email, None, roles, &[]).await.expect("roles");
    }
}

struct Loader<'a> {
    state: &'a AppState,
    environment_id: Uuid,
}

impl Loader<'_> {
    async fn load(&self, environment: &str) {
        let admin = self.role("admin", "Admin", &["account.audit.read", "users.write"]).await;
        let member = self.role("member", "Member", &[]).await;
        let console = self.application("console", "Console", true, Some(CONSOLE_SECRET)).await;
        let dispatch = self.application("dispatch", "Dispatch", false, None).await;
        let northwind = self.account("northwind", "Northwind Traders").await;
        self.assign(northwind, console, true).await;
        self.assign(northwind, dispatch, false).await;
        if environment == "staging" {
            let sam = self.user("sam@northwind.example", "Sam Staging", true, false, Some(northwind)).await;
            self.member(northwind, sam, &[member], false).await;
            self.enable().await;
            return;
        }
        let harbor = self.account("harbor", "Harbor Logistics").await;
        self.assign(harbor, dispatch, true).await;
        let empty = self.account("empty", "Empty Ventures").await;
        let amara = self.user("amara@northwind.example", "Amara Okafor", true, false, Some(northwind)).await;
        self.member(northwind, amara, &[admin, member], false).await;
        self.member(harbor, amara, &[member], false).await;
        self.member(empty, amara, &[member], false).await;
        let ben = self.user("ben@harbor.example", "Ben Lefèvre", true, false, Some(harbor)).await;
        self.member(harbor, ben, &[member], false).await;
        let dana = self.user("dana@northwind.example", "Dana Whitfield", true, true, Some(northwind)).await;
        self.member(northwind, dana, &[member], false).await;
        let giorgos =
            self.user("giorgos@northwind.example", "Giorgos Papadopoulos", false, false, Some(northwind)).await;
        self.member(northwind, giorgos, &[member], false).await;
        self.user("nora@nowhere.example", "Nora Nowhere", true, false, None).await;
        let olivia = self.user("olivia@understudy.example", "Olivia the User", true, false, Some(northwind)).await;
        self.member(northwind, olivia, &[member], false).await;
        let rita = self.user("rita@northwind.example", "Rita Reader", true, false, Some(northwind)).await;
        self.member(northwind, rita, &[admin], false).await;
        let zoe = self
            .user("zoe@northwind.example", "Zoe </title><script>alert(1)</script>", true, false, Some(northwind))
            .await;
        self.member(northwind, zoe, &[member], true).await;
        self.enable().await;
    }

    fn db(&self) -> &Db {
        &self.state.db
    }

    async fn enable(&self) {
        let sql = "UPDATE impersonation_settings SET enabled = TRUE WHERE environment_id = $1";
        on_db!(self.db(), c => sqlx::query(sql).bind(self.environment_id).execute(c).await.map(|_| ()))
            .expect("settings");
    }

    async fn role(&self, key: &str, name: &str, permissions: &[&str]) -> Uuid {
        let id = self.state.new_id();
        let sql = "INSERT INTO roles (id, environment_id, key, name) VALUES ($1, $2, $3, $4)";
        on_db!(self.db(), c => sqlx::query(sql).bind(id).bind(self.environment_id).bind(key).bind(name).execute(c).await.map(|_| ()))
            .expect("a role");
        for permission in permissions {
            let sql = "INSERT INTO role_permissions (role_id, permission) VALUES ($1, $2)";
            on_db!(self.db(), c => sqlx::query(sql).bind(id).bind(*permission).execute(c).await.map(|_| ()))
                .expect("a permission");
        }
        id
    }

    async fn application(&self, client_id: &str, name: &str, keep_session_alive: bool, secret: Option<&str>) -> Uuid {
        let id = self.state.new_id();
        let base = format!("https://{client_id}.example");
        let sql = "INSERT INTO applications (id, environment_id, client_id, name, login_method, app_url, login_url,
                     initiate_login_url, client_secret_hash, keep_session_alive, created_at, sort_name, search_text,
                     text_version)
                   VALUES ($1, $2, $3, $4, 'hosted', $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        on_db!(self.db(), c => sqlx::query(sql)
            .bind(id).bind(self.environment_id).bind(client_id).bind(name).bind(format!("{base}/"))
            .bind(format!("{base}/oauth")).bind(format!("{base}/login")).bind(secret.map(secret::hash))
            .bind(keep_session_alive).bind(self.state.now()).bind(text::sort_key(name))
            .bind(text::search_text(&[name, client_id])).bind(text::VERSION).execute(c).await.map(|_| ()))
        .expect("an application");
        for (kind, uri) in [("login", format!("{base}/callback")), ("logout", format!("{base}/bye"))] {
            let sql = "INSERT INTO redirect_uris (application_id, kind, uri) VALUES ($1, $2, $3)";
            on_db!(self.db(), c => sqlx::query(sql).bind(id).bind(kind).bind(uri).execute(c).await.map(|_| ()))
                .expect("a uri");
        }
        id
    }

    async fn account(&self, external_id: &str, name: &str) -> Uuid {
        let id = self.state.new_id();
        let sql =
            "INSERT INTO accounts (id, environment_id, external_id, name, created_at, sort_name, search_text, text_version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        on_db!(self.db(), c => sqlx::query(sql).bind(id).bind(self.environment_id).bind(external_id).bind(name)
            .bind(self.state.now()).bind(text::sort_key(name)).bind(text::search_text(&[name, external_id]))
            .bind(text::VERSION).execute(c).await.map(|_| ()))
        .expect("an account");
        id
    }

    async fn assign(&self, account: Uuid, application: Uuid, is_default: bool) {
        let sql = "INSERT INTO account_applications (account_id, application_id, is_default) VALUES ($1, $2, $3)";
        on_db!(self.db(), c => sqlx::query(sql).bind(account).bind(application).bind(is_default).execute(c).await.map(|_| ()))
            .expect("an assignment");
    }

    async fn user(&self, email: &str, name: &str, verified: bool, locked: bool, active: Option<Uuid>) -> Uuid {
        let hash = USER_HASH
            .get_or_init(|| async { self.state.passwords.hash(Door::Hosted, USER_PASSWORD).await.expect("a hash") })
            .await;
        let id = self.state.new_id();
        let domain = email.split_once('@').expect("an e-mail").1;
        let locked_at = locked.then(|| self.state.now());
        let sql =
            "INSERT INTO users (id, environment_id, email, email_domain, email_verified, name, sort_name, search_text,
                     password_hash, locked_at, active_account_id, created_at, text_version)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        on_db!(self.db(), c => sqlx::query(sql)
            .bind(id).bind(self.environment_id).bind(email).bind(domain).bind(verified).bind(name).bind(text::sort_key(name))
            .bind(text::search_text(&[name, email])).bind(hash).bind(locked_at).bind(active).bind(self.state.now())
            .bind(text::VERSION).execute(c).await.map(|_| ()))
        .expect("a user");
        id
    }

    async fn member(&self, account: Uuid, user: Uuid, roles: &[Uuid], disabled: bool) {
        let disabled_at = disabled.then(|| self.state.now());
        let sql = "INSERT INTO memberships (account_id, user_id, disabled_at, created_at) VALUES ($1, $2, $3, $4)";
        on_db!(self.db(), c => sqlx::query(sql).bind(account).bind(user).bind(disabled_at).bind(self.state.now())
            .execute(c).await.map(|_| ()))
        .expect("a membership");
        for role in roles {
            let sql = "INSERT INTO membership_roles (account_id, user_id, role_id) VALUES ($1, $2, $3)";
            on_db!(self.db(), c => sqlx::query(sql).bind(account).bind(user).bind(role).execute(c).await.map(|_| ()))
                .expect("a role of a member");
        }
    }
}

/// Adds users to production, some of whom share a name, a visit and a number of visits.
pub async fn add_users(state: &AppState, count: usize) {
    let mut conn = state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, "production").await.expect("a query").expect("production");
    drop(conn);
    let loader = Loader { state, environment_id: row.id };
    for number in 0..count {
        let name = format!("Person {}", number % 40);
        loader.user(&format!("person{number}@many.example"), &name, true, false, None).await;
    }
    let sql =
        "UPDATE users SET visits = length(email), last_visit_us = length(email) * 1000 WHERE email LIKE 'person%'";
    on_db!(&state.db, c => sqlx::query(sql).execute(c).await.map(|_| ())).expect("visits");
}
