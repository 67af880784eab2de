-- The events of both tabs of a return with their titles, each with the time since the event before it on its tab. One row
-- per event: mart.client_timeline and mart.internal_timeline are this, tab by tab.
--
-- view: a table would only repeat model.events
select
    events.firm_id,
    events.return_id,
    events.event_no,
    events.cycle_no,
    events.event_at,
    events.tab,
    events.code,
    codes.title,
    codes.acts,
    codes.is_milestone,
    codes.is_problem,
    events.label,
    events.status,
    events.recipient,
    events.subject,
    events.actor,
    seconds_between(
        lag(events.event_at) over (
            partition by events.firm_id, events.return_id, events.tab
            order by events.event_no nulls last
        ),
        events.event_at
    ) as wait_seconds,  -- Since the row before on this tab; null for the first row of the return.
    events.is_repeat,
    events.event_on,
    events.file_id,
    events.row_no,
    events.return_key,
    events.file_no
from model.events as events
join ref.codes as codes using (code)
