//! Writes static files as they are served: with a `.br` and a `.gz` beside whatever shrinks, nothing touched that is
//! already so (cargo looks at times), and nothing left of earlier builds.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// A folder being brought up to date.
pub struct Site {
    folder: PathBuf,
    kept: BTreeSet<PathBuf>,
}

impl Site {
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), kept: BTreeSet::new() })
    }

    /// The file at this address, `/assets/…`, on disk.
    pub fn path(&self, address: &str) -> PathBuf {
        self.folder.join(address.trim_start_matches('/'))
    }

    /// Writes a file, with its compressed copies if it is of a kind that shrinks.
    pub fn put(&mut self, address: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(address);
        let changed = write_if_changed(&path, bytes)?;
        self.kept.insert(path.clone());
        if !shrinks(&path) {
            return Ok(());
        }
        for (ending, compress) in [("br", brotli as fn(&[u8]) -> Result<Vec<u8>>), ("gz", gzip)] {
            let copy = beside(&path, ending);
            if changed || !copy.exists() {
                write_if_changed(&copy, &compress(bytes)?)?;
            }
            self.kept.insert(copy);
        }
        Ok(())
    }

    /// Writes a file that only the server reads: no compressed copies.
    pub fn put_plain(&mut self, address: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(address);
        write_if_changed(&path, bytes)?;
        self.kept.insert(path);
        Ok(())
    }

    /// Keeps a file that an earlier build wrote. False when it is not there with all its copies.
    pub fn keep(&mut self, address: &str) -> bool {
        let path = self.path(address);
        let mut files = vec![path.clone()];
        if shrinks(&path) {
            files.extend(["br", "gz"].map(|ending| beside(&path, ending)));
        }
        let whole = files.iter().all(|file| file.exists());
        if whole {
            self.kept.extend(files);
        }
        whole
    }

    /// A hash over every file that was put or kept: it changes when anything at all does.
    pub fn version(&self) -> Result<String> {
        let mut digest = Sha256::new();
        for path in &self.kept {
            digest.update(path.strip_prefix(&self.folder)?.as_os_str().as_encoded_bytes());
            digest.update([0]);
            digest.update(Sha256::digest(fs::read(path)?));
        }
        Ok(hex(&digest.finalize()))
    }

    /// Removes every file that this build neither put nor kept.
    pub fn sweep(&self) -> Result<()> {
        for path in files_below(&self.folder)? {
            if !self.kept.contains(&path) {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// Every file below a folder, sorted; empty when there is no such folder.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// `app.js` and `br` make `app.js.br`.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// SHA-256 over several pieces, in hex; where one ends matters.
pub fn hash(pieces: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for piece in pieces {
        digest.update(piece.len().to_le_bytes());
        digest.update(piece);
    }
    hex(&digest.finalize())
}

/// `/assets/understudy.0123456789abcdef.js`: the same content has the same name, other content another.
pub fn hashed_address(stem: &str, ending: &str, bytes: &[u8]) -> String {
    format!("/assets/{stem}.{}.{ending}", &hash(&[bytes])[..16])
}

pub fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &parameters)?;
    Ok(out)
}

pub fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// Writes through a temporary name, so that an interrupted build leaves no half file; true when the content is new.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let write = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let draft = beside(path, "draft");
        fs::write(&draft, bytes)?;
        fs::rename(draft, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

fn shrinks(path: &Path) -> bool {
    const KINDS: [&str; 10] = ["css", "html", "ico", "js", "json", "svg", "txt", "wasm", "webmanifest", "xml"];
    path.extension().is_some_and(|ending| KINDS.iter().any(|kind| ending == *kind))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Site, hash, hashed_address};

    #[test]
    fn pieces_do_not_run_into_each_other() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }

    #[test]
    fn a_name_follows_the_content() {
        let one = hashed_address("app", "js", b"1");
        assert_eq!(one, hashed_address("app", "js", b"1"));
        assert_ne!(one, hashed_address("app", "js", b"2"));
    }

    #[test]
    fn sweeping_leaves_exactly_what_was_put_or_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("assets")).unwrap();
        fs::write(folder.path().join("assets/old.js"), "old").unwrap();
        let mut site = Site::open(folder.path()).unwrap();
        site.put("/assets/new.js", b"new").unwrap();
        site.put("/photo.png", b"not compressed").unwrap();
        site.sweep().unwrap();
        let names: Vec<_> = super::files_below(folder.path())
            .unwrap()
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string())
            .collect();
        assert_eq!(names, ["assets/new.js", "assets/new.js.br", "assets/new.js.gz", "photo.png"]);
        let mut again = Site::open(folder.path()).unwrap();
        assert!(again.keep("/assets/new.js"));
        assert!(!again.keep("/assets/old.js"));
    }
}
