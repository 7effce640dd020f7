//! Ada: can it be reached, do the clocks agree, does it take the key?

use reqwest::header::DATE;
use time::OffsetDateTime;

use super::{Outcome, Report, clock, web};
use crate::ada::{AdaError, Client, Tenant};
use crate::server::config::{AiAgentConfig, Config};

pub async fn check(config: &Config, http: &reqwest::Client, report: &mut Report) {
    let Some(agent) = &config.ai_agent else {
        report.add("Ada", Outcome::skipped("ADA_BASE_URL is not set; AI agents from the settings page are not looked at here"));
        return;
    };
    let (reached, clocks) = reach(agent, http).await;
    report.add("Ada", reached);
    report.add("clock and Ada", clocks);
    report.add("Ada's key", key(agent).await);
}

/// Asks without the key: any answer tells that Ada is there and what time it has.
async fn reach(agent: &AiAgentConfig, http: &reqwest::Client) -> (Outcome, Outcome) {
    let host = agent.base_url.host_str().unwrap_or_default();
    let before = OffsetDateTime::now_utc();
    match http.get(agent.base_url.clone()).send().await {
        Ok(answer) => {
            let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
            let clocks = clock::header("Ada", date, before, OffsetDateTime::now_utc());
            (Outcome::ok(format!("{host} answers")), clocks)
        }
        Err(error) => {
            let remedy = "check ADA_BASE_URL, this machine's DNS, and whether its firewall lets https out";
            let unreached = Outcome::fail(format!("{host} cannot be reached from this machine: {}", web::reason(&error)), remedy);
            (unreached, Outcome::skipped("Ada cannot be reached"))
        }
    }
}

async fn key(agent: &AiAgentConfig) -> Outcome {
    let Some(api_key) = &agent.api_key else {
        return Outcome::fail(
            "ADA_API_KEY is not set: no transcript can be read and no reply sent",
            "make a key in Ada's dashboard (Platform, APIs) and set ADA_API_KEY",
        );
    };
    let client = match Client::new(Tenant { base_url: agent.base_url.clone(), api_key: api_key.clone() }) {
        Ok(client) => client,
        Err(error) => {
            return Outcome::fail(error.to_string(), "set ADA_BASE_URL and ADA_API_KEY right");
        }
    };
    match client.check_key().await {
        Ok(()) => Outcome::ok("Ada takes it"),
        Err(error @ AdaError::FixKey { .. }) => Outcome::fail(
            format!("Ada does not take it: {}", error.words()),
            "copy the key from Ada's dashboard again; it must belong to the tenant of ADA_BASE_URL",
        ),
        Err(error @ (AdaError::Retry { .. } | AdaError::WaitFor { .. })) => {
            Outcome::warn(format!("could not be checked just now: {}", error.words()), "run this again in a minute")
        }
        Err(error) => Outcome::fail(format!("could not be checked: {}", error.words()), "check the path of ADA_BASE_URL; it ends in /api"),
    }
}
