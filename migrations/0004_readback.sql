-- Conversations are compared with what Ada has, and the desk says when it hears less than it should.

alter table conversations
    -- When it was last compared with Ada's own list to the end, and why.
    add column read_back_at timestamptz,
    add column read_back_why text,
    -- When that was last tried, whatever came of it.
    add column read_tried_at timestamptz,
    -- Why it is to be compared once more.
    add column read_back_wanted text check (read_back_wanted in ('outage', 'ada_outage', 'check')),
    -- Where in Ada's list that ended, so that the next one begins there and not at the first message.
    add column read_to jsonb,
    -- When Ada last said that the conversation is there and goes on.
    add column checked_at timestamptz,
    -- Ada's own time of the event that ended the conversation, and who ended it by that event.
    add column end_event_at timestamptz,
    add column end_event_cause text check (end_event_cause in ('end_user', 'ada_system', 'human_agent_elsewhere', 'ended_at_ada'));
create index conversations_read_back_wanted on conversations (ai_agent_id) where read_back_wanted is not null;

alter table handoffs
    -- The last trigger, where it is not the first: Ada handed the conversation off again while it was open here.
    add column triggered_again_at timestamptz,
    -- Ada's own time of the event about its end.
    add column end_event_at timestamptz;
create index handoffs_open on handoffs (ai_agent_id, conversation_id) where state <> 'ended';

-- Since when a message of the customer, or our own reply, is known only because a read showed it; empty once a webhook brings it.
alter table messages add column unheard_since timestamptz;
create index messages_unheard on messages (ai_agent_id, unheard_since) where unheard_since is not null;
create index messages_waits_for_echo on messages (ai_agent_id, first_attempt_at) where not echoed and state = 'sent' and sent_by is not null;

alter table deliveries drop constraint deliveries_kind_check;
alter table deliveries add constraint deliveries_kind_check
    check (kind in ('reply', 'metadata', 'end_handoff', 'end_conversation', 'read_transcript', 'read_context', 'read_back'));
alter table deliveries drop constraint deliveries_lane_check;
alter table deliveries add constraint deliveries_lane_check check (lane in ('talk', 'metadata', 'transcript', 'context', 'read_back'));
-- One at a time, whatever wants it.
create unique index deliveries_one_read_back on deliveries (conversation_id) where kind = 'read_back' and finished_at is null;

-- The one server that decides what is compared. Its beats show when no server was there, or none reached the database.
create table watch (
    only_one boolean primary key default true check (only_one),
    server_id uuid not null,
    beat_at timestamptz not null,
    -- The end of the last time without a beat: what came before it may be missing for that reason alone.
    steady_since timestamptz not null
);

-- What all servers have heard from an AI agent's webhooks, written down every few seconds.
create table hearing (
    ai_agent_id uuid primary key references ai_agents (ai_agent_id),
    -- The last event that was rightly signed, and the last message with the desk's own label.
    heard_at timestamptz,
    brought_at timestamptz,
    -- Requests since the last right one whose signature was refused.
    refused_since timestamptz,
    refused_at timestamptz,
    refused integer not null default 0,
    -- A customer's message in an open handoff had another label than the desk's; empty if it had none.
    other_label text,
    other_label_at timestamptz
);

-- What an administrator should look at. The row of a trouble that is over stays, for the record.
create table alarms (
    alarm_id uuid primary key,
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    kind text not null check (kind in ('webhooks_silent', 'webhooks_incomplete', 'signature_refused', 'wrong_label', 'ada_unreachable',
        'ada_key_refused', 'budget_exhausted')),
    detail text not null,
    since timestamptz not null default now(),
    last_seen timestamptz not null default now(),
    cleared_at timestamptz
);
create unique index alarms_open on alarms (ai_agent_id, kind) where cleared_at is null;
