-- What the live channel looks for every second: the handoffs that stand in somebody's list. Without the head, so that raising it
-- touches no index.
create index handoffs_listed on handoffs (handoff_id) where put_away_at is null;

-- The newest answer of a person in a conversation, without reading the conversation.
create index messages_answered on messages (conversation_id, (coalesce(sorts_at, recorded_at)))
    where author_role = 'human_agent' and discarded_at is null;

-- Changes are kept for browsers that come back. Of a handoff that ended long ago none does; its number goes on where it was.
alter table handoffs add column changes_kept boolean not null default true;
create index handoffs_prunable on handoffs (ended_at) where state = 'ended' and changes_kept;

-- A handoff with all that its list entry and its panes show. The same columns as before; each is found by an index, however long the
-- conversation is.
create or replace view handoff_rows as
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
        select m.sorts_at from messages m
        where m.conversation_id = h.conversation_id and m.author_role = 'end_user'
            and m.sorts_at > greatest(
                (
                    select coalesce(r.sorts_at, r.recorded_at) from messages r
                    where r.conversation_id = h.conversation_id and r.author_role = 'human_agent' and r.discarded_at is null
                    order by coalesce(r.sorts_at, r.recorded_at) desc
                    limit 1
                ),
                h.handed_off_at - interval '5 minutes'
            )
        order by m.sorts_at
        limit 1
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
