//! From rows of the view `handoff_rows` to what lists and panes show.

use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::conversations::Profile;
use super::failure::{Result, StoreError};
use crate::model::context;
use crate::model::handoff::{EndCause, Ended, HandoffDetail, HandoffState, HandoffSummary, Preview, ReadState};
use crate::model::ids::{AdaConversationId, AiAgentId, EndUserId, HandoffId, PersonId};
use crate::model::message::{AuthorRole, Content};
use crate::model::metadata::{Metadata, MetadataValue};
use crate::model::person::PersonRef;

/// One row of `handoff_rows`.
pub(super) struct Row {
    pub handoff_id: Uuid,
    pub ai_agent_id: Uuid,
    pub state: HandoffState,
    pub head: i64,
    pub context: serde_json::Value,
    pub handed_off_at: OffsetDateTime,
    pub accepted_at: Option<OffsetDateTime>,
    pub owner_id: Option<Uuid>,
    pub owner_name: Option<String>,
    pub transcript_read: String,
    pub transcript_problem: Option<String>,
    pub metadata_problem: Option<String>,
    pub metadata_saving: bool,
    pub outcome: Option<String>,
    pub note: Option<String>,
    pub end_problem: Option<String>,
    pub ended_at: Option<OffsetDateTime>,
    pub end_cause: Option<EndCause>,
    pub ended_by: Option<Uuid>,
    pub ended_by_name: Option<String>,
    pub end_detail: Option<String>,
    pub put_away_at: Option<OffsetDateTime>,
    pub ada_conversation_id: String,
    pub end_user_id: Option<String>,
    pub channel: Option<String>,
    pub profile: Json<Profile>,
    pub profile_read: String,
    pub profile_problem: Option<String>,
    pub metadata: serde_json::Value,
    pub metadata_read: String,
    pub metadata_read_problem: Option<String>,
    pub ai_agent_name: String,
    pub ai_agent_domain: String,
    pub last_role: Option<AuthorRole>,
    pub last_content: Option<Json<Content>>,
    pub last_at: Option<OffsetDateTime>,
    pub customer_waits_since: Option<OffsetDateTime>,
    pub unsent: i32,
    pub earlier_handoffs: i32,
}

/// Selects [`Row`]s of the view. Its columns are nullable as far as the database knows: the `!` say which never are.
macro_rules! select_rows {
    ($where:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            $crate::store::rows::Row,
            r#"select handoff_id as "handoff_id!", ai_agent_id as "ai_agent_id!", state as "state!: _", head as "head!", context as "context!",
                handed_off_at as "handed_off_at!", accepted_at, owner_id, owner_name, transcript_read as "transcript_read!", transcript_problem,
                metadata_problem, metadata_saving as "metadata_saving!", outcome, note, end_problem, ended_at, end_cause as "end_cause: _",
                ended_by, ended_by_name, end_detail, put_away_at, ada_conversation_id as "ada_conversation_id!", end_user_id, channel,
                profile as "profile!: _", profile_read as "profile_read!", profile_problem, metadata as "metadata!",
                metadata_read as "metadata_read!", metadata_read_problem, ai_agent_name as "ai_agent_name!",
                ai_agent_domain as "ai_agent_domain!", last_role as "last_role: _", last_content as "last_content: _", last_at,
                customer_waits_since, unsent as "unsent!", earlier_handoffs as "earlier_handoffs!"
            from handoff_rows "# + $where
            $(, $argument)*
        )
    };
}
pub(super) use select_rows;

/// Everything about a handoff but its messages.
pub async fn detail(conn: &mut PgConnection, handoff: HandoffId) -> Result<HandoffDetail> {
    let row = select_rows!("where handoff_id = $1", handoff.0).fetch_optional(conn).await?;
    Ok(row.ok_or(StoreError::NotFound)?.into_detail())
}

impl Row {
    /// The entry of a list.
    pub fn into_summary(self) -> HandoffSummary {
        self.into_detail().summary
    }

    fn into_detail(self) -> HandoffDetail {
        let context = context::entries(&self.context);
        let end_user = self.profile.0.with_context(self.end_user_id.map(EndUserId), &context);
        let summary = HandoffSummary {
            id: HandoffId(self.handoff_id),
            number: self.head,
            state: self.state,
            customer: end_user.name.clone(),
            topic: context::first_of(&context, context::TOPIC),
            language: end_user.language.clone(),
            ai_agent: self.ai_agent_name,
            handed_off_at: self.handed_off_at,
            accepted_at: self.accepted_at,
            owner: person(self.owner_id, self.owner_name),
            last: preview(self.last_role, self.last_content, self.last_at),
            customer_waits_since: self.customer_waits_since,
            unsent: self.unsent,
            ended: self.ended_at.zip(self.end_cause).map(|(at, cause)| Ended {
                at,
                cause,
                by: person(self.ended_by, self.ended_by_name),
                detail: self.end_detail,
            }),
            put_away: self.put_away_at.is_some(),
        };
        HandoffDetail {
            summary,
            ai_agent_id: AiAgentId(self.ai_agent_id),
            ai_agent_domain: self.ai_agent_domain,
            conversation: AdaConversationId(self.ada_conversation_id),
            channel: self.channel,
            end_user,
            end_user_read: read_state(&self.profile_read, self.profile_problem),
            context,
            metadata: metadata(&self.metadata),
            metadata_read: read_state(&self.metadata_read, self.metadata_read_problem),
            metadata_problem: self.metadata_problem,
            metadata_saving: self.metadata_saving,
            transcript_read: read_state(&self.transcript_read, self.transcript_problem),
            outcome: self.outcome,
            note: self.note,
            end_problem: self.end_problem,
            earlier_handoffs: self.earlier_handoffs,
        }
    }
}

fn person(id: Option<Uuid>, name: Option<String>) -> Option<PersonRef> {
    id.zip(name).map(|(id, name)| PersonRef { id: PersonId(id), name })
}

fn preview(author: Option<AuthorRole>, content: Option<Json<Content>>, at: Option<OffsetDateTime>) -> Option<Preview> {
    let ((author, content), at) = author.zip(content).zip(at)?;
    Some(Preview { author, text: content.0.preview(), at })
}

fn read_state(state: &str, problem: Option<String>) -> ReadState {
    match state {
        "loading" => ReadState::Loading,
        "complete" => ReadState::Complete,
        "failed" => ReadState::Failed { reason: problem.unwrap_or_default() },
        _ => ReadState::NotAsked,
    }
}

/// Metadata as it is kept. A value of a kind that cannot be edited here is shown as its JSON.
pub(super) fn metadata(json: &serde_json::Value) -> Metadata {
    let Some(map) = json.as_object() else { return Metadata::new() };
    map.iter()
        .map(|(name, value)| {
            let value = serde_json::from_value(value.clone()).unwrap_or_else(|_| MetadataValue::Text(value.to_string()));
            (name.clone(), value)
        })
        .collect()
}
