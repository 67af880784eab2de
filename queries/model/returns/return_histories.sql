-- Totals of the events of a return: first upload, last event, recalls, archive and deletion. One row per return.
--
-- key: return_key
-- by: return
-- check: cycle_no >= 1
-- check: is_archived in (true, false)
-- check: is_deleted in (true, false)
with summed as (
    select
        events.return_key,
        1 + count(*) filter (where labels.code = 'return_recalled' and not events.is_repeat) as cycle_no,
        min(events.event_at) filter (where labels.code = 'uploaded') as uploaded_at,
        max(events.cycle_no) filter (where labels.code = 'archived') as archived_cycle_no,
        count(*) filter (where labels.code = 'deleted') as deletion_count,
        max(events.event_at) as last_event_at,
        count(*) as event_count
    from model.numbered_events as events
    join model.labels as labels using (label_no)
    group by events.return_key
)
select
    return_key,
    cast(cycle_no as integer) as cycle_no, -- The current cycle: after a recall, the delivery being prepared.
    uploaded_at,        -- When the firm first uploaded it (UTC); null if the log shows no upload.
    coalesce(archived_cycle_no = cycle_no, false) as is_archived, -- Archived in the current cycle.
    deletion_count > 0 as is_deleted, -- Deleted, in any cycle.
    last_event_at,      -- The newest event on either tab (UTC).
    event_count         -- Events on both tabs, including copies of recalls.
from summed
