//! The folder, the SQLite file and the master key: whether they are there, and whether they are their owner's only.

use std::path::{Path, PathBuf};

use super::Findings;
use crate::server::cli::options::DatabaseOptions;
use crate::server::db::sqlite_file;
use crate::server::platform::closed::{of_database, open_to_others};

/// Gives whether there is a database and a master key to go on with.
pub fn files(findings: &mut Findings, options: &DatabaseOptions) -> (bool, bool) {
    let given_url = options.database_url.is_some() || options.database_url_file.is_some();
    let given_key = options.master_key.is_some() || options.master_key_file.is_some();
    let key: Option<PathBuf> = match (&options.master_key, &options.master_key_file) {
        (Some(_), _) => None,
        (None, Some(file)) => Some(file.clone()),
        (None, None) => Some(options.master_key_in_folder()),
    };
    let data = options.folder();
    if !(given_url && given_key) && data.is_dir() {
        closed(findings, &data, "the data folder", "chmod 700");
    }
    let has_key = key.as_ref().is_none_or(|file| file.is_file());
    match &key {
        Some(file) if file.is_file() => closed(findings, file, "the master key", "chmod 600"),
        Some(file) => findings.bad(
            &format!("there is no master key: {} is missing", file.display()),
            "the first `understudy serve` makes one in the data folder; or give MASTER_KEY or MASTER_KEY_FILE",
        ),
        None => findings.good("the master key is given as an option"),
    }
    let file = match options.known_url() {
        Ok(Some(url)) => sqlite_file(&url),
        Ok(None) => Some(data.join("understudy.db")),
        Err(_) => None,
    };
    let Some(file) = file else { return (true, has_key) };
    if !file.is_file() {
        findings.bad(
            &format!("there is no database yet: {} is missing", file.display()),
            "`understudy serve` makes it; or give DATA_DIR or DATABASE_URL",
        );
        return (false, has_key);
    }
    for (number, file) in of_database(&file).iter().enumerate() {
        if number == 0 || file.is_file() {
            closed(findings, file, "the database", "chmod 600");
        }
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(mode) = folder.filter(|folder| *folder != data).and_then(open_to_others) {
        findings.warn(
            &format!("others may look into the database's folder (mode {mode:o}); the files in it are closed to them"),
            "chmod 700, where nothing else lies in it",
        );
    }
    (true, has_key)
}

/// Nobody but its owner may read or write it.
fn closed(findings: &mut Findings, path: &Path, what: &str, command: &str) {
    match open_to_others(path) {
        None => findings.good(&format!("{what} {} is its owner's only", path.display())),
        Some(mode) => findings.bad(
            &format!("{what} {} is open to others (mode {mode:o})", path.display()),
            &format!("{command} {}", path.display()),
        ),
    }
}
