-- Hand-signed forms that the client uploaded to a delivery. One row per upload. A deletion names no file, so it deletes
-- every upload before it.
--
-- key: return_key, event_no
-- by: return
-- check: taken_back_event_no is null or taken_back_event_no > event_no
with files as (
    select
        return_key,
        event_no,
        cycle_no,
        event_at,
        code,
        min(case when code = 'uploads_deleted' then event_no end) over (
            partition by return_key, cycle_no
            order by event_no nulls last
            rows between current row and unbounded following
        ) as taken_back_event_no
    from model.delivery_acts
    where code in ('files_uploaded', 'uploads_deleted')
)
select
    return_key,
    event_no,
    cycle_no,
    event_at,
    taken_back_event_no -- The event that deleted it; null if it was not deleted.
from files
where code = 'files_uploaded'
