-- Periods of days without any event on a tab: an export may be missing. One row per period of at least `min_silent_days`
-- days, the newest first; a weekend alone is shorter than the default.
--
-- key: tab, silent_since
-- check: day_count > 0
-- param: min_silent_days = 4  Shorter periods are left out.
-- access: loading
with days as (
    select distinct tab, event_on from mart.event_days
),
neighbours as (
    select
        tab,
        event_on,
        lead(event_on) over (partition by tab order by event_on nulls last) as next_on
    from days
)
select
    tab,
    event_on + 1 as silent_since,           -- The first day without an event, in the firm's time zone.
    next_on - 1 as silent_until,            -- The last day without an event.
    next_on - event_on - 1 as day_count     -- The number of days without an event.
from neighbours
where next_on - event_on - 1 >= min_silent_days
order by silent_since desc, tab
