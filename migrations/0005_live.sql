-- What the live channel looks for every second: the handoffs that stand in somebody's list. Without the head, so that raising it
-- touches no index.
create index handoffs_listed on handoffs (handoff_id) where put_away_at is null;

-- The newest answer of a person in a conversation, without reading the conversation.
create index messages_answered on messages (conversation_id, (coalesce(sorts_at, recorded_at)))
    where author_role = 'human_agent' and discarded_at is null;

-- Changes are kept for browsers that come back. Of a handoff that ended long ago none does; its number goes on where it was.
alter table handoffs add column changes_kept boolean not null default true;
create index handoffs_prunable on handoffs (ended_at) where state = 'ended' and changes_kept;
