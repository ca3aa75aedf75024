//! The days that are asked for most, each a link. Without script they are days in UTC, as those of the fields are.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsValue;
use leptos::web_sys::js_sys::Date;

use super::List;
use crate::model::audit::AuditPage;
use crate::ui::component::menu;
use crate::ui::kit::clock::{Clock, Now};
use crate::ui::kit::erase::Erase;

/// What they are called, and how many days they begin before today.
const PRESETS: [(&str, u64); 3] = [("Today", 0), ("Last 7 days", 6), ("Last 30 days", 29)];

/// `panel` is the popover in which they are: whoever has chosen is done with it.
pub fn presets(list: List, page: Signal<AuditPage>, panel: &'static str) -> AnyView {
    let hydrated = Clock::current().hydrated;
    let now = Now::of(page.with_untracked(|page| page.now));
    let today = Memo::new(move |_| {
        let now = now.minutes();
        if hydrated.get() { own_day(now) } else { now.date_naive() }
    });
    let links = PRESETS
        .map(|(label, before)| {
            let days = Memo::new(move |_| {
                let today = today.get();
                let first = today.checked_sub_days(Days::new(before)).unwrap_or(today);
                [first.to_string(), today.to_string()]
            });
            let chosen = move || {
                days.with(|[first, last]| {
                    list.words.with(|words| words.get("from") == first && words.get("to") == last)
                })
            };
            view! {
                <a
                    class="button small"
                    href=move || days.with(|days| address(list, days, hydrated.get()))
                    data-noscroll="true"
                    aria-current=move || chosen().then_some("true")
                    on:click=move |_| menu::close(panel)
                >
                    {label}
                </a>
            }
            .erased()
        })
        .into_iter()
        .collect_view();
    view! { <div class="presets" role="group" aria-label="Days">{links}</div> }.erased()
}

/// The list from the first of these days to the last, `by_clock` of the reader or in UTC.
fn address(list: List, [first, last]: &[String; 2], by_clock: bool) -> String {
    let offset = |day: &str, later| {
        let minutes = if by_clock { offset_at(day, later) } else { None };
        minutes.map(|minutes| minutes.to_string()).unwrap_or_default()
    };
    list.words
        .get()
        .without(&["cursor", "find"])
        .with("from", first)
        .with("to", last)
        .with("from_offset", &offset(first, 0))
        .with("to_offset", &offset(last, 1))
        .on(&list.path.get())
}

/// The day that it is for the reader: the server's time, by the browser's zone.
fn own_day(now: DateTime<Utc>) -> NaiveDate {
    let local = Date::new(&JsValue::from_f64(now.timestamp_millis() as f64));
    let year = i32::try_from(local.get_full_year()).unwrap_or_else(|_| now.year());
    NaiveDate::from_ymd_opt(year, local.get_month() + 1, local.get_date()).unwrap_or_else(|| now.date_naive())
}

/// `2026-11-23`. Chrono reads it too, with a parser of every format there is, which browsers would load.
fn date_of(day: &str) -> Option<NaiveDate> {
    let mut parts = day.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let mut number = || parts.next()?.parse().ok();
    NaiveDate::from_ymd_opt(year, number()?, number()?)
}

/// Minutes by which the reader's clock is before UTC as `day` begins, or `later` days after that.
pub fn offset_at(day: &str, later: u64) -> Option<i64> {
    let date = date_of(day)?.checked_add_days(Days::new(later))?;
    let (month, day) = (i32::try_from(date.month0()).ok()?, i32::try_from(date.day()).ok()?);
    let local = Date::new_with_year_month_day(u32::try_from(date.year()).ok()?, month, day).get_time();
    let utc = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    Some((utc - local as i64) / 60_000)
}

#[cfg(test)]
mod tests {
    use super::date_of;

    #[test]
    fn a_day_is_read_as_date_inputs_write_it() {
        assert_eq!(date_of("2026-11-23").map(|date| date.to_string()).as_deref(), Some("2026-11-23"));
        for other in ["", "2026", "2026-11", "2026-13-01", "2026-02-30", "23.11.2026", "2026-11-23-1", "2026-11-23T10"]
        {
            assert_eq!(date_of(other), None, "{other}");
        }
    }
}
