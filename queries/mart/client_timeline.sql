-- The Client Tracking of every return, classified, in order: what the client and the platform did. One row per event.
--
-- key: firm_id, return_id, event_no
-- check: title is not null
-- view: a copy of model.events would say nothing more
select
    events.firm_id,
    events.return_id,
    events.event_no,
    events.cycle_no,
    events.event_at,
    events.code,
    codes.title,
    events.label,
    events.status,
    events.recipient,
    events.subject,
    events.actor,
    seconds_between(
        lag(events.event_at) over (
            partition by events.firm_id, events.return_id
            order by events.event_no nulls last
        ),
        events.event_at
    ) as wait_seconds,  -- Since the row before on this tab; null for the first row of the return.
    events.is_repeat,
    events.event_on,
    events.file_id,
    events.row_no
from model.events as events
join ref.codes as codes on codes.code = events.code
where events.tab = 'Client'
