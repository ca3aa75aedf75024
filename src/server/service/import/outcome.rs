//! What was found while files were read and compared, and what is said about it in the end.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::change::{Counts, Listed};
use super::problem::{Problem, Problems, counted};
use super::read::{Description, Item};
use super::report::ReportFile;
use super::rows::{Compared, Rows};
use super::{ImportError, Kind, Options, Reference, Source};
use crate::server::platform::random::Random;
use crate::server::service::directory::change::Protection;

/// Changes of one file that are shown one by one; the report file has all.
const LISTED: usize = 50;
/// Things that are referred to and not there, of which it is remembered how many rows name each.
const MISSING: usize = 10_000;

/// What became of one file, or would become of it.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub file: String,
    pub kind: Kind,
    #[serde(flatten)]
    pub description: Description,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// By column: `locked: 1 locked`.
    pub changes: Vec<String>,
    /// Those that are told one by one: the first 50.
    pub listed: Vec<Listed>,
    pub listed_total: usize,
    /// What is wrong with the rows that were left out.
    pub left_out: Vec<Problem>,
    pub left_out_total: usize,
    /// Client id and secret of applications that asked for a new one. Not stored anywhere: show it once.
    pub secrets: Vec<(String, String)>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: taken for {}", self.file, self.description.taken_for)?;
        for note in &self.description.columns {
            match (note.into, note.passed_over) {
                (Some(into), _) if into != note.column => writeln!(f, "  {} goes into {into}", note.column)?,
                (None, Some(why)) => writeln!(f, "  {} is passed over: {why}", note.column)?,
                _ => {}
            }
        }
        let (created, updated, unchanged) = (self.created, self.updated, self.unchanged);
        let rows = counted(created + updated + unchanged, self.kind.singular());
        write!(f, "{}: {rows}, {created} created, {updated} updated, {unchanged} unchanged", self.file)?;
        if self.description.bad_rows > 0 {
            write!(f, ", {} left out", counted(self.description.bad_rows, "bad row"))?;
        }
        for line in &self.changes {
            write!(f, "\n  {line}")?;
        }
        for problem in &self.left_out {
            write!(f, "\n  left out: {problem}")?;
        }
        if self.left_out_total > self.left_out.len() {
            let more = self.left_out_total - self.left_out.len();
            write!(f, "\n  … and {more} more problems; --report FILE has them all")?;
        }
        for listed in &self.listed {
            write!(f, "\n  {listed}")?;
        }
        if self.listed_total > self.listed.len() {
            write!(f, "\n  … and {} more; --report FILE has them all", self.listed_total - self.listed.len())?;
        }
        for note in &self.description.notes {
            write!(f, "\n  {note}")?;
        }
        for (client_id, secret) in &self.secrets {
            write!(f, "\nClient secret of {client_id}, shown this once: {secret}")?;
        }
        Ok(())
    }
}

/// Why an import was not done, with everything that it would take away and the option that allows it.
pub fn refusal(summaries: &[Summary], unallowed: &BTreeMap<Protection, usize>) -> String {
    let mut lines: Vec<String> = Vec::new();
    for summary in summaries {
        lines.extend(summary.changes.iter().map(|line| format!("{}: {line}", summary.file)));
        let asking =
            summary.listed.iter().filter(|listed| listed.what.facts().asks.is_some_and(|p| unallowed.contains_key(&p)));
        lines.extend(asking.map(ToString::to_string));
        if summary.listed_total > summary.listed.len() {
            lines.push("… and more; --report FILE has them all".to_owned());
        }
    }
    let words: Vec<String> = unallowed.keys().map(|protection| protection.word()).collect();
    let counts: Vec<String> =
        unallowed.iter().map(|(protection, count)| format!("{} ({count})", protection.word())).collect();
    lines.push(format!(
        "Nothing was imported. This would take away what protects somebody or what somebody was given: {}. Where it is meant, \
         add --allow {}",
        counts.join(", "),
        words.join(",")
    ));
    lines.join("\n")
}

