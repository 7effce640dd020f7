//! One clock for a page: the server's, ticking each second in the browser.

use leptos::prelude::*;
use time::{Duration, OffsetDateTime};

use super::browser;

/// The server's time as well as this page knows it.
#[derive(Clone, Copy)]
pub struct Clock {
    now: RwSignal<OffsetDateTime>,
    /// The same in steps of ten seconds, for the many that need no finer.
    coarse: Memo<OffsetDateTime>,
    ahead: StoredValue<Duration>,
}

impl Clock {
    /// A clock that stands at the time of a snapshot. It starts to run in the browser, so that server and browser first
    /// show the same.
    pub fn new(now: OffsetDateTime) -> Self {
        let now_signal = RwSignal::new(now);
        let coarse = Memo::new(move |_| {
            let now = now_signal.get();
            now - Duration::seconds(now.unix_timestamp().rem_euclid(10))
        });
        let clock = Self { now: now_signal, coarse, ahead: StoredValue::new(Duration::ZERO) };
        Effect::new(move |_| {
            clock.set(now);
            if let Ok(ticking) = set_interval_with_handle(move || clock.tick(), std::time::Duration::from_secs(1)) {
                on_cleanup(move || ticking.clear());
            }
        });
        clock
    }

    /// The time now; whoever reads it in a view is run again each second.
    pub fn now(self) -> OffsetDateTime {
        self.now.get()
    }

    /// The time now, up to ten seconds old; whoever reads it in a view is run again every ten seconds.
    pub fn about_now(self) -> OffsetDateTime {
        self.coarse.get()
    }

    /// The time now, for those who only want to know it once.
    pub fn at_once(self) -> OffsetDateTime {
        self.now.get_untracked()
    }

    /// Corrects the clock by what the server just said.
    pub fn set(self, server: OffsetDateTime) {
        self.ahead.try_set_value(server - browser::now());
        self.tick();
    }

    fn tick(self) {
        if let Some(ahead) = self.ahead.try_get_value() {
            self.now.try_set(browser::now() + ahead);
        }
    }
}
