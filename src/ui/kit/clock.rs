//! Time that passes on the page. The first render shows the server's `now` on both sides; afterwards one timer moves it on.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;

use crate::ui::kit::effect::effect;
use leptos::web_sys::js_sys::Date;

#[derive(Clone, Copy)]
pub struct Clock {
    /// Whether the browser has taken the page over. False during the first render, on both sides.
    pub hydrated: RwSignal<bool>,
    /// Milliseconds since then.
    elapsed: RwSignal<i64>,
    /// The same, in steps of half a minute.
    coarse: Memo<i64>,
}

impl Clock {
    /// Makes the clock of the page. It starts when the browser has taken over.
    pub fn provide() -> Self {
        let elapsed = RwSignal::new(0);
        let clock = Self {
            hydrated: RwSignal::new(false),
            elapsed,
            coarse: Memo::new(move |_| elapsed.get() / 30_000 * 30_000),
        };
        provide_context(clock);
        effect(move || {
            let started = Date::now();
            clock.hydrated.set(true);
            set_interval(move || clock.elapsed.set((Date::now() - started) as i64), Duration::from_secs(1));
        });
        clock
    }

    pub fn current() -> Self {
        expect_context::<Self>()
    }

    /// A clock that shows `now`, a moment of the server's, at this instant, and moves on.
    pub fn at(self, now: DateTime<Utc>) -> Now {
        Now { clock: self, base: now, start: self.elapsed.get_untracked() }
    }
}

/// The server's time, as it passes on the page. Reading it is reactive.
#[derive(Clone, Copy)]
pub struct Now {
    clock: Clock,
    base: DateTime<Utc>,
    start: i64,
}

impl Now {
    /// The current clock of the page, set to `now`.
    pub fn of(now: DateTime<Utc>) -> Self {
        Clock::current().at(now)
    }

    /// Moves on every second.
    pub fn seconds(self) -> DateTime<Utc> {
        self.base + TimeDelta::milliseconds(self.clock.elapsed.get() - self.start)
    }

    /// This instant, for what happens now.
    pub fn now_untracked(self) -> DateTime<Utc> {
        self.base + TimeDelta::milliseconds(self.clock.elapsed.get_untracked() - self.start)
    }

    /// Moves on every half minute, for words like "4 min ago".
    pub fn minutes(self) -> DateTime<Utc> {
        self.base + TimeDelta::milliseconds((self.clock.coarse.get() - self.start).max(0))
    }

    /// The moment that the server said.
    pub fn base(self) -> DateTime<Utc> {
        self.base
    }
}
