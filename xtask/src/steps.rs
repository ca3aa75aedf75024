//! Says what is being done, with the time since the start: every step is one line, on standard error like cargo's own.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

static START: OnceLock<Instant> = OnceLock::new();

/// Starts the clock that every line shows. Called once, first thing.
pub fn start() {
    START.get_or_init(Instant::now);
}

/// Time since [`start`].
pub fn elapsed() -> Duration {
    START.get_or_init(Instant::now).elapsed()
}

/// Something that takes a while begins.
pub fn step(what: impl Display) {
    eprintln!("[{:>6.1}s] {what} …", elapsed().as_secs_f64());
}

/// Something that needs no time to do, said for the record.
pub fn note(what: impl Display) {
    eprintln!("[{:>6.1}s] {what}", elapsed().as_secs_f64());
}

/// `1234567` as `1,234,567`: sizes are compared digit by digit.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_in_threes() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(400_000), "400,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
