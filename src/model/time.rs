//! Moments in words, one vocabulary for the portal and the hosted pages.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

/// `2026-11-23 15:42:07 UTC`.
pub fn exact(moment: DateTime<Utc>) -> String {
    format!("{} {} UTC", day(moment), seconds(moment))
}

/// The moment that [`exact`] wrote.
pub fn of_exact(text: &str) -> Option<DateTime<Utc>> {
    text.replacen(' ', "T", 1).replace(" UTC", "Z").parse().ok()
}

/// `2026-11-23`.
pub fn day(moment: DateTime<Utc>) -> String {
    format!("{:04}-{:02}-{:02}", moment.year(), moment.month(), moment.day())
}

/// `15:42:07`.
pub fn seconds(moment: DateTime<Utc>) -> String {
    format!("{:02}:{:02}:{:02}", moment.hour(), moment.minute(), moment.second())
}

/// `2026-11-23T15:42:07Z`.
pub fn machine(moment: DateTime<Utc>) -> String {
    format!("{}T{}Z", day(moment), seconds(moment))
}

/// `24:13`, or nothing where no time is left.
pub fn left(time: TimeDelta) -> Option<String> {
    let seconds = (time + TimeDelta::milliseconds(999)).num_seconds();
    (seconds > 0).then(|| format!("{}:{:02}", seconds / 60, seconds % 60))
}

/// How long ago, in the words of a person.
pub fn relative(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds();
    let (ahead, seconds) = (seconds < 0, seconds.abs());
    let (count, unit) = match seconds {
        0..45 => return "just now".to_owned(),
        45..3_570 => ((seconds + 30) / 60, "min"),
        3_570..84_600 => ((seconds + 1_800) / 3_600, "h"),
        84_600..172_800 if !ahead => return "yesterday".to_owned(),
        84_600..604_800 => ((seconds + 1_800) / 86_400, "day"),
        604_800..2_592_000 => (seconds / 604_800, "week"),
        2_592_000..31_536_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let plural = if count == 1 || unit == "min" || unit == "h" { "" } else { "s" };
    if ahead { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_448_527 + seconds, 0).expect("a valid time")
    }

    #[test]
    fn relative_times_read_like_a_person_says_them() {
        let said = |seconds: i64| relative(moment(-seconds), moment(0));
        assert_eq!(said(3), "just now");
        assert_eq!(said(61), "1 min ago");
        assert_eq!(said(3_599), "1 h ago");
        assert_eq!(said(7_300), "2 h ago");
        assert_eq!(said(90_000), "yesterday");
        assert_eq!(said(3 * 86_400), "3 days ago");
        assert_eq!(said(8 * 86_400), "1 week ago");
        assert_eq!(said(70 * 86_400), "2 months ago");
        assert_eq!(said(800 * 86_400), "2 years ago");
        assert_eq!(said(-600), "in 10 min");
    }

    #[test]
    fn a_countdown_ends_at_nothing() {
        assert_eq!(left(TimeDelta::seconds(3_600)).as_deref(), Some("60:00"));
        assert_eq!(left(TimeDelta::milliseconds(500)).as_deref(), Some("0:01"));
        assert_eq!(left(TimeDelta::zero()), None);
    }

    #[test]
    fn exact_times_are_utc_and_say_so() {
        assert!(exact(moment(0)).ends_with(" UTC"));
        assert_eq!(of_exact(&exact(moment(0))), Some(moment(0)));
        assert_eq!(of_exact("never"), None);
        assert_eq!(machine(moment(0)).len(), 20);
    }
}
