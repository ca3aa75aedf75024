//! Moments on a page: relative text, moving on by itself, and the exact UTC value on hover and for machines.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use leptos::prelude::*;
use leptos::wasm_bindgen::JsValue;
use leptos::web_sys::js_sys::Date;

use crate::model::impersonation::MINUTES;
use crate::model::time::{exact, left, machine, relative, seconds};
use crate::ui::kit::clock::{Clock, Now};
use crate::ui::kit::erase::Erase;

/// "4 min ago", moving on by itself.
pub fn ago(then: DateTime<Utc>, now: Now) -> AnyView {
    view! {
        <time datetime=machine(then) title=exact(then)>
            {move || relative(then, now.minutes())}
        </time>
    }
    .erased()
}

/// No session has more left. The clock of the page is up to a second behind, and would say so.
const LONGEST: TimeDelta = TimeDelta::minutes(MINUTES);

/// "24:13" until `deadline`, each second; `over` from then on. Marked in the last minute.
pub fn countdown(deadline: DateTime<Utc>, now: Now, over: &'static str) -> AnyView {
    view! {
        <time
            class="countdown"
            class:closing=move || (deadline - now.seconds()) < TimeDelta::minutes(1)
            datetime=machine(deadline)
            title=exact(deadline)
        >
            {move || left((deadline - now.seconds()).min(LONGEST)).unwrap_or_else(|| over.to_owned())}
        </time>
    }
    .erased()
}

/// "15:42": UTC, and said so, until the browser knows the reader's own clock.
pub fn clock_time(moment: DateTime<Utc>) -> AnyView {
    let hydrated = Clock::current().hydrated;
    view! {
        <time datetime=machine(moment) title=exact(moment)>
            {move || hours_and_minutes(moment, hydrated.get())}
        </time>
    }
    .erased()
}

/// "15:42:07", where minutes do not tell two apart.
pub fn time_of_day(moment: DateTime<Utc>, local: bool) -> String {
    if local {
        let date = Date::new(&JsValue::from_f64(moment.timestamp_millis() as f64));
        format!("{:02}:{:02}:{:02}", date.get_hours(), date.get_minutes(), date.get_seconds())
    } else {
        format!("{} UTC", seconds(moment))
    }
}

pub fn hours_and_minutes(moment: DateTime<Utc>, local: bool) -> String {
    if local {
        let date = Date::new(&JsValue::from_f64(moment.timestamp_millis() as f64));
        format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
    } else {
        format!("{:02}:{:02} UTC", moment.hour(), moment.minute())
    }
}
