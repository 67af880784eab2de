-- The events that belong to the second and later cycles of a return: one row per recall that is not a copy.
--
-- key: firm_id, return_id, cycle_no
-- check: until_event_no is null or until_event_no > after_event_no
with spans as (
    select
        firm_id,
        return_id,
        recall_no + 1 as cycle_no,
        event_no as after_event_no,
        lead(event_no) over (partition by firm_id, return_id order by event_no nulls last) as until_event_no
    from model.turns
    where code = 'return_recalled' and not is_repeat
)
select
    firm_id,
    return_id,
    cycle_no,       -- The cycle that the recall begins: 2 for the first recall.
    after_event_no, -- The recall; the cycle begins with the next event.
    until_event_no  -- The recall that ends the cycle and belongs to it; null for the last cycle.
from spans