/// The sentences of the events that end an import.
pub fn closing(summaries: &[Summary]) -> Vec<String> {
    summaries.iter().map(|summary| summary.kind.closing(summary.created, summary.updated, summary.unchanged)).collect()
}

/// Kind, key and file of something that is referred to and not there: the first place, and how many rows name it.
type Missing = BTreeMap<(Kind, String), (Problem, usize)>;

/// What was found so far.
pub struct ImportFindings {
    skip_bad_rows: bool,
    dry_run: bool,
    allow: Vec<Protection>,
    problems: Problems,
    report: Option<ReportFile>,
    missing: Missing,
    counts: Counts,
    all_counts: Counts,
    /// Users of the current file who are enrolled for a second factor elsewhere.
    enrolled: usize,
    /// New users of the current file whose address nobody calls verified.
    invited: usize,
    current: Option<Summary>,
    summaries: Vec<Summary>,
}

impl ImportFindings {
    pub fn new(options: &Options, sources: &[Source]) -> Result<Self, ImportError> {
        let report = options.report.as_deref().map(|path| ReportFile::create(path, sources)).transpose()?;
        Ok(Self {
            skip_bad_rows: options.skip_bad_rows,
            dry_run: options.dry_run,
            allow: options.allow.clone(),
            problems: Problems::default(),
            report,
            missing: Missing::new(),
            counts: Counts::default(),
            all_counts: Counts::default(),
            enrolled: 0,
            invited: 0,
            current: None,
            summaries: Vec::new(),
        })
    }

    /// Begins with a file.
    pub fn begin(&mut self, source: &Source) {
        self.close_file();
        self.current = Some(Summary {
            file: source.name.clone(),
            kind: source.kind,
            description: Description::default(),
            created: 0,
            updated: 0,
            unchanged: 0,
            changes: Vec::new(),
            listed: Vec::new(),
            listed_total: 0,
            left_out: Vec::new(),
            left_out_total: 0,
            secrets: Vec::new(),
        });
    }

    /// Makes the secrets that are asked for, now and not when the rows are written: then nobody may be there to read them.
    pub fn make_secrets(&mut self, rows: &mut Rows, random: &dyn Random) {
        if let Rows::Applications(rows) = rows {
            self.keep_secrets(rows.iter_mut().filter_map(|row| row.make_secret(random)));
        }
    }

    /// Takes in what the reader says, and gives the rows on.
    pub fn take(&mut self, item: Item) -> Result<Option<Rows>, ImportError> {
        match item {
            Item::Batch(rows) => {
                self.enrolled += rows.enrolled();
                return Ok(Some(rows));
            }
            Item::Problem(problem, of_row) => self.problem(problem, of_row)?,
            Item::Done(description) => {
                if let Some(current) = &mut self.current {
                    let bad_rows = current.description.bad_rows + description.bad_rows;
                    current.description = Description { bad_rows, ..description };
                }
            }
            Item::Read(_) | Item::Counted(_) => {}
        }
        Ok(None)
    }

    fn problem(&mut self, problem: Problem, of_row: bool) -> Result<(), ImportError> {
        if let Some(report) = &mut self.report {
            report.problem(&problem)?;
        }
        if of_row && self.skip_bad_rows {
            if let Some(current) = &mut self.current {
                current.left_out_total += 1;
                if current.left_out.len() < LISTED {
                    current.left_out.push(problem);
                }
            }
            return Ok(());
        }
        self.problems.of_rows += usize::from(of_row);
        self.problems.add(problem);
        Ok(())
    }

    /// Whether, as far as is known, something will be written.
    pub fn may_go_on(&self) -> bool {
        self.problems.is_empty() && (self.skip_bad_rows || self.missing.is_empty())
    }

