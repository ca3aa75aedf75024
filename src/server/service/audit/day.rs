//! The days of a filter, by the reader's clock.

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Years of events, generously.
const YEARS: RangeInclusive<i32> = 1970..=9998;
/// Minutes of clocks on earth: they go from twelve hours behind UTC to fourteen before it.
const OFFSETS: RangeInclusive<i64> = -12 * 60..=14 * 60;

/// The midnight with which a day begins, or `later` days after it, on a clock that is `offset` minutes before UTC then. `None`
/// for what is no day; what is no offset of any place on earth is none.
pub fn midnight(day: &str, later: i64, offset: &str) -> Option<DateTime<Utc>> {
    let (first, last) =
        (NaiveDate::from_ymd_opt(*YEARS.start(), 1, 1)?, NaiveDate::from_ymd_opt(*YEARS.end(), 12, 31)?);
    // A field for days takes years of six digits, databases do not: nothing happened before the first day or after the last.
    let year = day.split('-').next().unwrap_or_default();
    let is_far = matches!(year.len(), 5..=6) && year.bytes().all(|digit| digit.is_ascii_digit());
    let date = match is_far {
        true => last,
        false => NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?.clamp(first, last),
    };
    let offset = offset.parse().ok().filter(|minutes| OFFSETS.contains(minutes)).unwrap_or_default();
    Some(date.and_hms_opt(0, 0, 0)?.and_utc() + TimeDelta::days(later) - TimeDelta::minutes(offset))
}

#[cfg(test)]
mod tests {
    use super::midnight;

    #[test]
    fn a_day_begins_and_ends_by_the_readers_clock() {
        let at = |day, later, offset| midnight(day, later, offset).map(|time| time.to_rfc3339()).unwrap_or_default();
        assert_eq!(at("2026-11-23", 0, ""), "2026-11-23T00:00:00+00:00");
        assert_eq!(at("2026-11-23", 0, "60"), "2026-11-22T23:00:00+00:00");
        assert_eq!(at("2026-11-23", 1, "-480"), "2026-11-24T08:00:00+00:00");
        // The day on which clocks go forward in Berlin has 23 hours.
        assert_eq!(at("2027-03-28", 0, "60"), "2027-03-27T23:00:00+00:00");
        assert_eq!(at("2027-03-28", 1, "120"), "2027-03-28T22:00:00+00:00");
        assert_eq!(at("2026-11-23", 0, "9999"), "2026-11-23T00:00:00+00:00");
        for none in ["", "yesterday", "2026-02-30", "23.11.2026"] {
            assert_eq!(midnight(none, 1, "60"), None, "{none}");
        }
        for far in ["9999-12-31", "99999-01-01", "275760-09-13", "+262142-12-31"] {
            assert_eq!(at(far, 0, ""), "9998-12-31T00:00:00+00:00", "{far}");
            assert_eq!(at(far, 1, "-720"), "9999-01-01T12:00:00+00:00", "{far}");
        }
        for past in ["0001-01-01", "1969-12-31", "-0044-03-15"] {
            assert_eq!(at(past, 1, ""), "1970-01-02T00:00:00+00:00", "{past}");
        }
    }
}
