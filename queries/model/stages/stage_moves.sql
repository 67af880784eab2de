-- The events that move a return into or out of a stage inside the firm. One row per such event; the copy of a recall or
-- reprocessing moves nothing, and Save & Close leaves a return in its stage.
--
-- key: return_key, event_no
-- by: return
-- check: cycle_no >= 1
with moves as (
    select
        events.return_key,
        events.event_no,
        case when labels.code = 'return_recalled' then events.cycle_no + 1 else events.cycle_no end as cycle_no,
        events.event_at,
        events.event_on,
        labels.stage,
        events.file_no,
        events.row_no
    from model.numbered_events as events
    join model.labels as labels using (label_no)
    where not events.is_repeat
        and (labels.stage is not null or labels.is_deliver or labels.code in ('archived', 'deleted'))
    union all
    select
        return_key, delivered_event_no as event_no, cycle_no,
        delivered_at as event_at, delivered_on as event_on, null as stage, null as file_no, null as row_no
    from model.delivery_starts
    where delivered_basis = 'initial email'
),
known as (
    select
        return_key,
        min(event_no) as first_event_no,
        count(*) filter (where stage is not null and cycle_no = 1) as first_stage_count
    from moves
    group by return_key
),
beginnings as (
    select
        events.return_key,
        events.event_no,
        events.cycle_no,
        events.event_at,
        events.event_on,
        'preparing' as stage,
        events.file_no,
        events.row_no
    from model.numbered_events as events
    left join known using (return_key)
    where events.event_no = 1
        and coalesce(known.first_stage_count, 0) = 0
        and coalesce(known.first_event_no, 0) <> 1
),
all_moves as (
    select return_key, event_no, cycle_no, event_at, event_on, stage, file_no, row_no from moves
    union all
    select return_key, event_no, cycle_no, event_at, event_on, stage, file_no, row_no from beginnings
)
select
    moves.return_key,
    moves.event_no,
    moves.cycle_no, -- The cycle being prepared: a recall moves the return into the cycle that it begins.
    moves.event_at,
    moves.event_on,
    moves.stage,    -- The stage it moves into, a row of ref.stages: preparing at the first event if no event of the first
                    -- cycle names a stage. Null for a delivery, archive or deletion, which end every stage.
    records.actor   -- Who moved it, as logged; null if only an email shows the delivery.
from all_moves as moves
left join raw.records as records using (return_key, file_no, row_no)
