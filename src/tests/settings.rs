//! What administrators see and do, and that nobody else does.

use babbage::model::alarm::{Alarm, AlarmKind};
use babbage::model::health::Health;
use babbage::model::kept_event::{KeptEvents, Payload, Replayed, Swept};
use babbage::model::pace::Class;
use babbage::model::person::Role;
use babbage::model::problem::Problem;
use babbage::store;
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::support::{Browser, TestDesk, event, eventually};

async fn signed_in(desk: &TestDesk, name: &str, role: Role) -> Browser {
    desk.browser_of(desk.person(name, role).await).await
}

/// Something that no version can read.
fn unreadable() -> Value {
    json!({ "type": "v1.conversation.message", "data": { "content": { "type": "text", "body": "a secret of Jane's" } } })
}

/// Who did what with events.
async fn audited(desk: &TestDesk) -> Vec<String> {
    sqlx::query_scalar(
        "select p.name || ': ' || a.action from audit a join people p using (person_id) where a.object_kind = 'event' order by a.at",
    )
    .fetch_all(&desk.pool)
    .await
    .expect("the audit")
}

#[tokio::test]
async fn only_administrators_look_after_the_desk() {
    let desk = TestDesk::start().await;
    desk.tell(&unreadable()).await;
    let ida = signed_in(&desk, "Ida", Role::Administrator).await;
    let (sam, ana) = (signed_in(&desk, "Sam", Role::Supervisor).await, signed_in(&desk, "Ana", Role::Agent).await);
    let stranger = Browser::new(&desk, ana.me.clone());
    let kept: KeptEvents = ida.call("load_events", &json!({})).await.expect("an administrator may");
    let event = kept.events[0].id;
    let verbs = [
        ("load_health", json!({})),
        ("load_events", json!({})),
        ("open_event", json!({ "event": event })),
        ("replay_event", json!({ "event": event })),
        ("replay_events", json!({ "after": null })),
        ("set_event_aside", json!({ "event": event })),
    ];
    for (verb, arguments) in &verbs {
        for (browser, problem) in [(&ana, Problem::Forbidden), (&sam, Problem::Forbidden), (&stranger, Problem::SignedOut)] {
            assert_eq!(browser.call::<Value>(verb, arguments).await, Err(problem), "{verb}");
        }
    }
    assert_eq!(audited(&desk).await, Vec::<String>::new(), "nobody has seen or done anything");
    // Who helps others knows that something is wrong.
    assert_eq!(sam.call::<Vec<Alarm>>("load_alarms", &json!({})).await, Ok(Vec::new()));
    assert_eq!(ana.call::<Value>("load_alarms", &json!({})).await, Err(Problem::Forbidden));
    // The pages themselves: an administrator's has the event, others' do not.
    let page = async |browser: &Browser| {
        let cookie = browser.cookie().unwrap_or_default();
        let answer = desk.http.get(desk.url("/settings/events")).header("accept", "text/html").header("cookie", cookie).send().await;
        answer.expect("an answer").text().await.expect("a page")
    };
    assert!(page(&ida).await.contains("could not be read"));
    for browser in [&ana, &sam] {
        let shown = page(browser).await;
        assert!(shown.contains("for administrators") && !shown.contains("could not be read"));
    }
}

#[tokio::test]
async fn a_kept_event_is_listed_opened_and_set_aside_and_each_is_noted() {
    let desk = TestDesk::start().await;
    let ida = signed_in(&desk, "Ida", Role::Administrator).await;
    let none: KeptEvents = ida.call("load_events", &json!({})).await.expect("may");
    assert_eq!((none.unreadable, none.failed, none.events.len()), (0, 0, 0));
    desk.tell(&unreadable()).await;
    let kept: KeptEvents = ida.call("load_events", &json!({})).await.expect("may");
    assert_eq!((kept.unreadable, kept.failed, kept.events.len()), (1, 0, 1));
    let listed = &kept.events[0];
    assert_eq!(listed.tried_at, None);
    assert!(listed.reason.as_deref().is_some_and(|reason| !reason.is_empty() && !reason.contains("secret")));
    let opened: Payload = ida.call("open_event", &json!({ "event": listed.id })).await.expect("may");
    assert!(opened.text.contains("a secret of Jane's") && !opened.cut);
    let replayed: Replayed = ida.call("replay_event", &json!({ "event": listed.id })).await.expect("may");
    assert!(matches!(replayed, Replayed::Kept { reason } if !reason.is_empty()));
    let again: KeptEvents = ida.call("load_events", &json!({})).await.expect("may");
    assert!(again.events[0].tried_at.is_some());
    ida.call::<()>("set_event_aside", &json!({ "event": listed.id })).await.expect("set aside");
    let none: KeptEvents = ida.call("load_events", &json!({})).await.expect("may");
    assert_eq!((none.unreadable, none.events.len()), (0, 0));
    for verb in ["open_event", "set_event_aside"] {
        assert_eq!(ida.call::<Value>(verb, &json!({ "event": listed.id })).await, Err(Problem::NotFound));
    }
    assert_eq!(ida.call::<Replayed>("replay_event", &json!({ "event": listed.id })).await, Ok(Replayed::Gone));
    assert_eq!(audited(&desk).await, ["Ida: event.read", "Ida: event.replay", "Ida: event.set_aside"]);
}

