//! What became of everything that was sent: the count of what was lost, doubled or out of order. It shares nothing with the desk's
//! own reading of its tables but their names.

use std::collections::{HashMap, HashSet};
use std::fmt;

use babbage::live::frames::FromServer;
use babbage::model::change::{Applied, OpenHandoff};
use babbage::model::message::{Content, Message};
use futures::TryStreamExt;

use super::Result;
use super::browser::Browser;
use super::clock::Stamps;
use super::desk::Desk;
use super::table::{Row, Verdict};
use super::watcher::Watcher;
use super::webhook::number_in;

/// How many conversations are read back through the desk's own door at the end of a row.
const READ_BACK: usize = 20;

/// What is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    pub acknowledged: usize,
    pub lost: usize,
    pub doubled: usize,
    pub misordered: usize,
    /// Messages that came to a page although they were told to load anew, and the like.
    pub resyncs: usize,
}

impl Truth {
    pub fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.misordered == 0
    }

    pub fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.misordered += other.misordered;
        self.resyncs += other.resyncs;
    }

    /// A row whose run was not in order is void.
    pub fn judge(&self, row: Row) -> Row {
        if self.holds() || matches!(row.verdict, Verdict::NotMeasured(_)) { row } else { row.void(self.to_string()) }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lost, {} doubled, {} misordered of {}", self.lost, self.doubled, self.misordered, self.acknowledged)?;
        if self.resyncs > 0 { write!(f, ", {} resyncs", self.resyncs) } else { Ok(()) }
    }
}

/// Compares what was acknowledged with what the database holds and what the desk's own door shows.
pub async fn check(desk: &Desk, browser: &Browser) -> Result<Truth> {
    let mut truth = stored(desk).await?;
    let by_conversation = acknowledged(&desk.stamps, 0);
    for (conversation, expected) in by_conversation.iter().take(READ_BACK) {
        let snapshot = browser.load(desk.conversations[*conversation as usize].handoff).await?;
        compare(&mut truth, &shown(&snapshot.messages), expected);
    }
    Ok(truth)
}

/// The rows of all transcripts in their order, and the numbers of all changes.
async fn stored(desk: &Desk) -> Result<Truth> {
    let stamps = &desk.stamps;
    let mut truth = Truth::default();
    let mut conn = desk.database().await?;
    let mut seen: HashSet<usize> = HashSet::with_capacity(stamps.len());
    let mut last: Option<(String, usize)> = None;
    {
        let mut rows = sqlx::query_as::<_, (String, String)>(
            "select c.ada_conversation_id, m.content ->> 'body'
             from messages m join conversations c using (conversation_id)
             where m.author_role = 'end_user'
             order by c.ada_conversation_id, m.sorts_at, m.ada_message_id collate \"C\", m.message_id",
        )
        .fetch(&mut conn);
        while let Some((conversation, body)) = rows.try_next().await? {
            let Some(number) = number_in(&body) else { continue };
            if !seen.insert(number) {
                truth.doubled += 1;
            }
            if last.as_ref().is_some_and(|(before, latest)| *before == conversation && *latest > number) {
                truth.misordered += 1;
            }
            last = Some((conversation, number));
        }
    }
    for number in 0..stamps.len() {
        if stamps.acknowledged(number) > 0 {
            truth.acknowledged += 1;
            truth.lost += usize::from(!seen.contains(&number));
        }
    }
    // The numbers of changes: 1, 2, 3, … up to the head, of every handoff.
    let holes: i64 = sqlx::query_scalar(
        "select count(*) from (
            select h.handoff_id from handoffs h left join changes c using (handoff_id)
            group by h.handoff_id having count(c.number) <> h.head or coalesce(max(c.number), 0) <> h.head
        ) holes",
    )
    .fetch_one(&mut conn)
    .await?;
    truth.misordered += usize::try_from(holes)?;
    Ok(truth)
}

/// What each conversation must show from a number on, in order.
pub fn acknowledged(stamps: &Stamps, from: usize) -> HashMap<u32, Vec<usize>> {
    let mut all: HashMap<u32, Vec<usize>> = HashMap::new();
    for number in from..stamps.len() {
        if stamps.acknowledged(number) > 0 {
            all.entry(stamps.conversation(number)).or_default().push(number);
        }
    }
    all
}

/// The numbers of a transcript's messages, first to last.
pub fn shown(messages: &[Message]) -> Vec<usize> {
    messages.iter().filter_map(|message| if let Content::Text { body } = &message.content { number_in(body) } else { None }).collect()
}

/// What is shown against what must be.
pub fn compare(truth: &mut Truth, shown: &[usize], expected: &[usize]) {
    let distinct: HashSet<usize> = shown.iter().copied().collect();
    truth.doubled += shown.len() - distinct.len();
    truth.lost += expected.iter().filter(|number| !distinct.contains(number)).count();
    truth.misordered += shown.windows(2).filter(|pair| pair[0] > pair[1]).count();
}

/// Whether a watcher heard everything of its conversation from a number on, without a hole among the changes.
pub fn heard(truth: &mut Truth, watcher: &Watcher, received: &[(usize, u64)], expected: &[usize]) {
    let distinct: HashSet<usize> = received.iter().map(|(number, _)| *number).collect();
    truth.lost += expected.iter().filter(|number| !distinct.contains(number)).count();
    let mut heard = watcher.heard();
    truth.misordered += std::mem::take(&mut heard.gaps);
    truth.resyncs += std::mem::take(&mut heard.resyncs);
}

/// Whether the page that a watcher stands for, built from the frames alone by the browser's own code, shows what must be shown.
pub fn page(truth: &mut Truth, watcher: &Watcher, mut open: OpenHandoff, expected: &[usize]) -> Result<()> {
    for (_, frame) in watcher.changes()? {
        if let FromServer::Change { numbered } = frame
            && open.apply(*numbered) == Applied::Gap
        {
            truth.misordered += 1;
        }
    }
    compare(truth, &shown(open.timeline.messages()), expected);
    Ok(())
}
