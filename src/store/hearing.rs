//! What webhooks have brought, and the signs that some do not come.

use std::time::Duration;

use sqlx::PgPool;
use time::OffsetDateTime;

use super::failure::Result;
use crate::model::alarm::AlarmKind;
use crate::model::ids::{AdaConversationId, AiAgentId};

/// What one server has heard of one AI agent since its last note. Times are ages, so that servers' clocks do not matter.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    pub heard: Option<Duration>,
    pub brought: Option<Duration>,
    /// Since the last right signature.
    pub refused_since: Option<Duration>,
    pub refused_last: Option<Duration>,
    pub refused: i32,
    pub other_labels: Vec<OtherLabel>,
}

/// A customer's message with another label than the desk's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLabel {
    pub label: Option<String>,
    pub conversation: AdaConversationId,
    /// When it was written, by Ada's clock.
    pub at: OffsetDateTime,
}

/// How long after its trigger a conversation's messages surely carry the label of their handoff.
const SETTLED: Duration = Duration::from_secs(10);

/// Writes down what was heard.
pub async fn note(pool: &PgPool, ai_agent: AiAgentId, notes: &Notes) -> Result<()> {
    let seconds = |age: Option<Duration>| age.map(|age| age.as_secs_f64());
    sqlx::query!(
        "insert into hearing as h (ai_agent_id, heard_at, brought_at, refused_since, refused_at, refused)
         values ($1, now() - make_interval(secs => $2), now() - make_interval(secs => $3), now() - make_interval(secs => $4),
            now() - make_interval(secs => $5), $6)
         on conflict (ai_agent_id) do update set
            heard_at = greatest(h.heard_at, excluded.heard_at),
            brought_at = greatest(h.brought_at, excluded.brought_at),
            refused_since = case when excluded.heard_at is null then coalesce(h.refused_since, excluded.refused_since) else excluded.refused_since end,
            refused_at = case when excluded.heard_at is null then coalesce(excluded.refused_at, h.refused_at) else excluded.refused_at end,
            refused = case when excluded.heard_at is null then h.refused else 0 end + excluded.refused",
        ai_agent.0,
        seconds(notes.heard),
        seconds(notes.brought),
        seconds(notes.refused_since),
        seconds(notes.refused_last),
        notes.refused
    )
    .execute(pool)
    .await?;
    for other in &notes.other_labels {
        sqlx::query!(
            "update hearing set other_label = $2, other_label_at = now()
             where ai_agent_id = $1 and exists (
                select 1 from handoffs h join conversations c using (conversation_id)
                where c.ai_agent_id = $1 and c.ada_conversation_id = $3 and h.state <> 'ended' and h.handed_off_at < $4
             )",
            ai_agent.0,
            other.label,
            other.conversation.as_str(),
            other.at - SETTLED
        )
        .execute(pool)
        .await?;
    }
    Ok(())
}

/// What is known about the webhooks of an AI agent, at one moment of the database's clock.
#[derive(Clone, Debug)]
pub struct Signs {
    pub now: OffsetDateTime,
    /// How many accepted handoffs go on.
    pub active: i64,
    pub heard_at: Option<OffsetDateTime>,
    pub brought_at: Option<OffsetDateTime>,
    pub refused_since: Option<OffsetDateTime>,
    pub refused_at: Option<OffsetDateTime>,
    pub refused: i32,
    pub other_label: Option<String>,
    pub other_label_at: Option<OffsetDateTime>,
    /// Messages of customers and our own replies that no webhook has brought in time.
    pub missing: i64,
    pub last_missing: Option<OffsetDateTime>,
    /// The alarm about webhooks that stands.
    pub standing: Option<AlarmKind>,
}

/// The signs for one AI agent. A webhook is missing after `unheard`, and is forgotten after `remembered` unless an alarm stands.
pub async fn signs(pool: &PgPool, ai_agent: AiAgentId, unheard: Duration, remembered: Duration) -> Result<Signs> {
    let row = sqlx::query!(
        r#"with standing as (
            select kind, since from alarms
            where ai_agent_id = $1 and cleared_at is null
                and kind in ('webhooks_silent', 'webhooks_incomplete', 'signature_refused', 'wrong_label')
            order by since limit 1
         ), bounds as (
            select greatest(
                    (select max(steady_since) from watch),
                    coalesce((select since from standing), now()) - make_interval(secs => $3)
                ) as from_then, now() - make_interval(secs => $2) as until_then
         ), missing as (
            select m.unheard_since as at from messages m, bounds b
            where m.ai_agent_id = $1 and m.unheard_since > b.from_then and m.unheard_since < b.until_then
            union all
            select m.first_attempt_at from messages m, bounds b
            where m.ai_agent_id = $1 and not m.echoed and m.state = 'sent' and m.sent_by is not null and m.unheard_since is null
                and m.first_attempt_at > b.from_then and m.first_attempt_at < b.until_then
         )
         select now() as "now!",
            (select count(*) from handoffs where ai_agent_id = $1 and state in ('active', 'ending')) as "active!",
            (select count(*) from missing) as "missing!", (select max(at) from missing) as last_missing,
            (select kind from standing) as "standing: AlarmKind",
            h.heard_at as "heard_at?", h.brought_at as "brought_at?", h.refused_since as "refused_since?", h.refused_at as "refused_at?",
            h.refused as "refused?", h.other_label as "other_label?", h.other_label_at as "other_label_at?"
         from (select $1::uuid as ai_agent_id) a left join hearing h using (ai_agent_id)"#,
        ai_agent.0,
        unheard.as_secs_f64(),
        remembered.as_secs_f64()
    )
    .fetch_one(pool)
    .await?;
    Ok(Signs {
        now: row.now,
        active: row.active,
        heard_at: row.heard_at,
        brought_at: row.brought_at,
        refused_since: row.refused_since,
        refused_at: row.refused_at,
        refused: row.refused.unwrap_or(0),
        other_label: row.other_label,
        other_label_at: row.other_label_at,
        missing: row.missing,
        last_missing: row.last_missing,
        standing: row.standing,
    })
}
