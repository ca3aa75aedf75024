//! Importing users, accounts, applications and roles from CSV files.
