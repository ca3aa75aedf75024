//! What is asked of the audit trail.

use super::case::{Case, Promise, Samples, cursor, first_page, some_id};

const DAY_US: i64 = 86_400_000_000;

pub fn promises(samples: &Samples) -> Vec<Promise> {
    let audit = |name, cases| Promise::new(name, 8.0, 20.0, cases);
    vec![
        audit("audit: newest, any, deepest page", pages(samples)),
        audit("audit: one filter", filters(samples)),
        audit("audit: two filters", pairs(samples)),
        audit("audit: words", searches(samples)),
        audit("audit: words and a filter", searches_and_filters(samples)),
        audit("audit: a time range", ranges(samples)),
    ]
}

fn events(name: impl Into<String>, words: impl Fn(u64) -> String + 'static) -> Case {
    Case::list("audit", name, words)
}

fn first(name: impl Into<String>, words: impl Fn(u64) -> String + 'static) -> Case {
    events(name, move |number| format!("{}&{}", words(number), first_page(number)))
}

fn pages(samples: &Samples) -> Vec<Case> {
    let of = samples.clone();
    vec![
        events("newest", first_page).finding("audit-table"),
        events("any", move |number| place(&of, number)).within(),
        events("deepest", |number| cursor(true, &format!("00000000{}", &some_id(number)[8..]), "d0")).within(),
    ]
}

fn place(samples: &Samples, number: u64) -> String {
    let event = samples.one_of("events", number);
    let at = event["occurred_us"].as_i64().unwrap_or_default();
    cursor(number.is_multiple_of(2), &some_id(number), &format!("d{at}"))
}

/// The filters that have a few values: words of the address.
const FEW: [&str; 8] = [
    "action=user.signed_in",
    "action=impersonation",
    "action=application",
    "action=token.refresh_reused",
    "severity=info",
    "severity=high",
    "severity=critical",
    "only=impersonated",
];

fn filters(samples: &Samples) -> Vec<Case> {
    let mut cases: Vec<Case> = FEW.iter().map(|filter| first(*filter, move |_| (*filter).to_owned())).collect();
    for size in ["largest", "middle", "smallest"] {
        let of = samples.clone();
        cases.push(first(format!("the {size} account"), move |number| format!("account={}", of.account(size, number))));
    }
    let of = samples.clone();
    cases.push(first("the id of a user", move |number| {
        format!("q={}", of.one_of("users", number)["id"].as_str().unwrap_or_default())
    }));
    let of = samples.clone();
    cases
        .push(events("only=impersonated, any page", move |number| format!("only=impersonated&{}", place(&of, number))));
    let of = samples.clone();
    cases
        .push(events("severity=critical, any page", move |number| format!("severity=critical&{}", place(&of, number))));
    cases
}

fn pairs(samples: &Samples) -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, one) in FEW.iter().enumerate() {
        for other in &FEW[at + 1..] {
            // Two values of one filter are none.
            if one.split('=').next() != other.split('=').next() {
                cases.push(first(format!("{one}, {other}"), move |_| format!("{one}&{other}")));
            }
        }
        for size in ["largest", "smallest"] {
            let of = samples.clone();
            cases.push(first(format!("the {size} account, {one}"), move |number| {
                format!("account={}&{one}", of.account(size, number))
            }));
        }
        let of = samples.clone();
        cases.push(first(format!("a week, {one}"), move |number| format!("{}&{one}", range(&of, number, 7))));
    }
    let of = samples.clone();
    cases.push(first("a week, the largest account", move |number| {
        format!("{}&account={}", range(&of, number, 7), of.word("largest_account"))
    }));
    cases
}

/// Words of names, reasons and tickets: many, few and none.
fn sought(samples: &Samples) -> Vec<String> {
    vec![
        samples.word("common_word"),
        samples.word("rare_word"),
        "zzzzqq".to_owned(),
        "signed".to_owned(),
        "invoice".to_owned(),
        "d77.example".to_owned(),
        "migration+kept".to_owned(),
    ]
}

fn searches(samples: &Samples) -> Vec<Case> {
    let mut cases: Vec<Case> =
        sought(samples).into_iter().map(|word| first(format!("q={word}"), move |_| format!("q={word}"))).collect();
    cases.push(first("a ticket", |number| format!("q=HELP-{}", 10_000 + number * 7919 % 500_000)));
    let word = samples.word("common_word");
    cases.push(first(format!("q={word}, page after page"), move |_| format!("q={word}")).followed());
    cases
}

fn searches_and_filters(samples: &Samples) -> Vec<Case> {
    let mut cases = Vec::new();
    for word in sought(samples) {
        for filter in ["action=user.signed_in", "severity=critical", "only=impersonated"] {
            let word = word.clone();
            cases.push(first(format!("q={word}, {filter}"), move |_| format!("q={word}&{filter}")));
        }
        let of = samples.clone();
        cases.push(first(format!("q={word}, the largest account"), move |_| {
            format!("q={word}&account={}", of.word("largest_account"))
        }));
    }
    cases
}

fn ranges(samples: &Samples) -> Vec<Case> {
    [(1, "a day"), (7, "a week"), (90, "90 days")]
        .into_iter()
        .map(|(days, name)| {
            let of = samples.clone();
            first(name, move |number| range(&of, number, days))
        })
        .collect()
}

/// So many days, of which the last is another one for each number.
fn range(samples: &Samples, number: u64, days: i64) -> String {
    let last = samples.number("until_us") / DAY_US - 1 - (number * 17 % 300) as i64;
    format!("from={}&to={}", date(last + 1 - days), date(last))
}

/// The date of a day, counted from 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
fn date(day: i64) -> String {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_have_their_dates() {
        for (day, expected) in [(0, "1970-01-01"), (19_782, "2024-02-29"), (20_785, "2026-11-28")] {
            assert_eq!(date(day), expected);
        }
    }
}
