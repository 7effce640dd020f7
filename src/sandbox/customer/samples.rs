//! Sample customers, so that a new chat has somebody to be.

use axum::Json;
use serde_json::{Map, Value, json};

/// Somebody to be.
pub struct Sample {
    pub name: &'static str,
    pub email: &'static str,
    pub language: &'static str,
    pub topic: &'static str,
    plan: &'static str,
    order_number: &'static str,
}

const SAMPLES: [Sample; 10] = [
    sample("Jane Okafor", "jane.okafor@example.com", "en", "billing", "Gold", "LO-48213"),
    sample("Camille Laurent", "camille.laurent@example.com", "fr", "delivery", "Standard", "LO-48220"),
    sample("Jonas Weber", "jonas.weber@example.com", "de", "return", "Standard", "LO-47991"),
    sample("Mei Tanaka", "mei.tanaka@example.com", "en", "password", "Gold", "LO-48107"),
    sample("Lucía Romero", "lucia.romero@example.com", "es", "delivery", "Standard", "LO-48177"),
    sample("Omar Haddad", "omar.haddad@example.com", "en", "", "Trade", "LO-46650"),
    sample("Ingrid Solberg", "ingrid.solberg@example.com", "en", "return", "Gold", "LO-48002"),
    sample("Tom Fairweather", "tom.fairweather@example.com", "en-GB", "billing", "Standard", "LO-48264"),
    sample("Priya Raman", "priya.raman@example.com", "en", "delivery", "Trade", "LO-47555"),
    sample("Sam Whitlock", "sam.whitlock@example.com", "en-CA", "opening_hours", "Standard", "LO-48290"),
];

const fn sample(
    name: &'static str,
    email: &'static str,
    language: &'static str,
    topic: &'static str,
    plan: &'static str,
    order_number: &'static str,
) -> Sample {
    Sample { name, email, language, topic, plan, order_number }
}

impl Sample {
    /// What the shop knows about them.
    pub fn metadata(&self) -> Map<String, Value> {
        let known = json!({ "plan": self.plan, "order_number": self.order_number });
        known.as_object().cloned().unwrap_or_default()
    }
}

/// The sample for the conversation with this number; they take turns.
pub fn pick(number: usize) -> &'static Sample {
    const ALL: &[Sample] = &SAMPLES;
    &ALL[number % ALL.len()]
}

/// `GET samples`.
pub async fn list_samples() -> Json<Value> {
    let samples: Vec<Value> = SAMPLES
        .iter()
        .map(|sample| {
            json!({
                "name": sample.name,
                "email": sample.email,
                "language": sample.language,
                "topic": sample.topic,
                "metadata": sample.metadata(),
            })
        })
        .collect();
    Json(json!({ "samples": samples }))
}
