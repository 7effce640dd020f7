-- The desk's facts. Every row knows its AI agent or hangs on one that does; identifiers are made by whoever writes (UUID version 7),
-- so nothing needs a central counter.

-- One AI agent is one Ada tenant. Keys are sealed with SECRET_KEY; those of the first one stay in the environment.
create table ai_agents (
    ai_agent_id uuid primary key,
    domain text not null constraint ai_agents_domain_key unique,
    name text not null,
    base_url text not null,
    integration text not null,
    from_environment boolean not null default false,
    sealed_keys bytea,
    created_at timestamptz not null default now(),
    removed_at timestamptz
);

create table people (
    person_id uuid primary key,
    email text not null,
    name text not null,
    role text not null check (role in ('agent', 'supervisor', 'administrator')),
    password_hash text not null,
    created_at timestamptz not null default now(),
    disabled_at timestamptz,
    -- When a live channel of theirs was last known to be open.
    last_seen_at timestamptz
);
create unique index people_email_key on people (lower(email));
create index people_last_seen on people (last_seen_at) where disabled_at is null;

-- Kept by tower-sessions. The cookie is signed, so reading this table is not enough to take a session over.
create table sessions (
    id text primary key not null,
    data bytea not null,
    expiry_date timestamptz not null
);
create index sessions_expiry_date on sessions (expiry_date);

create table sign_in_attempts (
    attempt_id uuid primary key,
    email text not null,
    address text not null,
    at timestamptz not null default now()
);
create index sign_in_attempts_email on sign_in_attempts (email, at);
create index sign_in_attempts_address on sign_in_attempts (address, at);
create index sign_in_attempts_at on sign_in_attempts (at);

-- One conversation at Ada. It can be handed off several times; its messages are one transcript.
create table conversations (
    conversation_id uuid primary key,
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    ada_conversation_id text not null,
    end_user_id text,
    channel text,
    -- What Ada knows of the end user: name, email, language, metavariables.
    profile jsonb not null default '{}',
    profile_read text not null default 'not_asked' check (profile_read in ('not_asked', 'loading', 'complete', 'failed')),
    profile_problem text,
    metadata jsonb not null default '{}',
    metadata_read text not null default 'not_asked' check (metadata_read in ('not_asked', 'loading', 'complete', 'failed')),
    metadata_read_problem text,
    ended_at timestamptz,
    created_at timestamptz not null default now(),
    constraint conversations_ada_key unique (ai_agent_id, ada_conversation_id)
);
create index conversations_end_user on conversations (ai_agent_id, end_user_id) where end_user_id is not null;

create table handoffs (
    handoff_id uuid primary key,
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    conversation_id uuid not null references conversations (conversation_id) on delete cascade,
    state text not null default 'waiting' check (state in ('waiting', 'active', 'ending', 'ended')),
    -- The number of the last change. Raised under this row's lock, so that numbers commit in order and without holes.
    head bigint not null default 0,
    -- The place of the last delivery owed, raised the same way.
    last_position bigint not null default 0,
    context jsonb not null default '{}',
    handed_off_at timestamptz not null default now(),
    accepted_at timestamptz,
    owner_id uuid references people (person_id),
    first_reply_at timestamptz,
    transcript_read text not null default 'not_asked' check (transcript_read in ('not_asked', 'loading', 'complete', 'failed')),
    transcript_problem text,
    metadata_problem text,
    outcome text,
    note text,
    end_way text check (end_way in ('return_to_ai', 'end_conversation')),
    end_asked_at timestamptz,
    end_asked_by uuid references people (person_id),
    end_problem text,
    ended_at timestamptz,
    end_cause text check (end_cause in ('returned_to_ai', 'conversation_ended', 'end_user', 'ada_system', 'human_agent_elsewhere',
        'ended_at_ada', 'found_over')),
    ended_by uuid references people (person_id),
    end_detail text,
    -- Ada's own event about this end has come.
    end_event_seen boolean not null default false,
    put_away_at timestamptz,
    constraint handoffs_owner_known check (state = 'waiting' or state = 'ended' or owner_id is not null),
    constraint handoffs_end_known check ((state = 'ended') = (ended_at is not null and end_cause is not null))
);
-- One open handoff per conversation, whatever races.
create unique index handoffs_one_open on handoffs (conversation_id) where state <> 'ended';
create index handoffs_conversation on handoffs (conversation_id, handed_off_at desc);
create index handoffs_waiting on handoffs (handed_off_at) where state = 'waiting';
create index handoffs_owned on handoffs (owner_id, handed_off_at) where put_away_at is null;
create index handoffs_handed_off on handoffs (handed_off_at);
create index handoffs_accepted on handoffs (accepted_at) where accepted_at is not null;