#[tokio::test]
async fn all_are_replayed_once_the_reason_is_gone() {
    let desk = TestDesk::start().await;
    let (ida, ana) = (signed_in(&desk, "Ida", Role::Administrator).await, desk.agent("Ana").await);
    let handoff = desk.hand_off("c1").await;
    desk.pool.execute("alter table messages add constraint test_poison check (ada_message_id not like 'm%')").await.expect("a rule");
    for number in 0..5 {
        desk.tell(&event::message("c1", &format!("m{number}"), &format!("text {number}"))).await;
    }
    desk.tell(&unreadable()).await;
    let kept: KeptEvents = ida.call("load_events", &json!({})).await.expect("may");
    assert_eq!((kept.unreadable, kept.failed), (1, 5));
    let swept: Swept = ida.call("replay_events", &json!({ "after": null })).await.expect("may");
    assert_eq!((swept.applied, swept.kept, swept.more), (0, 6, false));
    desk.pool.execute("alter table messages drop constraint test_poison").await.expect("no rule");
    let swept: Swept = ida.call("replay_events", &json!({ "after": null })).await.expect("may");
    assert_eq!((swept.applied, swept.kept, swept.more), (5, 1, false));
    let beyond: Swept = ida.call("replay_events", &json!({ "after": swept.last })).await.expect("may");
    assert_eq!((beyond.applied, beyond.kept), (0, 0));
    assert_eq!(ana.load(handoff).await.expect("readable").messages.len(), 5);
}

#[tokio::test]
async fn health_says_what_is_wrong_what_is_used_and_what_waits() {
    let desk = TestDesk::start().await;
    let (ida, ana) = (signed_in(&desk, "Ida", Role::Administrator).await, desk.agent("Ana").await);
    let health = async || ida.call::<Health>("load_health", &json!({})).await.expect("may");
    let quiet = health().await;
    assert_eq!((quiet.ai_agents.len(), quiet.kept_events), (1, 0));
    assert_eq!((quiet.ai_agents[0].alarms.len(), quiet.ai_agents[0].owed.len(), quiet.ai_agents[0].oldest_unsent), (0, 0, None));
    let limits: Vec<_> = quiet.ai_agents[0].budget.windows.iter().map(|window| window.limit).collect();
    assert_eq!(limits, [10, 100, 10_000]);

    desk.tell(&unreadable()).await;
    let id = quiet.ai_agents[0].id;
    let handoff = desk.hand_off("c1").await;
    ana.accept(handoff).await.expect("accepted");
    ana.until_read(handoff).await;
    desk.ada.refuses("POST", "/messages", 500, "Internal error");
    ana.reply(handoff, "hello").await;
    let busy = eventually("the reply waits and the alarm stands", async || {
        store::alarms::raise(&desk.pool, id, AlarmKind::BudgetExhausted, "used up since noon").await.expect("raised");
        let now = health().await;
        (now.ai_agents[0].oldest_unsent.is_some() && !now.ai_agents[0].alarms.is_empty()).then_some(now)
    })
    .await;
    let agent = &busy.ai_agents[0];
    assert_eq!(busy.kept_events, 1);
    assert!(agent.alarms.iter().any(|alarm| alarm.kind == AlarmKind::BudgetExhausted && alarm.detail == "used up since noon"));
    assert!(agent.owed.iter().any(|owed| owed.class == Class::Talk && owed.count == 1));
    assert!(agent.budget.windows[2].used > 0 && agent.budget.windows[2].left() < 10_000);
    store::alarms::clear(&desk.pool, id, AlarmKind::BudgetExhausted).await.expect("cleared");
    assert!(health().await.ai_agents[0].alarms.iter().all(|alarm| alarm.kind != AlarmKind::BudgetExhausted));
}
