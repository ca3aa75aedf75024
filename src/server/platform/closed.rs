//! Files that are nobody else's: the SQLite file with what SQLite keeps beside it, and the master key. New ones are made for
//! their owner only, in folders for their owner only; what an earlier version left open is closed.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// What others may do with a file or folder.
const OTHERS: u32 = 0o077;

/// Makes a folder with those above it that are missing, each for its owner only. One that is there stays as it is.
pub fn create_folder(folder: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("creating the folder {}", folder.display()))
}

/// The mode of a file or folder that others may read or write; `None` where they may not, or where there is none.
pub fn open_to_others(path: &Path) -> Option<u32> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & OTHERS != 0).then_some(mode)
}

/// A SQLite file and what SQLite puts beside it: each may hold everything.
pub fn of_database(file: &Path) -> Vec<PathBuf> {
    let beside = |ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    vec![file.to_path_buf(), beside("-wal"), beside("-shm"), beside("-journal")]
}

/// Makes the file if it is missing, so that SQLite, which gives what it makes beside it the same mode, makes nothing that
/// others may read; and closes what is open.
pub fn prepare_database(file: &Path) -> anyhow::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_folder(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("creating {}", file.display())),
    }
    for file in of_database(file) {
        close(&file);
    }
    Ok(())
}

/// Takes from others what they may do with a file.
pub fn close(file: &Path) {
    let Some(mode) = open_to_others(file) else { return };
    let closed = Permissions::from_mode(mode & 0o700);
    match std::fs::set_permissions(file, closed) {
        Ok(()) => tracing::warn!(
            file = %file.display(),
            "the file was open to others (mode {mode:o}); now it is its owner's only"
        ),
        Err(error) => tracing::warn!(
            file = %file.display(),
            error = error.to_string(),
            "the file is open to others (mode {mode:o}); close it with chmod 600"
        ),
    }
}