-- One row per message of a transcript; our own replies from the moment they are written.
create table messages (
    message_id uuid primary key,
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    conversation_id uuid not null references conversations (conversation_id) on delete cascade,
    -- The handoff under which a reply was written.
    handoff_id uuid references handoffs (handoff_id) on delete cascade,
    ada_message_id text,
    -- The id in Ada's answer to our own post. It should be the one in lists and webhooks; nothing says that it is.
    posted_id text,
    -- Ada has shown the reply back to us, in a webhook or a list.
    echoed boolean not null default false,
    author_role text not null check (author_role in ('end_user', 'ai_agent', 'human_agent', 'system', 'note')),
    author_name text,
    content jsonb not null,
    state text not null check (state in ('received', 'queued', 'sending', 'sent', 'failed', 'unknown')),
    problem text,
    ada_created_at timestamptz,
    ada_created_fine boolean not null default false,
    event_at timestamptz,
    event_fine boolean not null default false,
    -- Ada's time to the finest precision known, as model::timeline computes it; absent until Ada has dated it.
    sorts_at timestamptz,
    -- Its place in Ada's list of the conversation, counted from the first: tells apart what Ada dates to the same second.
    listed_at integer,
    recorded_at timestamptz not null default now(),
    late boolean not null default false,
    sent_by uuid references people (person_id),
    first_attempt_at timestamptz,
    revision integer not null default 1,
    discarded_at timestamptz,
    constraint messages_ada_key unique (conversation_id, ada_message_id)
);
create index messages_transcript on messages (conversation_id, sorts_at);
create index messages_handoff on messages (handoff_id) where handoff_id is not null;
create index messages_posted on messages (conversation_id, posted_id) where posted_id is not null;
create index messages_unechoed on messages (conversation_id, recorded_at) where not echoed and sent_by is not null;
create index messages_unsent on messages (conversation_id) where state in ('queued', 'sending', 'failed', 'unknown') and discarded_at is null;

-- What browsers are told, numbered per handoff. A change names what changed; the value is read when it is told, so that
-- personal data stands in one place.
create table changes (
    handoff_id uuid not null references handoffs (handoff_id) on delete cascade,
    number bigint not null,
    kind text not null check (kind in ('handoff', 'message', 'gone')),
    message_id uuid,
    at timestamptz not null default now(),
    primary key (handoff_id, number),
    constraint changes_message_known check ((kind = 'handoff') = (message_id is null))
);

create index changes_at on changes (at);

-- Calls owed to Ada. Within a lane of a conversation they are made one after the other, by position.
create table deliveries (
    delivery_id uuid primary key,
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    conversation_id uuid not null references conversations (conversation_id) on delete cascade,
    handoff_id uuid not null references handoffs (handoff_id) on delete cascade,
    lane text not null check (lane in ('talk', 'metadata', 'transcript', 'context')),
    position bigint not null,
    kind text not null check (kind in ('reply', 'metadata', 'end_handoff', 'end_conversation', 'read_transcript', 'read_context')),
    message_id uuid references messages (message_id) on delete cascade,
    payload jsonb not null default '{}',
    -- 'attempting' is written before the first byte leaves: found again after a crash, it means that Ada may have done it.
    state text not null default 'owed' check (state in ('owed', 'attempting', 'unclear', 'done', 'failed')),
    attempts integer not null default 0,
    not_before timestamptz not null default now(),
    lease_until timestamptz,
    lease_owner uuid,
    problem text,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    constraint deliveries_finished check ((state in ('done', 'failed')) = (finished_at is not null))
);
create index deliveries_owed on deliveries (not_before) where finished_at is null;
create unique index deliveries_lane on deliveries (conversation_id, lane, handoff_id, position) where finished_at is null;
create index deliveries_handoff on deliveries (handoff_id, kind);
create index deliveries_conversation on deliveries (conversation_id);
create index deliveries_message on deliveries (message_id) where message_id is not null;

