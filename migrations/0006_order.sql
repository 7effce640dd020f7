-- The last line that lists show is the last one of the transcript: the order of model::timeline, of the last second alone. Inside a second a
-- time on the very second may have been cut, and stands behind what Ada lists before it.
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
    select said.author_role, said.content, said.at
    from (
        select m.author_role, m.content, m.listed_at, m.ada_message_id, m.message_id, m.sorts_at is null as unconfirmed,
            coalesce(m.sorts_at, m.recorded_at) as at,
            m.author_role <> 'system' and m.content ->> 'type' <> 'presence' as counts,
            max(coalesce(m.sorts_at, m.recorded_at)) over (
                partition by m.sorts_at is null, date_trunc('second', coalesce(m.sorts_at, m.recorded_at))
                order by m.listed_at nulls last range between unbounded preceding and current row exclude group
            ) as latest_before
        from messages m
        where m.conversation_id = h.conversation_id and m.discarded_at is null
            and (
                m.sorts_at is null
                or m.sorts_at >= (
                    select date_trunc('second', max(l.sorts_at)) from messages l
                    where l.conversation_id = h.conversation_id and l.discarded_at is null and l.author_role <> 'system'
                        and l.content ->> 'type' <> 'presence'
                )
            )
    ) said
    where said.counts
    order by said.unconfirmed desc,
        case when said.at = date_trunc('second', said.at) then greatest(said.at, said.latest_before) else said.at end desc,
        said.listed_at desc nulls first, coalesce(said.ada_message_id, '') collate "C" desc, said.message_id desc
    limit 1
) last on true;
