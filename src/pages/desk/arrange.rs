//! What stands in a transcript beside the messages, and what of it is folded away. Pure.

use std::collections::{HashMap, HashSet};

use time::{Duration, OffsetDateTime};

use crate::model::ids::MessageId;
use crate::model::message::{AuthorRole, Content, Message};
use crate::model::timeline::ada_time;

/// Above how many messages the part before the handoff is folded.
const FOLD_ABOVE: usize = 6;
/// How many of them stay in sight when it is folded: the last words before the handoff say most.
const STAY: usize = 3;
/// Within which time messages of one author stand together.
const TOGETHER: Duration = Duration::minutes(1);
/// How far Ada's clock and ours may disagree about the moment of the handoff.
const SLACK: Duration = Duration::seconds(5);

/// One line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    Message(MessageId),
    /// Here the AI agent handed off.
    HandedOff,
    /// Here the owner took it.
    Accepted,
}

/// A transcript as lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The beginning of the part before the handoff, if that is long.
    pub folded: Vec<Line>,
    pub open: Vec<Line>,
    /// The messages that stand right behind another of the same author: who spoke need not be said again.
    pub followers: HashSet<MessageId>,
}

impl Lines {
    /// All messages, in sight or not.
    pub fn messages(&self) -> HashSet<MessageId> {
        let message = |line: &Line| match line {
            Line::Message(id) => Some(*id),
            Line::HandedOff | Line::Accepted => None,
        };
        self.folded.iter().chain(&self.open).filter_map(message).collect()
    }
}

/// When a message was said, as well as it is known.
pub fn said_at(message: &Message) -> OffsetDateTime {
    ada_time(message.created_at, message.event_at).unwrap_or(message.recorded_at)
}

/// Arranges messages that are in reading order.
pub fn arrange(messages: &[Message], handed_off_at: OffsetDateTime, accepted_at: Option<OffsetDateTime>) -> Lines {
    let before = messages
        .iter()
        .rposition(|message| message.author.role == AuthorRole::AiAgent && said_at(message) <= handed_off_at + SLACK)
        .map_or(0, |last| last + 1);
    // Whatever the clocks say: what people wrote since stands behind the handoff.
    let before = messages.iter().position(|message| came_since(message, handed_off_at)).map_or(before, |first| before.min(first));
    let fold = if before > FOLD_ABOVE { before - STAY } else { 0 };
    let line = |message: &Message| Line::Message(message.id);
    let mut open: Vec<_> = messages[fold..before].iter().map(line).collect();
    if before > 0 {
        open.push(Line::HandedOff);
    }
    let mut accepted = accepted_at;
    for message in &messages[before..] {
        if accepted.is_some_and(|at| message.sent_by.is_some() || said_at(message) >= at) {
            accepted = None;
            open.push(Line::Accepted);
        }
        open.push(line(message));
    }
    if accepted.is_some() {
        open.push(Line::Accepted);
    }
    let folded: Vec<_> = messages[..fold].iter().map(line).collect();
    let followers = followers(messages, &folded, &open);
    Lines { folded, open, followers }
}

/// Which messages go on where the one above them stopped. Our own do not count: each tells where it is on its way.
fn followers(messages: &[Message], folded: &[Line], open: &[Line]) -> HashSet<MessageId> {
    let lines: HashMap<_, _> = messages.iter().map(|message| (Line::Message(message.id), message)).collect();
    let pairs = folded.windows(2).chain(open.windows(2));
    let both = pairs.filter_map(|pair| Some((*lines.get(&pair[0])?, *lines.get(&pair[1])?)));
    both.filter(|(above, below)| goes_on(above, below)).map(|(_, below)| below.id).collect()
}

fn goes_on(above: &Message, below: &Message) -> bool {
    let speaks = |message: &Message| {
        matches!(message.author.role, AuthorRole::EndUser | AuthorRole::AiAgent) && !matches!(message.content, Content::Presence { .. })
    };
    speaks(above) && speaks(below) && above.author == below.author && !below.late && (said_at(below) - said_at(above)).abs() < TOGETHER
}

