-- Intake: events that an administrator has looked at and laid aside, and a row per server whose writing shows that the database takes
-- writes.

-- What is laid aside is kept, and is no longer listed or counted.
alter table events add column dismissed_at timestamptz;
alter table events add column dismissed_by uuid references people (person_id);
create index events_kept on events (received_at, event_id) where outcome <> 'applied' and dismissed_at is null;
