//! Every use case through the real router, in-process, on SQLite or on the database of `TEST_DATABASE_URL`.

mod access;
mod cli;
mod frontegg;
mod identity;
mod impersonation;
mod import;
mod support;
mod users;
