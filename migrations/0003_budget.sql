-- The rate budget of an AI agent, which all servers share, and what the outbox needs to keep to it.

-- What Ada takes from one tenant. Ada's own defaults; a tenant may have been given more.
alter table ai_agents
    add column calls_per_second integer not null default 10 constraint ai_agents_calls_per_second check (calls_per_second > 0),
    add column calls_per_minute integer not null default 100 constraint ai_agents_calls_per_minute check (calls_per_minute > 0),
    add column calls_per_day integer not null default 10000 constraint ai_agents_calls_per_day check (calls_per_day > 0);

-- One row per AI agent. Whoever may make a call decides it under this row's lock, by this database's clock.
create table ada_budgets (
    ai_agent_id uuid primary key references ai_agents (ai_agent_id),
    -- Calls are numbered without gaps, which makes a day's worth countable by number.
    last_number bigint not null default 0,
    -- Ada said "too many requests": nobody calls before this.
    paused_until timestamptz,
    -- How often in a row it has said so without saying for how long.
    slowed integer not null default 0,
    -- Since when Ada does not take the key.
    key_refused_at timestamptz
);

-- A call that was granted. It holds its place from then until its answer, or until it must have ended, and a window's length more:
-- whenever between the two Ada counts it, no window of Ada's holds too many.
create table ada_calls (
    ai_agent_id uuid not null references ai_agents (ai_agent_id),
    number bigint not null,
    -- 0 talk, 1 read, 2 sweep, 3 queue.
    class smallint not null,
    granted_at timestamptz not null,
    -- When it was over; until that is known, when it must be over at the latest.
    over_at timestamptz not null,
    answered boolean not null default false,
    primary key (ai_agent_id, number)
);
create index ada_calls_over on ada_calls (ai_agent_id, over_at);
create index ada_calls_granted on ada_calls (granted_at);

alter table deliveries
    -- Who goes first when Ada's limits are near: as in ada_calls.
    add column class smallint not null default 0,
    -- Since when it is not known whether Ada has done it.
    add column doubt_since timestamptz,
    -- From when on its absence at Ada means something.
    add column absent_from timestamptz,
    -- How many of Ada's answers did not tell, and how many looks there were since the last of them.
    add column doubts integer not null default 0,
    add column looks integer not null default 0;
update deliveries set class = 1 where kind in ('read_transcript', 'read_context') and finished_at is null;

create index deliveries_next on deliveries (ai_agent_id, class, delivery_id) where finished_at is null;
create index deliveries_finished_at on deliveries (finished_at) where finished_at is not null;
