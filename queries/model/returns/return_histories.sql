-- Totals of the events of a return: first upload, last event, recalls, archive and deletion. One row per return.
--
-- key: firm_id, return_id
-- check: cycle_no >= 1
-- check: is_archived in (true, false)
-- check: is_deleted in (true, false)
with summed as (
    select
        firm_id,
        return_id,
        1 + count(*) filter (where code = 'return_recalled' and not is_repeat) as cycle_no,
        min(event_at) filter (where code = 'uploaded') as uploaded_at,
        max(cycle_no) filter (where code = 'archived') as archived_cycle_no,
        count(*) filter (where code = 'deleted') as deletion_count,
        max(event_at) as last_event_at,
        count(*) as event_count
    from model.events
    group by firm_id, return_id
)
select
    firm_id,
    return_id,
    cast(cycle_no as integer) as cycle_no, -- The current cycle: after a recall, the delivery being prepared.
    uploaded_at,        -- When the firm first uploaded it (UTC); null if the log shows no upload.
    coalesce(archived_cycle_no = cycle_no, false) as is_archived, -- Archived in the current cycle.
    deletion_count > 0 as is_deleted, -- Deleted, in any cycle.
    last_event_at,      -- The newest event on either tab (UTC).
    event_count         -- Events on both tabs, including copies of recalls.
from summed
