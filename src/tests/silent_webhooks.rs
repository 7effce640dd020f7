//! Webhooks that do not come: the desk says what was seen and which setting to look at, and reads conversations in turn meanwhile.

use std::time::Duration;

use babbage::model::alarm::{Alarm, AlarmKind};
use babbage::model::handoff::HandoffState;
use babbage::model::metadata::MetadataValue;
use babbage::readback::Pace;
use babbage::store;
use serde_json::json;
use time::OffsetDateTime;

use super::reading_back::{at_work_with, still, written_unheard};
use super::replies::sent;
use super::support::{TestDesk, event, eventually, row, texts};

const SOON: Duration = Duration::from_millis(30);
const OTHER_SECRET: &str = "whsec_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC";

async fn alarm(desk: &TestDesk, kind: AlarmKind) -> Alarm {
    eventually("the alarm", async || open(desk).await.into_iter().find(|alarm| alarm.kind == kind)).await
}

async fn no_alarm(desk: &TestDesk) {
    eventually("the alarm is over", async || open(desk).await.is_empty().then_some(())).await;
}

async fn open(desk: &TestDesk) -> Vec<Alarm> {
    store::alarms::open(&desk.pool).await.expect("the alarms")
}

#[tokio::test]
async fn an_endpoint_that_is_switched_off_raises_an_alarm_and_is_polled_around() {
    let (desk, ana, handoff) = at_work_with(Pace { unheard: SOON, ..still() }).await;
    let reply = ana.reply(handoff, "hello").await;
    let shown = sent(&ana, handoff, reply).await;
    let raised = alarm(&desk, AlarmKind::WebhooksSilent).await;
    assert!(raised.detail.contains("enabled") && !raised.detail.contains("hello"), "{}", raised.detail);
    written_unheard(&desk.ada, "m1", "my card was charged twice");
    ana.until("it is found", handoff, |loaded| texts(&loaded.messages) == ["hello", "my card was charged twice"]).await;
    let metrics = desk.http.get(desk.url("/metrics")).send().await.expect("metrics").text().await.expect("text");
    assert!(metrics.contains(r#"babbage_alarms{kind="webhooks_silent"}"#));
    // Somebody switches it on again, and Svix brings what it has.
    let echo = shown.ada_id.expect("Ada's id");
    desk.tell(&event::echo("c1", echo.as_str(), "Ana", "hello")).await;
    desk.tell(&event::message("c1", "m1", "my card was charged twice")).await;
    no_alarm(&desk).await;
    assert_eq!(texts(&ana.load(handoff).await.expect("readable").messages).len(), 2, "each once");
}

#[tokio::test]
async fn messages_that_only_a_probe_finds_raise_it_too() {
    let pace = Pace { quiet: SOON, probe: SOON, probe_longest: SOON, unheard: SOON * 5, ..still() };
    let (desk, ana, handoff) = at_work_with(pace).await;
    // By now webhooks bring what is written under the desk's label.
    desk.pass_time(handoff, Duration::from_secs(60)).await;
    written_unheard(&desk.ada, "m1", "hello?");
    ana.until("it is found", handoff, |loaded| texts(&loaded.messages) == ["hello?"]).await;
    alarm(&desk, AlarmKind::WebhooksSilent).await;
}

#[tokio::test]
async fn some_webhooks_that_do_not_come_are_another_alarm() {
    let (desk, ana, handoff) = at_work_with(Pace { unheard: SOON * 10, ..still() }).await;
    for text in ["one", "two"] {
        let reply = ana.reply(handoff, text).await;
        sent(&ana, handoff, reply).await;
    }
    desk.hand_off("c2").await;
    let mut told = 0;
    let raised = eventually("the alarm", async || {
        told += 1;
        desk.tell(&event::message("c2", &format!("m{told}"), "of another channel")).await;
        open(&desk).await.into_iter().find(|alarm| alarm.kind == AlarmKind::WebhooksIncomplete)
    })
    .await;
    assert!(raised.detail.contains("Channels"), "{}", raised.detail);
}

#[tokio::test]
async fn a_secret_that_was_changed_at_ada_is_named() {
    let (desk, ana, handoff) = at_work_with(Pace { refused: SOON, ..still() }).await;
    let body = event::message("c1", "m1", "hello").to_string();
    for id in ["msg_a", "msg_b"] {
        let headers = event::signed(&[OTHER_SECRET], id, OffsetDateTime::now_utc().unix_timestamp(), body.as_bytes());
        assert!(!desk.webhook(&headers, body.clone()).await.status().is_success());
    }
    let raised = alarm(&desk, AlarmKind::SignatureRefused).await;
    assert!(raised.detail.contains("WEBHOOK_SECRET"), "{}", raised.detail);
    written_unheard(&desk.ada, "m1", "hello");
    ana.until("it is found", handoff, |loaded| texts(&loaded.messages) == ["hello"]).await;
    desk.tell(&event::message("c1", "m1", "hello")).await;
    no_alarm(&desk).await;
}

#[tokio::test]
async fn another_label_is_named() {
    let (desk, ana, handoff) = at_work_with(still()).await;
    desk.pass_time(handoff, Duration::from_secs(60)).await;
    let mut message = event::message("c1", "m1", "hello");
    message["data"]["handoff_integration"] = json!("custom-hand-off");
    desk.ada.change("c1", |conversation| conversation.messages.push(row("m1", "end_user", "hello", OffsetDateTime::now_utc())));
    desk.tell(&message).await;
    let raised = alarm(&desk, AlarmKind::WrongLabel).await;
    assert!(raised.detail.contains("\"custom-hand-off\"") && raised.detail.contains("\"custom-handoff\""), "{}", raised.detail);
    ana.until("it is found", handoff, |loaded| texts(&loaded.messages) == ["hello"]).await;
    desk.tell(&event::message("c1", "m2", "and now?")).await;
    no_alarm(&desk).await;
}

#[tokio::test]
async fn an_end_that_no_webhook_brings_is_found_while_polling() {
    let (desk, ana, handoff) = at_work_with(Pace { unheard: SOON, ..still() }).await;
    let reply = ana.reply(handoff, "hello").await;
    sent(&ana, handoff, reply).await;
    alarm(&desk, AlarmKind::WebhooksSilent).await;
    desk.ada.change("c1", |conversation| conversation.ended = true);
    ana.until("it ended", handoff, |loaded| loaded.detail.summary.state == HandoffState::Ended).await;
}

#[tokio::test]
async fn a_key_that_ada_refuses_is_an_alarm_until_it_is_taken_again() {
    let (desk, ana, handoff) = at_work_with(still()).await;
    desk.ada.refuses("PATCH", "/c1", 401, "Invalid API key");
    ana.change_metadata(handoff, &json!({ "vip": true })).await.expect("taken");
    let raised = alarm(&desk, AlarmKind::AdaKeyRefused).await;
    assert!(raised.detail.contains("API key"), "{}", raised.detail);
    ana.change_metadata(handoff, &json!({ "vip": false })).await.expect("taken");
    no_alarm(&desk).await;
    let vip = MetadataValue::Flag(false);
    ana.until("it is kept", handoff, |loaded| loaded.detail.metadata.get("vip") == Some(&vip)).await;
}
