//! What can be switched on. The names here are the names of `/sandbox/faults`; everything is off by default.

use serde::{Deserialize, Serialize};

/// A part of all, from 0.0 (never) to 1.0 (always).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(pub f64);

impl TryFrom<f64> for Share {
    type Error = &'static str;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err("must be between 0 and 1") }
    }
}

/// All faults of one sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// All chances are drawn from it.
    pub seed: u64,
    pub webhooks: Webhooks,
    pub trigger: Trigger,
    /// The first rule that fits and is drawn decides.
    pub api: Vec<Rule>,
    pub limits: Limits,
    /// Ada's clock against ours, in milliseconds.
    pub clock_offset_ms: i64,
    /// Messages per page at most, whatever the caller asks for.
    pub page_size: Option<u8>,
    /// Links of files have all run out.
    pub files_expire: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            webhooks: Webhooks::default(),
            trigger: Trigger::default(),
            api: Vec::new(),
            limits: Limits::default(),
            clock_offset_ms: 0,
            page_size: None,
            files_expire: false,
        }
    }
}

/// Faults of webhooks: how they travel, how they are signed, what they say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Webhooks {
    pub stop: bool,
    pub lose: Share,
    pub fail_first: Share,
    pub duplicate: Share,
    pub resend: Share,
    pub shuffle_ms: u64,
    pub late: Share,
    pub late_ms: u64,
    pub bad_signature: Share,
    pub stale: Share,
    pub two_signatures: bool,
    pub headers: Headers,
    pub other_label: Share,
    pub null_label: Share,
    pub unknown_type: Share,
    pub unknown_content: Share,
    pub presence: Share,
    pub same_instant: Share,
    pub sparse: Share,
    pub extra_keys: bool,
    pub timestamps: Timestamps,
    pub wrong_label: Option<String>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            stop: false,
            lose: Share(0.0),
            fail_first: Share(0.0),
            duplicate: Share(0.0),
            resend: Share(0.0),
            shuffle_ms: 0,
            late: Share(0.0),
            late_ms: 20_000,
            bad_signature: Share(0.0),
            stale: Share(0.0),
            two_signatures: false,
            headers: Headers::Svix,
            other_label: Share(0.0),
            null_label: Share(0.0),
            unknown_type: Share(0.0),
            unknown_content: Share(0.0),
            presence: Share(0.0),
            same_instant: Share(0.0),
            sparse: Share(0.0),
            extra_keys: false,
            timestamps: Timestamps::Millis,
            wrong_label: None,
        }
    }
}

/// Under which names a signature travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Headers {
    /// `svix-id` and its like.
    Svix,
    /// `webhook-id` and its like.
    Webhook,
    /// Now these, now those.
    Mixed,
}

/// How times are written in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timestamps {
    /// `2026-10-20T09:07:02.417+00:00`
    Millis,
    /// `2026-10-20T09:07:02+00:00`
    Seconds,
    /// `2026-10-20T09:07:02.417`
    Naive,
    /// Now this, now that.
    Mixed,
}

/// Faults of the handoff trigger.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Trigger {
    pub twice: Share,
    pub late_ms: u64,
    pub message_first: bool,
    pub wrong_key: bool,
    pub extra_fields: bool,
    pub missing_fields: bool,
    pub lose_answer: Share,
}

/// What happens to a share of the calls of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub endpoint: Endpoint,
    #[serde(default = "always")]
    pub share: Share,
    pub fault: ApiFault,
    /// For `429`.
    #[serde(default)]
    pub retry_after: Option<RetryAfter>,
    /// For `slow`.
    #[serde(default = "slow")]
    pub slow_ms: u64,
}

const fn always() -> Share {
    Share(1.0)
}

const fn slow() -> u64 {
    3_000
}

/// The endpoints by their names in rules and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    #[serde(rename = "*")]
    Any,
    GetConversation,
    ListMessages,
    CreateMessage,
    UploadAttachment,
    EndHandoff,
    EndConversation,
    UpdateMetadata,
    HandoffQueue,
    GetEndUser,
    CreateConversation,
    UpdateEndUser,
    ListChannels,
    /// No path of Ada's.
    Unknown,
}

/// What can happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiFault {
    #[serde(rename = "401")]
    Unauthorized,
    #[serde(rename = "404")]
    NotFound,
    #[serde(rename = "413")]
    TooLarge,
    #[serde(rename = "422")]
    NotInHandoff,
    #[serde(rename = "429")]
    TooMany,
    #[serde(rename = "500")]
    Internal,
    #[serde(rename = "502")]
    BadGateway,
    #[serde(rename = "503")]
    Unavailable,
    /// 400: the conversation is expired.
    Expired,
    /// 400: the type of file is refused.
    BadType,
    Hang,
    Slow,
    ResetBefore,
    ResetAfter,
    HangAfter,
    #[serde(rename = "500_after")]
    InternalAfter,
    Garbage,
    NoId,
    Redirect,
    ForeignPage,
}

/// The header of a 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryAfter {
    Seconds(u32),
    Word(Word),
}

/// A point in time instead of a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    Date,
}

/// Ada's rate limits over all endpoints. Calls beyond them are counted in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Answer 429.
    pub enforce: bool,
    pub per_second: usize,
    pub per_minute: usize,
    pub per_day: usize,
    /// Whether a 429 says when to come again.
    pub retry_after: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { enforce: false, per_second: 10, per_minute: 100, per_day: 10_000, retry_after: true }
    }
}

/// The word that stands for it in JSON.
pub fn word(of: impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}