-- Events from Ada. What was applied keeps no payload: its data is in the tables above. What could not be is kept whole, with the reason.
create table events (
    event_id uuid primary key,
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    delivery text not null,
    event_type text,
    ada_conversation_id text,
    outcome text not null check (outcome in ('applied', 'unreadable', 'failed')),
    reason text,
    payload bytea,
    received_at timestamptz not null default now(),
    replayed_at timestamptz,
    constraint events_delivery_key unique (ai_agent_id, delivery),
    constraint events_kept_whole check (outcome = 'applied' or payload is not null)
);
create index events_unapplied on events (received_at) where outcome <> 'applied';
create index events_received on events (received_at);
create index events_conversation on events (ai_agent_id, ada_conversation_id) where ada_conversation_id is not null;

-- Files of a transcript. For now what Ada says of them; the bytes stay at Ada, for 7 days.
create table files (
    file_id uuid primary key,
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    message_id uuid not null constraint files_message_key unique references messages (message_id) on delete cascade,
    filename text,
    mime_type text,
    source_url text not null,
    recorded_at timestamptz not null default now()
);

-- Who did what. Append-only; says nothing of what customers wrote.
create table audit (
    audit_id uuid primary key,
    at timestamptz not null default now(),
    person_id uuid references people (person_id),
    action text not null,
    object_kind text not null,
    object_id text not null,
    detail jsonb not null default '{}'
);
create index audit_object on audit (object_kind, object_id, at);
create index audit_person on audit (person_id, at);

-- A handoff with all that its list entry and its panes show.
create view handoff_rows as
select
    h.handoff_id, h.ai_agent_id, h.conversation_id, h.state, h.head, h.context, h.handed_off_at, h.accepted_at, h.owner_id,
    h.transcript_read, h.transcript_problem, h.metadata_problem, h.outcome, h.note, h.end_problem, h.ended_at, h.end_cause, h.ended_by,
    h.end_detail, h.put_away_at,
    c.ada_conversation_id, c.end_user_id, c.channel, c.profile, c.profile_read, c.profile_problem, c.metadata, c.metadata_read,
    c.metadata_read_problem,
    a.name as ai_agent_name, a.domain as ai_agent_domain,
    owner.name as owner_name,
    ender.name as ended_by_name,
    last.author_role as last_role, last.content as last_content, last.at as last_at,
    (
        select min(m.sorts_at) from messages m
        where m.conversation_id = h.conversation_id and m.author_role = 'end_user'
            and m.sorts_at > coalesce(
                (
                    select max(coalesce(r.sorts_at, r.recorded_at)) from messages r
                    where r.conversation_id = h.conversation_id and r.author_role = 'human_agent' and r.discarded_at is null
                        and r.recorded_at >= h.handed_off_at
                ),
                h.handed_off_at - interval '5 minutes'
            )
    ) as customer_waits_since,
    (
        select count(*) from messages u
        where u.conversation_id = h.conversation_id and u.state in ('queued', 'sending', 'failed', 'unknown') and u.discarded_at is null
    )::integer as unsent,
    exists (
        select 1 from deliveries d where d.handoff_id = h.handoff_id and d.kind = 'metadata' and d.finished_at is null
    ) as metadata_saving,
    (
        select count(*) from handoffs e where e.conversation_id = h.conversation_id and e.handed_off_at < h.handed_off_at
    )::integer as earlier_handoffs
from handoffs h
join conversations c using (conversation_id)
join ai_agents a on a.ai_agent_id = h.ai_agent_id
left join people owner on owner.person_id = h.owner_id
left join people ender on ender.person_id = h.ended_by
left join lateral (
    select m.author_role, m.content, coalesce(m.sorts_at, m.recorded_at) as at
    from messages m
    where m.conversation_id = h.conversation_id and m.discarded_at is null and m.author_role <> 'system'
        and m.content ->> 'type' <> 'presence'
    order by m.sorts_at desc nulls first, m.ada_message_id desc, m.message_id desc
    limit 1
) last on true;
