//! The whole list of what is wrong and what changes, as a CSV file: the terminal shows the beginning only.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::change::Listed;
use super::problem::Problem;
use super::{Content, Source};

/// Takes one line at a time; what a spreadsheet would run as a formula gets an apostrophe before it. It is written beside
/// its place, and put there once it is whole.
pub struct ReportFile {
    writer: csv::Writer<BufWriter<File>>,
    beside: Option<Beside>,
}

/// A file that is not finished, and where it goes. It is removed where it never is.
struct Beside {
    path: PathBuf,
    goes_to: PathBuf,
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After it was put into its place there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}

impl ReportFile {
    /// # Errors
    /// Where the file cannot be made, or is one of those that are to be read.
    pub fn create(path: &Path, sources: &[Source]) -> anyhow::Result<Self> {
        let told = path.display();
        let there = fs::metadata(path).ok();
        let is_same = |source: &Source| match (&source.content, &there) {
            (Content::File(input), Some(there)) => {
                fs::metadata(input).is_ok_and(|input| (input.dev(), input.ino()) == (there.dev(), there.ino()))
            }
            _ => false,
        };
        if sources.iter().any(is_same) {
            bail!("--report {told}: this is a file to import; name another one");
        }
        let (file, beside) = match there {
            // A terminal, or a pipe.
            Some(there) if !there.is_file() => (OpenOptions::new().write(true).open(path)?, None),
            there => {
                // Where the place is a link, the file that it leads to is replaced.
                let goes_to = there.map_or_else(|| Ok(path.to_owned()), |_| path.canonicalize())?;
                let mut name = goes_to.file_name().context("--report names no file")?.to_owned();
                name.push(format!(".{}.part", std::process::id()));
                let beside = Beside { path: goes_to.with_file_name(name), goes_to };
                // It holds names and addresses of people.
                let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside.path);
                (file.with_context(|| format!("--report {told} cannot be made"))?, Some(beside))
            }
        };
        let mut writer = csv::Writer::from_writer(BufWriter::new(file));
        writer.write_record(["file", "line", "column", "what", "key", "about", "sentence"])?;
        Ok(Self { writer, beside })
    }

    pub fn problem(&mut self, problem: &Problem) -> anyhow::Result<()> {
        let Problem { file, line, column, message } = problem;
        self.write([file, &line.to_string(), column, "problem", "", "", message])
    }

    pub fn change(&mut self, listed: &Listed) -> anyhow::Result<()> {
        let Listed { file, line, key, what, about } = listed;
        let word = serde_json::to_value(what)?;
        let word = word.as_str().unwrap_or_default();
        let sentence = what.sentence(key, about);
        self.write([file, &line.to_string(), what.facts().column, word, key, about, &sentence])
    }

    fn write(&mut self, cells: [&str; 7]) -> anyhow::Result<()> {
        let guarded = cells.map(|cell| match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            true => format!("'{cell}"),
            false => cell.to_owned(),
        });
        self.writer.write_record(guarded)?;
        Ok(())
    }

    /// # Errors
    /// Where the disk is full, for example.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.writer.flush()?;
        if let Some(beside) = &self.beside {
            fs::rename(&beside.path, &beside.goes_to)?;
        }
        Ok(())
    }
}
