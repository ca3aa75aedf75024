//! The whole list of what is wrong and what changes, as a CSV file: the terminal shows the beginning only.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use super::change::Listed;
use super::problem::Problem;

/// Takes one line at a time; what a spreadsheet would run as a formula gets an apostrophe before it.
pub struct Report(csv::Writer<BufWriter<File>>);

impl Report {
    /// # Errors
    /// Where the file cannot be made.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let mut writer = csv::Writer::from_writer(BufWriter::new(File::create(path)?));
        writer.write_record(["file", "line", "column", "what", "key", "about", "sentence"])?;
        Ok(Self(writer))
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
        self.0.write_record(guarded)?;
        Ok(())
    }

    /// # Errors
    /// Where the disk is full, for example.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.0.flush()?;
        Ok(())
    }
}
