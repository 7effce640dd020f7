//! Customers at the sandbox: they ask for a person, write in bursts, leave and come back.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::agents::Phase;

/// How often one customer asks for a person at most.
const HANDOFFS: usize = 1;

/// The sandbox's own API.
#[derive(Clone)]
pub struct Sandbox {
    base: String,
    http: reqwest::Client,
}

impl Sandbox {
    pub fn at(address: std::net::SocketAddr) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().expect("a client");
        Self { base: format!("http://{address}/sandbox"), http }
    }

    /// Status and JSON of an answer. The sandbox itself is never away.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}/{path}", self.base)).send().await.expect("the sandbox answers");
        assert!(answer.status().is_success(), "GET {path} gave {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.http.post(format!("{}/{path}", self.base)).json(body).send().await.expect("the sandbox answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Replaces all faults.
    pub async fn faults(&self, faults: &Value) {
        let answer = self.http.put(format!("{}/faults", self.base)).json(faults).send().await.expect("the sandbox answers");
        let status = answer.status();
        assert!(status.is_success(), "the faults were refused with {status}: {}", answer.text().await.unwrap_or_default());
    }

    async fn state(&self, conversation: &str) -> String {
        let state = self.get(&format!("conversations/{conversation}")).await;
        if state["asking"] == true { "asking".to_owned() } else { state["state"].as_str().unwrap_or_default().to_owned() }
    }
}

/// One customer until the storm is over.
pub async fn play(sandbox: Sandbox, number: usize, seed: u64, arrives: Duration, mut phase: watch::Receiver<Phase>) {
    let mut random = StdRng::seed_from_u64(seed ^ (0xc057_0000 + number as u64));
    if tokio::time::timeout(arrives, phase.changed()).await.is_ok() {
        return;
    }
    let (_, made) = sandbox.post("conversations", &json!({ "name": format!("Customer {number}"), "email": "", "topic": "billing" })).await;
    let conversation = made["conversation_id"].as_str().expect("a conversation").to_owned();
    let mut asked = 0;
    let mut said = 0;
    while *phase.borrow() == Phase::Storm {
        match sandbox.state(&conversation).await.as_str() {
            "active_ai" if asked < HANDOFFS => {
                asked += 1;
                let text = format!("a person, please (customer {number}, {asked})");
                let (_, answer) = sandbox.post(&format!("conversations/{conversation}/ask-person"), &json!({ "text": text })).await;
                // Nobody could be reached: that was no handoff.
                asked -= usize::from(answer["state"] != "handoff");
            }
            "handoff" => match random.random_range(0..100) {
                0..2 => drop(sandbox.post(&format!("conversations/{conversation}/end-handoff"), &json!({})).await),
                2..3 => drop(sandbox.post(&format!("conversations/{conversation}/close"), &json!({})).await),
                // Several within one second: only their order tells them apart.
                odds => {
                    for _ in 0..if odds < 25 { 3 } else { 1 } {
                        said += 1;
                        say(&sandbox, &conversation, &format!("customer {number} says {said}")).await;
                    }
                }
            },
            "ended" => return,
            _ => {}
        }
        let pause = Duration::from_millis(random.random_range(300..2_500));
        let _ = tokio::time::timeout(pause, phase.changed()).await;
    }
}

/// The customer writes; a conversation that has ended meanwhile refuses that.
pub async fn say(sandbox: &Sandbox, conversation: &str, text: &str) {
    sandbox.post(&format!("conversations/{conversation}/say"), &json!({ "text": text })).await;
}
