//! The least that a server can do, to measure Understudy against: a handler that answers, one durable insert, and one
//! durable insert with one signature. `cargo xtask bench provider` starts it beside the product.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Parser;
use mimalloc::MiMalloc;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

/// The product's own, so that it is no advantage.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[derive(Parser)]
struct Options {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    database_url: String,
}

enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

struct Baseline {
    database: Database,
    key: KeyPair,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let key = KeyPair::generate(KeySize::Rsa2048).ok().context("no RSA key was made")?;
    let state = Arc::new(Baseline { database: open(&options.database_url).await?, key });
    let app = Router::new()
        .route("/", get(bare))
        .route("/insert", post(insert))
        .route("/insert-and-sign", post(insert_and_sign))
        .with_state(state);
    axum::serve(tokio::net::TcpListener::bind(options.listen).await?, app).await?;
    Ok(())
}

/// The same settings as the product's: every commit reaches the disk.
async fn open(url: &str) -> anyhow::Result<Database> {
    if url.starts_with("postgres") {
        let pool = PgPool::connect(url).await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS baseline (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL)")
            .execute(&pool)
            .await?;
        return Ok(Database::Postgres(pool));
    }
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS baseline (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT")
        .execute(&pool)
        .await?;
    Ok(Database::Sqlite(pool))
}

async fn bare() -> Json<Value> {
    Json(json!({ "active": true }))
}

async fn insert(State(state): State<Arc<Baseline>>) -> StatusCode {
    const SQL: &str = "INSERT INTO baseline (body) VALUES ($1)";
    let body = "x".repeat(500);
    let done = match &state.database {
        Database::Sqlite(pool) => sqlx::query(SQL).bind(body).execute(pool).await.map(drop),
        Database::Postgres(pool) => sqlx::query(SQL).bind(body).execute(pool).await.map(drop),
    };
    if done.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::INTERNAL_SERVER_ERROR }
}

#[expect(clippy::disallowed_methods, reason = "the library signs with its own generator only")]
async fn insert_and_sign(State(state): State<Arc<Baseline>>) -> StatusCode {
    let signing = state.clone();
    let signed = tokio::task::spawn_blocking(move || {
        let mut signature = vec![0; signing.key.public_modulus_len()];
        signing.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &[b'x'; 500], &mut signature).is_ok()
    });
    match signed.await {
        Ok(true) => insert(State(state)).await,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