    /// Something that a row refers to is not there; `first` says that it is the first of its row.
    pub fn missing(&mut self, reference: &Reference<'_>, first: bool) -> Result<(), ImportError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if first {
            current.description.bad_rows += 1;
        }
        let problem = || Problem {
            file: current.file.clone(),
            line: reference.line,
            column: reference.column.to_owned(),
            message: format!("there is no {} {}", reference.kind.singular(), super::problem::quoted(reference.key)),
        };
        let key = (reference.kind, reference.key.to_owned());
        if self.missing.len() >= MISSING && !self.missing.contains_key(&key) {
            let problem = problem();
            return self.problem(problem, true);
        }
        self.missing.entry(key).or_insert_with(|| (problem(), 0)).1 += 1;
        Ok(())
    }

    /// Notes what a row would do. Gives whether it does anything.
    pub fn note(&mut self, compared: Compared) -> Result<bool, ImportError> {
        let Some(current) = &mut self.current else { return Ok(false) };
        if let Some((column, message)) = compared.fault {
            current.description.bad_rows += 1;
            let problem =
                Problem { file: current.file.clone(), line: compared.line, column: column.to_owned(), message };
            self.problem(problem, true)?;
            return Ok(false);
        }
        let Some(changes) = compared.changes else {
            current.created += 1;
            self.invited += usize::from(compared.invited);
            return Ok(true);
        };
        if changes.is_empty() {
            current.unchanged += 1;
            return Ok(false);
        }
        current.updated += 1;
        for (what, about) in changes {
            self.counts.add(what);
            self.all_counts.add(what);
            if !what.facts().listed {
                continue;
            }
            let listed =
                Listed { file: current.file.clone(), line: compared.line, key: compared.key.clone(), what, about };
            if let Some(report) = &mut self.report {
                report.change(&listed)?;
            }
            current.listed_total += 1;
            if current.listed.len() < LISTED {
                current.listed.push(listed);
            }
        }
        Ok(true)
    }

    pub fn keep_secrets(&mut self, secrets: impl Iterator<Item = (String, String)>) {
        if let Some(current) = &mut self.current {
            current.secrets.extend(secrets);
        }
    }

    fn close_file(&mut self) {
        let Some(mut summary) = self.current.take() else { return };
        summary.changes = std::mem::take(&mut self.counts).lines();
        let invited = std::mem::take(&mut self.invited);
        if invited > 0 {
            summary.description.notes.push(format!(
                "{} invited only: nobody says that the address is verified, and until then nobody signs in or is impersonated. \
                 Where it is, say so in a column email_verified, or with --set email_verified=true.",
                counted(invited, "new user")
            ));
        }
        let enrolled = std::mem::take(&mut self.enrolled);
        if enrolled > 0 {
            summary.description.notes.push(format!(
                "{} enrolled elsewhere for a second factor. It is shown, and not asked for here yet: a password alone signs in.",
                counted(enrolled, "user")
            ));
        }
        self.summaries.push(summary);
    }

    /// # Errors
    /// [`ImportError::Rows`] and [`ImportError::NotAllowed`], the first of which is never a matter of what is allowed. A dry
    /// run says what has to be allowed, and is no failure for it.
    pub fn finish(&mut self) -> Result<Vec<Summary>, ImportError> {
        for (_, (mut problem, rows)) in std::mem::take(&mut self.missing) {
            if rows > 1 {
                problem.message.push_str(&format!(" ({rows} rows name it)"));
            }
            self.problem(problem, true)?;
        }
        self.close_file();
        if let Some(report) = self.report.take() {
            report.finish()?;
        }
        if !self.problems.is_empty() {
            return Err(ImportError::Rows(std::mem::take(&mut self.problems)));
        }
        let unallowed = self.all_counts.unallowed(&self.allow);
        let mut summaries = std::mem::take(&mut self.summaries);
        if unallowed.is_empty() {
            return Ok(summaries);
        }
        if !self.dry_run {
            return Err(ImportError::NotAllowed(summaries, unallowed));
        }
        let words: Vec<String> = unallowed.keys().map(|protection| protection.word()).collect();
        if let Some(last) = summaries.last_mut() {
            last.description.notes.push(format!("To do this, it has to be allowed: --allow {}", words.join(",")));
        }
        Ok(summaries)
    }
}
