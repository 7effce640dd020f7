//! What a page's lists hold, so that it hears of what is in them, and of what leaves them.

use std::collections::HashMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::model::handoff::HandoffSummary;
use crate::model::ids::{HandoffId, PersonId};
use crate::model::person::Person;
use crate::model::stamp;

/// How many that left are remembered.
const MOST_LEFT: usize = 1_000;

/// The entries that the page was told.
#[derive(Debug, Default)]
pub(super) struct Listed {
    entries: HashMap<HandoffId, Entry>,
    left: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    number: i64,
    shown: bool,
}

/// What an entry does to the page's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Shows,
    Leaves,
    /// The page never had it, or knows better.
    Nothing,
}

impl Listed {
    /// Fresh lists. What is mine was read later: it is right where it is in both.
    pub(super) fn replace<'a>(&mut self, waiting: &'a [HandoffSummary], mine: &'a [HandoffSummary]) -> Vec<&'a HandoffSummary> {
        let entry = |summary: &HandoffSummary| (summary.id, Entry { number: summary.number, shown: true });
        let of_mine: HashMap<_, _> = mine.iter().map(entry).collect();
        let waiting = waiting.iter().filter(|summary| !of_mine.contains_key(&summary.id));
        let handoffs: Vec<_> = waiting.chain(mine).collect();
        self.entries = handoffs.iter().map(|summary| entry(summary)).collect();
        self.left = 0;
        handoffs
    }

    /// Takes an entry in. Entries come over two ways, so an older one may come after a newer one.
    pub(super) fn take(&mut self, summary: &HandoffSummary, me: PersonId) -> Move {
        let shown = summary.in_queue() || summary.in_list_of(me);
        let known = self.entries.get(&summary.id).copied();
        match known {
            Some(known) if known.number > summary.number => return Move::Nothing,
            None if !shown => return Move::Nothing,
            _ => {}
        }
        self.entries.insert(summary.id, Entry { number: summary.number, shown });
        let was_shown = known.is_some_and(|known| known.shown);
        match (was_shown, shown) {
            (_, true) => Move::Shows,
            (false, false) => Move::Nothing,
            (true, false) => {
                self.left += 1;
                if self.left > MOST_LEFT {
                    self.entries.retain(|_, entry| entry.shown);
                    self.left = 0;
                }
                Move::Leaves
            }
        }
    }
}

/// The frame `desk`, see [`super::frames::FromServer`], with entries that many share.
pub(super) fn frame(me: &Person, handoffs: &[&HandoffSummary]) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        desk: Lists<'a>,
    }
    #[derive(Serialize)]
    struct Lists<'a> {
        me: &'a Person,
        handoffs: &'a [&'a HandoffSummary],
        #[serde(with = "time::serde::rfc3339")]
        now: OffsetDateTime,
    }
    let now = stamp::whole_micros(OffsetDateTime::now_utc());
    serde_json::to_string(&Frame { r#type: "desk", desk: Lists { me, handoffs, now } })
}
