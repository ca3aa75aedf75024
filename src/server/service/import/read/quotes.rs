//! Watches the quotes of a CSV file as it goes by: the parser behind takes whatever comes, and would put the rest of a file
//! into the cell whose quote nobody closed.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::super::input::{BadText, Text};

/// The longest row. What is longer has lost a quote.
const ROW_MAX: u64 = 1024 * 1024;

/// Where in a row the text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// The beginning of a cell: only here a quote opens.
    Start,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end of them, or the first half of a quote.
    Closed,
    /// After the end of quotes, and white space.
    Behind,
}

pub struct Quotes {
    pub text: Text,
    separator: u8,
    at: At,
    /// Bytes so far, those of this row, and the last one.
    byte: u64,
    in_row: u64,
    last: u8,
    line: u64,
    row_line: u64,
    opened: u64,
    /// Where text follows the end of quotes, not asked for yet.
    torn: VecDeque<u64>,
    ended: bool,
}

impl Quotes {
    pub fn new(text: Text, separator: u8) -> Self {
        let (at, torn) = (At::Start, VecDeque::new());
        Self {
            text,
            separator,
            at,
            byte: 0,
            in_row: 0,
            last: b'\n',
            line: 1,
            row_line: 1,
            opened: 1,
            torn,
            ended: false,
        }
    }

    /// Whether in the row that ends at `byte` text follows the end of quotes. Asked for in the order of the text.
    pub fn is_torn(&mut self, byte: u64) -> bool {
        let mut is = false;
        while self.torn.front().is_some_and(|at| *at < byte) {
            self.torn.pop_front();
            is = true;
        }
        is
    }

    /// Whether the text ends at `byte`, without the end of a line.
    pub fn is_cut(&self, byte: u64) -> bool {
        self.ended && byte >= self.byte && !matches!(self.last, b'\n' | b'\r')
    }

    fn take(&mut self, byte: u8) {
        let is_end = matches!(byte, b'\n' | b'\r');
        if is_end && !(byte == b'\n' && self.last == b'\r') {
            self.line += 1;
        }
        self.at = match (self.at, byte) {
            (At::Start, b'"') => {
                self.opened = self.line;
                At::Quoted
            }
            (At::Closed, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) => At::Quoted,
            (_, byte) if is_end || byte == self.separator => At::Start,
            (At::Closed | At::Behind, b' ' | b'\t') => At::Behind,
            (At::Closed | At::Behind, _) => {
                self.torn.push_back(self.byte);
                At::Plain
            }
            (At::Start | At::Plain, _) => At::Plain,
        };
        self.byte += 1;
        self.in_row += 1;
        self.last = byte;
        if is_end && self.at == At::Start {
            (self.in_row, self.row_line) = (0, self.line);
        }
    }
}

impl Read for Quotes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        for byte in &buffer[..count] {
            self.take(*byte);
            if self.in_row > ROW_MAX {
                let advice = "begins a row that is longer than 1 MiB; is a quote missing?";
                return Err(BadText::at(self.row_line, advice));
            }
        }
        self.ended |= count == 0 && !buffer.is_empty();
        if self.ended && self.at == At::Quoted {
            return Err(BadText::at(
                self.opened,
                "has a quote that is never closed; all that follows it would be one cell",
            ));
        }
        Ok(count)
    }
}
