//! What words and numbers of a file mean: truth in the words of exports and spreadsheets, and moments.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

/// Truth, in the words of exports and of spreadsheets in several languages. Nothing where it is neither: whoever asks says
/// so, and guesses nothing.
pub fn truth(text: &str) -> Option<bool> {
    const YES: &[&str] = &[
        "true",
        "yes",
        "y",
        "t",
        "1",
        "1.0",
        "on",
        "wahr",
        "ja",
        "vrai",
        "oui",
        "verdadero",
        "sí",
        "verdadeiro",
        "sim",
        "vero",
        "sì",
        "waar",
        "prawda",
        "tak",
        "sant",
        "sand",
        "sann",
        "pravda",
        "ano",
        "doğru",
        "evet",
        "истина",
        "да",
        "tosi",
        "kyllä",
        "igaz",
        "igen",
    ];
    const NO: &[&str] = &[
        "false", "no", "n", "f", "0", "0.0", "off", "falsch", "nein", "faux", "non", "falso", "não", "onwaar", "nee",
        "fałsz", "nie", "falskt", "falsk", "usann", "nej", "nei", "nepravda", "ne", "yanlış", "yanliş", "hayır",
        "hayir", "ложь", "нет", "epätosi", "ei", "hamis", "nem",
    ];
    // A dotted İ becomes two characters in lower case, of which the dot is one.
    let word = text.trim().to_lowercase().replace('\u{307}', "");
    match word.as_str() {
        word if YES.contains(&word) => Some(true),
        word if NO.contains(&word) => Some(false),
        _ => None,
    }
}

/// RFC 3339, or a date with or without a time of day as Google, Okta, databases and spreadsheets in ISO order write it.
/// Without a zone it is UTC. Orders of day and month that depend on the country are not guessed.
pub fn moment(text: &str) -> Option<DateTime<Utc>> {
    let time = zoned(text).or_else(|| bare(text))?;
    // A leap second becomes the one after it: nothing else here counts them.
    DateTime::from_timestamp_micros(time.timestamp_micros())
}

fn zoned(text: &str) -> Option<DateTime<Utc>> {
    const FORMATS: [&str; 4] =
        ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M%#z", "%Y-%m-%dT%H:%M%#z"];
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let text = text.replace('/', "-");
    FORMATS.iter().find_map(|format| DateTime::parse_from_str(&text, format).ok()).map(|time| time.to_utc())
}

fn bare(text: &str) -> Option<DateTime<Utc>> {
    const FORMATS: [&str; 4] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let text = text.strip_suffix(" UTC").or_else(|| text.strip_suffix('Z')).unwrap_or(text).replace('/', "-");
    if let Some(time) = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok()) {
        return Some(time.and_utc());
    }
    Some(NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc())
}

/// Why a text is no moment, as the end of a sentence that begins with it.
pub fn no_moment(text: &str) -> &'static str {
    // Days since 1900 of the years 1955 to 2119.
    let is_serial = text.parse::<f64>().is_ok_and(|days| (20_000.0..80_000.0).contains(&days));
    if is_serial {
        "is the number that Excel keeps for a date; give the column the format yyyy-mm-dd hh:mm:ss and save the file again"
    } else {
        "is no time; write it like 2026-11-23T08:30:00Z or 2026-11-23"
    }
}

#[cfg(test)]
mod tests {
    use super::{moment, no_moment, truth};

    #[test]
    fn truth_is_told_in_many_languages_and_nothing_is_guessed() {
        for word in
            ["TRUE", "Yes", "t", "on", "1", "1.0", "WAHR", "Oui", "Ja", "SANT", "DOĞRU", "ИСТИНА", "IGAZ", "TOSI"]
        {
            assert_eq!(truth(word), Some(true), "{word}");
        }
        for word in
            ["False", "no", "f", "off", "0", "FALSCH", "Non", "Nein", "FALSKT", "USANN", "YANLIŞ", "ЛОЖЬ", "HAMIS"]
        {
            assert_eq!(truth(word), Some(false), "{word}");
        }
        for word in ["", "-", "maybe", "2", "locked"] {
            assert_eq!(truth(word), None, "{word}");
        }
    }

    #[test]
    fn moments_are_read_as_databases_and_exports_write_them() {
        let read = |text| moment(text).map(|time| time.to_rfc3339());
        let expected = Some("2024-11-20T08:15:30+00:00".to_owned());
        for text in [
            "2024-11-20T08:15:30Z",
            "2024-11-20 08:15:30+00",
            "2024-11-20T08:15:30+0000",
            "2024-11-20 08:15:30 +0000",
            "2024/11/20 08:15:30",
            "2024-11-20 08:15:30 UTC",
            "2024-11-20 10:15:30+02",
            "2024-11-20 10:15:30.000+02:00",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read("2024-11-20T08:15Z").as_deref(), Some("2024-11-20T08:15:00+00:00"));
        assert_eq!(read("2024-11-20T08:15").as_deref(), Some("2024-11-20T08:15:00+00:00"));
        assert_eq!(read("2016-12-31T23:59:60Z").as_deref(), Some("2017-01-01T00:00:00+00:00"));
        assert_eq!(read("2024-11-20").as_deref(), Some("2024-11-20T00:00:00+00:00"));
        for text in
            ["11/20/2024", "20.11.2024", "2024-02-30", "2024-11-20T08:15:30+99:99", "45616.34", "1/5/2023 8:14:34 AM"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(no_moment("45616.34").contains("Excel"));
        assert!(!no_moment("1614592800").contains("Excel"));
    }
}
