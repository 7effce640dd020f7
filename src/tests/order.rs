//! One order everywhere: the same facts in any order of arrival give the same transcript.

use babbage::model::change::OpenHandoff;

use serde_json::json;

use super::support::{TestDesk, event, row, texts};

/// Each with its text, `created_at` and the webhook's own time, in the order in which they were written.
const WRITTEN: [(&str, &str, &str); 7] = [
    ("one", "2026-10-20T09:00:01+00:00", "2026-10-20T09:00:01.050+00:00"),
    // The same second: the webhook's milliseconds decide, in three forms.
    ("two", "2026-10-20T09:00:02+00:00", "2026-10-20T09:00:02.100"),
    ("three", "2026-10-20T09:00:02+00:00", "2026-10-20T09:00:02.200+00:00"),
    ("four", "2026-10-20T09:00:02.300", "2026-10-20T09:00:02.950+00:00"),
    ("five", "2026-10-20T11:00:02.400+02:00", "2026-10-20T09:00:02.401Z"),
    // Told hours later: the time of telling says nothing.
    ("six", "2026-10-20T09:00:03+00:00", "2026-10-20T14:00:00.000+00:00"),
    ("seven", "2026-10-20T09:00:04.000Z", "2026-10-20T09:00:04+00:00"),
];

#[tokio::test]
async fn any_order_of_arrival_gives_one_transcript() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let socket = ana.open_socket().await;
    let expected: Vec<_> = WRITTEN.iter().map(|(text, ..)| *text).collect();
    for (number, order) in
        [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 0, 6, 2, 5, 1, 4], [4, 2, 0, 1, 3, 6, 5]].into_iter().enumerate()
    {
        let conversation = format!("c{number}");
        let handoff = desk.hand_off(&conversation).await;
        socket.watch(&ana, handoff).await;
        for at in order {
            let (text, created_at, timestamp) = WRITTEN[at];
            desk.tell(&event::message_at(&conversation, &format!("m{at}"), text, created_at, timestamp)).await;
        }
        assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages), expected, "{order:?}: as the store gives it");
        socket.until("all messages", |page| page.texts().len() == expected.len()).await;
        assert_eq!(
            socket.look(|page| page.texts().iter().map(ToString::to_string).collect::<Vec<_>>()),
            expected,
            "{order:?}: as a page shows it"
        );
    }
}

#[tokio::test]
async fn what_is_left_equal_is_the_same_everywhere() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let at = "2026-10-20T09:00:01+00:00";
    for (conversation, ids) in [("c1", ["b", "a", "C", "ä"]), ("c2", ["ä", "C", "a", "b"])] {
        let handoff = desk.hand_off(conversation).await;
        for id in ids {
            desk.tell(&event::message_at(conversation, id, id, at, at)).await;
        }
        let loaded = ana.load(handoff).await.expect("readable");
        let as_stored: Vec<String> = texts(&loaded.messages).iter().map(ToString::to_string).collect();
        let open = OpenHandoff::from(loaded);
        assert_eq!(as_stored, ["C", "a", "b", "ä"], "{conversation}");
        assert_eq!(texts(open.timeline.messages()), as_stored, "{conversation}");
    }
}

#[tokio::test]
async fn a_message_that_lands_above_what_was_seen_is_marked_as_late() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    // While nobody looks, nothing is late.
    desk.tell(&event::message_at("c1", "m4", "four", "2026-10-20T09:00:04Z", "2026-10-20T09:00:04.1Z")).await;
    desk.tell(&event::message_at("c1", "m2", "two", "2026-10-20T09:00:02Z", "2026-10-20T09:00:02.1Z")).await;
    ana.accept(handoff).await.expect("accepted");
    desk.tell(&event::message_at("c1", "m3", "three", "2026-10-20T09:00:03Z", "2026-10-20T09:00:03.1Z")).await;
    desk.tell(&event::message_at("c1", "m5", "five", "2026-10-20T09:00:05Z", "2026-10-20T09:00:05.1Z")).await;
    let messages = ana.load(handoff).await.expect("readable").messages;
    let late: Vec<_> = texts(&messages).into_iter().zip(messages.iter().map(|message| message.late)).collect();
    assert_eq!(late, [("two", false), ("three", true), ("four", false), ("five", false)]);
}

#[tokio::test]
async fn a_transcript_read_completes_what_a_webhook_told_before() {
    let desk = TestDesk::start().await;
    let ana = desk.agent("Ana").await;
    let handoff = desk.hand_off("c1").await;
    desk.tell(&event::message_at("c1", "m2", "two", "2026-10-20T09:00:02+00:00", "2026-10-20T09:00:02.500+00:00")).await;
    desk.ada.change("c1", |conversation| {
        for (id, role, text, created_at) in [
            ("m1", "ai_agent", "one", "2026-10-20T09:00:02.100+00:00"),
            // Cut to the second: what the webhook told is finer.
            ("m2", "end_user", "two", "2026-10-20T09:00:02+00:00"),
            ("m3", "end_user", "three", "2026-10-20T09:00:02.900"),
        ] {
            let mut row = row(id, role, text, time::OffsetDateTime::now_utc());
            row["created_at"] = json!(created_at);
            conversation.messages.push(row);
        }
    });
    ana.accept(handoff).await.expect("accepted");
    let loaded = ana.until("the transcript", handoff, |handoff| handoff.messages.len() == 3).await;
    assert_eq!(texts(&loaded.messages), ["one", "two", "three"]);
    assert!(loaded.messages.iter().all(|message| !message.late), "history that is read at the start is not late");
}
