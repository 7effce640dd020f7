//! An event as the text that is signed and sent, in the forms that Ada's documents and samples show.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::sandbox::clock;
use crate::sandbox::events::{Event, MESSAGE, When};
use crate::sandbox::faults::{Dice, Timestamps, Webhooks};

/// Fields of a message event that a sparse one goes without. The label and the time stay: without them nobody could
/// say whose the message is and where it belongs.
const OPTIONAL: [&str; 4] = ["end_user_id", "channel", "created_at", "ai_agent_domain"];

/// The exact text of an event.
pub fn body(event: &Event, faults: &Webhooks, dice: &Dice) -> String {
    let mut data = event.data.clone();
    let timestamp = match &event.at {
        When::Text(text) => text.clone(),
        When::Clock(at) => {
            change(&mut data, &event.kind, faults, dice);
            timestamp(*at, form(faults.timestamps, dice), &mut data)
        }
    };
    let mut whole = json!({ "type": event.kind, "timestamp": timestamp, "data": data });
    if faults.extra_keys {
        add_keys(&mut whole);
    }
    whole.to_string()
}

fn change(data: &mut Value, kind: &str, faults: &Webhooks, dice: &Dice) {
    let Some(data) = data.as_object_mut() else { return };
    if let Some(label) = &faults.wrong_label
        && let Some(place) = data.get_mut("handoff_integration").filter(|place| place.is_string())
    {
        *place = json!(label);
    }
    if kind == MESSAGE && dice.hits(faults.sparse, "sparse") {
        make_sparse(data);
    }
}

fn make_sparse(data: &mut Map<String, Value>) {
    data.retain(|key, _| !OPTIONAL.contains(&key.as_str()));
    if let Some(author) = data.get_mut("author").and_then(Value::as_object_mut) {
        author.retain(|key, _| key == "role");
    }
    if let Some(content) = data.get_mut("content").and_then(Value::as_object_mut) {
        content.remove("link_text");
    }
}

fn form(timestamps: Timestamps, dice: &Dice) -> Timestamps {
    const FORMS: [Timestamps; 3] = [Timestamps::Millis, Timestamps::Seconds, Timestamps::Naive];
    if timestamps != Timestamps::Mixed {
        return timestamps;
    }
    let drawn = usize::try_from(dice.below(3, "timestamps")).unwrap_or_default();
    FORMS.get(drawn).copied().unwrap_or(Timestamps::Millis)
}

/// The event's time; the naive form loses its offset in `created_at`, too.
fn timestamp(at: OffsetDateTime, form: Timestamps, data: &mut Value) -> String {
    const OFFSET: &str = "+00:00";
    match form {
        Timestamps::Millis | Timestamps::Mixed => clock::milliseconds(at),
        Timestamps::Seconds => clock::seconds(at),
        Timestamps::Naive => {
            if let Some(Value::String(created)) = data.get_mut("created_at")
                && let Some(bare) = created.strip_suffix(OFFSET)
            {
                *created = bare.to_owned();
            }
            clock::milliseconds(at).trim_end_matches(OFFSET).to_owned()
        }
    }
}

/// Keys that nobody has heard of, wherever there is an object.
fn add_keys(value: &mut Value) {
    if let Value::Object(object) = value {
        object.values_mut().for_each(add_keys);
        object.insert("x_new_field".to_owned(), json!({ "since": "next year", "values": [1, null, "two"] }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::faults::settings::Share;
    use time::macros::datetime;

    fn rendered(faults: &Webhooks) -> Value {
        let data = json!({ "message_id": "m", "conversation_id": "c", "end_user_id": "e", "handoff_integration": "ours",
            "channel": {}, "created_at": "2026-10-20T09:07:02+00:00", "author": { "id": "e", "role": "end_user", "avatar": null },
            "content": { "type": "text", "body": "hello" }, "ai_agent_domain": "acme" });
        let event = Event::new(MESSAGE, data, When::Clock(datetime!(2026-10-20 09:07:02.417 UTC)));
        serde_json::from_str(&body(&event, faults, &Dice::new(1, "event/1/1".to_owned()))).expect("JSON")
    }

    #[test]
    fn the_three_forms_of_time() {
        let with = |timestamps| rendered(&Webhooks { timestamps, ..Webhooks::default() });
        assert_eq!(with(Timestamps::Millis)["timestamp"], "2026-10-20T09:07:02.417+00:00");
        assert_eq!(with(Timestamps::Seconds)["timestamp"], "2026-10-20T09:07:02+00:00");
        assert_eq!(with(Timestamps::Naive)["timestamp"], "2026-10-20T09:07:02.417");
        assert_eq!(with(Timestamps::Naive)["data"]["created_at"], "2026-10-20T09:07:02");
    }

    #[test]
    fn a_sparse_message_keeps_what_makes_it_one() {
        let shown = rendered(&Webhooks { sparse: Share(1.0), wrong_label: Some("theirs".to_owned()), ..Webhooks::default() });
        let expected = json!({ "message_id": "m", "conversation_id": "c", "handoff_integration": "theirs",
            "author": { "role": "end_user" }, "content": { "type": "text", "body": "hello" } });
        assert_eq!(shown["data"], expected);
    }

    #[test]
    fn unknown_keys_stand_everywhere() {
        let shown = rendered(&Webhooks { extra_keys: true, ..Webhooks::default() });
        for place in [&shown, &shown["data"], &shown["data"]["author"], &shown["data"]["content"]] {
            assert!(place["x_new_field"].is_object());
        }
    }
}
