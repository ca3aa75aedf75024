//! Counts tests from what the test runners print at the end of their work.

use std::fmt;

#[derive(Default, Debug, PartialEq, Eq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s`
    pub fn read_cargo(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else {
            return;
        };
        let counts = rest.split_once(". ").map_or("", |(_, counts)| counts);
        for count in counts.split("; ") {
            self.count(count, &[("passed", Kind::Passed), ("failed", Kind::Failed), ("ignored", Kind::Skipped)]);
        }
    }

    /// The lines of Playwright's list reporter at its end: `  12 passed (3.4s)`, `  1 failed`.
    pub fn read_playwright(&mut self, line: &str) {
        let Some(indented) = line.strip_prefix("  ") else {
            return;
        };
        let count = indented.split_once(" (").map_or(indented, |(count, _)| count);
        self.count(
            count,
            &[
                ("passed", Kind::Passed),
                ("failed", Kind::Failed),
                // Passed at a second try: there is none to be had, so it would be news.
                ("flaky", Kind::Failed),
                ("interrupted", Kind::Failed),
                ("did not run", Kind::Failed),
                ("skipped", Kind::Skipped),
            ],
        );
    }

    fn count(&mut self, text: &str, words: &[(&str, Kind)]) {
        let Some((number, word)) = text.trim_end().split_once(' ') else {
            return;
        };
        let Ok(number) = number.parse::<usize>() else {
            return;
        };
        match words.iter().find(|(each, _)| *each == word) {
            Some((_, Kind::Passed)) => self.passed += number,
            Some((_, Kind::Failed)) => self.failed += number,
            Some((_, Kind::Skipped)) => self.skipped += number,
            None => {}
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Passed,
    Failed,
    Skipped,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn both_runners_are_understood() {
        let mut tally = Tally::default();
        for line in [
            "test policy::refuses ... ok",
            "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s",
        ] {
            tally.read_cargo(line);
        }
        for line in [
            "Running 9 tests using 1 worker",
            "  ✓  1 [chromium] › tests/a.spec.ts:3:1 › 5 passed (2.0s)",
            "  1 failed",
            "    [chromium] › tests/a.spec.ts:3:1 › name ──",
            "  2 did not run",
            "  6 passed (3.4s)",
        ] {
            tally.read_playwright(line);
        }
        assert_eq!(tally.to_string(), "18 passed, 5 failed, 1 skipped");
    }
}
