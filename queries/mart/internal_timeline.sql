-- The Internal Tracking tab of every return, in order: what the firm did. One row per event.
--
-- key: firm_id, return_id, event_no
-- view: a table would only repeat model.events
select
    firm_id,
    return_id,
    event_no,
    cycle_no,
    event_at,
    code,
    title,
    label,
    status,
    recipient,
    subject,
    actor,
    wait_seconds,
    is_repeat,
    event_on,
    file_id,
    row_no
from model.timeline
where tab = 'Internal'
