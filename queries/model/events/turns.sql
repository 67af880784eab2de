-- One row per recall, reprocessing and deliver event. Recalls and reprocessings appear on both tabs: one at most ten
-- minutes after the one before, with no deliver event between, is its copy.
--
-- key: firm_id, return_id, event_no
-- check: code <> 'return_recalled' or recall_no >= 1
with turns as (
    select
        numbered.firm_id,
        numbered.return_id,
        numbered.event_no,
        numbered.event_at,
        labels.code,
        sum(case when labels.code like 'delivered%' then 1 else 0 end) over (
            partition by numbered.firm_id, numbered.return_id
            order by numbered.event_no nulls last
            rows between unbounded preceding and current row
        ) as deliver_count
    from model.numbered_events as numbered
    join model.labels as labels using (label_no)
    where labels.code in ('return_recalled', 'return_reprocessed') or labels.code like 'delivered%'
),
compared as (
    select
        firm_id, return_id, event_no, event_at, code, deliver_count,
        lag(event_at) over (partition by firm_id, return_id, code order by event_no nulls last) as same_before_at,
        lag(deliver_count) over (
            partition by firm_id, return_id, code
            order by event_no nulls last
        ) as deliver_count_before
    from turns
),
marked as (
    select
        firm_id, return_id, event_no, event_at, code,
        coalesce(
            code in ('return_recalled', 'return_reprocessed')
            and event_at <= same_before_at + interval '10' minute
            and deliver_count = deliver_count_before,
            false
        ) as is_repeat
    from compared
),
counted as (
    select
        firm_id, return_id, event_no, event_at, code, is_repeat,
        cast(sum(case when code = 'return_recalled' and not is_repeat then 1 else 0 end) over (
            partition by firm_id, return_id
            order by event_no nulls last
            rows between unbounded preceding and current row
        ) as integer) as recall_no
    from marked
)
select
    firm_id,
    return_id,
    event_no,
    event_at,
    code,
    is_repeat,      -- The copy of a recall or reprocessing that the other tab shows too; it counts nowhere.
    recall_no       -- Recalls of the return up to and including this row, without copies.
from counted
