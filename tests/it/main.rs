//! Every use case through the real router, in-process, on SQLite or on the database of `TEST_DATABASE_URL`.

mod access;
mod applications;
mod browser_rules;
mod cli;
mod conformance;
mod database;
mod directory;
mod frontegg;
mod futures;
mod gate;
mod identity;
mod impersonation;
mod import;
mod live;
mod mishaps;
mod observed;
mod plans_audit;
mod rendering;
mod retention;
mod snapshots;
mod support;
mod text;
mod update;
mod users;
mod words;
