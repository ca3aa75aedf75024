//! Log lines that strangers can cause: some in a second are written, and of the rest it is said how many there were.

use std::time::Duration;

use parking_lot::Mutex;

/// Lines of one kind.
pub struct Lines {
    most: u32,
    second: Mutex<Second>,
}

/// How many were written in the second that runs, and how many were left out since the last one that was written.
#[derive(Default)]
struct Second {
    number: u64,
    written: u32,
    left_out: u64,
}

impl Lines {
    /// `most` in a second.
    pub fn new(most: u32) -> Self {
        Self { most, second: Mutex::default() }
    }

    /// Whether the next line may be written at `now`, of a clock that only goes forward: with the number of those that were left
    /// out before it.
    pub fn next(&self, now: Duration) -> Option<u64> {
        let mut second = self.second.lock();
        if second.number != now.as_secs() {
            (second.number, second.written) = (now.as_secs(), 0);
        }
        if second.written >= self.most {
            second.left_out += 1;
            return None;
        }
        second.written += 1;
        Some(std::mem::take(&mut second.left_out))
    }
}

/// The kinds of such lines.
pub struct Refusals {
    /// Mistakes of applications that are known.
    pub of_applications: Lines,
    /// Those of whoever it was.
    pub of_strangers: Lines,
    /// Sign-ins that failed, by realm: a crowd in one does not keep what happens in the other out of the log.
    pub of_sign_ins: [Lines; 2],
    /// Hand-off codes that nobody was given.
    pub of_hand_offs: Lines,
    /// Starts that never came to a decision.
    pub of_starts: Lines,
    /// Forms that no page of ours sent.
    pub of_forms: Lines,
}

impl Default for Refusals {
    fn default() -> Self {
        let few = || Lines::new(10);
        Self {
            of_applications: Lines::new(50),
            of_strangers: few(),
            of_sign_ins: [few(), few()],
            of_hand_offs: few(),
            of_starts: few(),
            of_forms: few(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_some_lines_are_written_and_the_rest_is_counted() {
        let lines = Lines::new(2);
        let at = |millis| lines.next(Duration::from_millis(millis));
        assert_eq!([at(0), at(10), at(20), at(999)], [Some(0), Some(0), None, None]);
        assert_eq!([at(1_000), at(1_001), at(1_002)], [Some(2), Some(0), None]);
        assert_eq!(at(60_000), Some(1));
    }
}
