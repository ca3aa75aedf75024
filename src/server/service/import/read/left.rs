//! What is said about what a file holds and was not taken.

use super::super::problem::counted;
use super::{Entity, Reader};

impl<T: Entity> Reader<'_, T> {
    pub(super) fn note_what_was_left(&mut self) {
        let notes = &mut self.description.notes;
        if let Some(format) = self.format.filter(|format| !format.note.is_empty()) {
            notes.push(format.note.to_owned());
        }
        if self.blank > 0 {
            notes.push(format!("{} passed over.", counted(self.blank, "blank row")));
        }
        for (why, count) in &self.passed_over {
            notes.push(format!("{} passed over, because each {why}.", counted(*count, "user")));
        }
        for (what, count) in &self.ours.left {
            notes.push(format!(
                "{}: {what} cannot be taken. They need a set-password link each (understudy user set-password-link).",
                counted(*count, "user")
            ));
        }
        for (column, (count, first)) in &self.unread_times {
            let times = counted(*count, "time");
            notes.push(format!(
                "{column}: {times} passed over, unreadable or not between 1970-01-02 and tomorrow; the first in line {first}."
            ));
        }
        if self.merged > 0 {
            notes.push(format!(
                "{} about a user of another row, and taken together with it: locked where one says so, and verified likewise.",
                counted(self.merged, "row")
            ));
        }
        if self.nameless > 0 {
            notes.push(format!(
                "{} something below a head cell without a name; it was passed over.",
                if self.nameless == 1 { "1 row has".to_owned() } else { format!("{} rows have", self.nameless) }
            ));
        }
    }
}