/// Whether a message came from one of our own, or to us, since the handoff. By our own clock on both sides.
fn came_since(message: &Message, handed_off_at: OffsetDateTime) -> bool {
    let to_us = message.event_at.is_some() && matches!(message.author.role, AuthorRole::EndUser | AuthorRole::HumanAgent);
    message.recorded_at >= handed_off_at && (message.sent_by.is_some() || to_us)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::model::message::{Author, MessageState};
    use crate::model::stamp::Stamp;

    const HANDED_OFF: OffsetDateTime = datetime!(2026-11-20 12:00 UTC);

    fn messages(said: &[(AuthorRole, i64)]) -> Vec<Message> {
        (1_u128..)
            .zip(said)
            .map(|(id, (role, second))| Message {
                id: MessageId(uuid::Uuid::from_u128(id)),
                ada_id: None,
                author: Author { role: *role, name: None },
                content: Content::Text { body: String::new() },
                state: MessageState::Received,
                problem: None,
                created_at: Some(Stamp::exact(HANDED_OFF + Duration::seconds(*second))),
                event_at: None,
                recorded_at: HANDED_OFF,
                late: false,
                sent_by: None,
                listed_at: None,
                revision: 1,
            })
            .collect()
    }

    fn shape(lines: &[Line]) -> String {
        lines
            .iter()
            .map(|line| match line {
                Line::Message(_) => 'm',
                Line::HandedOff => 'H',
                Line::Accepted => 'A',
            })
            .collect()
    }

    #[test]
    fn marks_stand_where_things_happened() {
        use AuthorRole::{AiAgent, EndUser, HumanAgent};
        let messages = messages(&[(EndUser, -20), (AiAgent, -10), (EndUser, 10), (HumanAgent, 70), (EndUser, 80)]);
        let lines = arrange(&messages, HANDED_OFF, Some(HANDED_OFF + Duration::seconds(60)));
        assert_eq!(shape(&lines.open), "mmHmAmm");
        assert_eq!(shape(&arrange(&messages[..3], HANDED_OFF, Some(HANDED_OFF + Duration::seconds(60))).open), "mmHmA");
        assert_eq!(shape(&arrange(&messages[..3], HANDED_OFF, None).open), "mmHm");
        assert_eq!(arrange(&[], HANDED_OFF, None), Lines::default());
    }

    #[test]
    fn a_long_part_before_the_handoff_keeps_its_end_in_sight() {
        let mut said = vec![(AuthorRole::AiAgent, -10); 7];
        said.push((AuthorRole::EndUser, 5));
        let messages = messages(&said);
        let lines = arrange(&messages, HANDED_OFF, None);
        assert_eq!((shape(&lines.folded).as_str(), shape(&lines.open).as_str()), ("mmmm", "mmmHm"));
        assert_eq!(lines.messages(), messages.iter().map(|message| message.id).collect());
        assert!(arrange(&messages[1..], HANDED_OFF, None).folded.is_empty());
    }

    #[test]
    fn who_goes_on_within_a_minute_is_not_named_again() {
        use AuthorRole::{AiAgent, EndUser, HumanAgent};
        let mut messages =
            messages(&[(AiAgent, -9), (AiAgent, -8), (EndUser, 5), (EndUser, 64), (EndUser, 124), (HumanAgent, 130), (HumanAgent, 131)]);
        let followers = |messages: &[Message]| {
            let lines = arrange(messages, HANDED_OFF, None);
            messages.iter().map(|message| lines.followers.contains(&message.id)).collect::<Vec<_>>()
        };
        assert_eq!(followers(&messages), [false, true, false, true, false, false, false]);
        messages[3].late = true;
        assert_eq!(followers(&messages), [false, true, false, false, false, false, false]);
    }

    #[test]
    fn what_people_write_is_never_folded_away_however_the_clocks_differ() {
        use AuthorRole::{AiAgent, EndUser, HumanAgent};
        let mut messages =
            messages(&[(AiAgent, -9), (AiAgent, -8), (AiAgent, -7), (EndUser, -6), (HumanAgent, -5), (AiAgent, -4), (AiAgent, -3)]);
        messages[3].event_at = messages[3].created_at;
        messages[4].sent_by = Some(crate::model::ids::PersonId::new());
        let lines = arrange(&messages, HANDED_OFF, Some(HANDED_OFF));
        assert_eq!((lines.folded.len(), shape(&lines.open).as_str()), (0, "mmmHmAmmm"));
    }
}
