-- Where a return waited inside the firm, for how long, and who moved it on. One row per stay in a stage, which lasts until
-- another stage, a delivery, archive or deletion.
--
-- key: firm_id, return_id, stay_no
-- by: return
-- check: (left_at is null) = (seconds is null)
-- check: seconds is null or seconds >= 0
with compared as (
    select
        return_key, event_no, cycle_no, event_at, event_on, actor, stage,
        lag(stage) over in_order as stage_before,
        lag(cycle_no) over in_order as cycle_no_before
    from model.stage_moves
    window in_order as (partition by return_key order by event_no nulls last)
),
changes as (
    select return_key, event_no, cycle_no, event_at, event_on, actor, stage
    from compared
    where stage is null or stage_before is null or stage <> stage_before or cycle_no <> cycle_no_before
),
numbered as (
    select
        return_key, event_no, cycle_no, stage,
        event_at as entered_at,
        event_on as entered_on,
        actor as entered_by,
        lead(event_at) over in_order as left_at,
        lead(actor) over in_order as left_by,
        count(stage) over so_far as stay_no
    from changes
    window
        in_order as (partition by return_key order by event_no nulls last),
        so_far as (
            partition by return_key
            order by event_no nulls last
            rows between unbounded preceding and current row
        )
),
stages_seen as (
    select return_key, stage, min(stay_no) as first_stay_no, min(entered_on) as began_on
    from numbered
    where stage is not null
    group by return_key, stage
),
seen as (
    select stages_seen.return_key, min(stages_seen.began_on) as began_on, max(stages.stage_no) as furthest_stage_no
    from stages_seen
    join ref.stages as stages using (stage)
    group by stages_seen.return_key
)
select
    attributes.firm_id,
    attributes.return_id,
    stays.stay_no,          -- The place among the stays of the return, from 1.
    stays.cycle_no,         -- The delivery that was being prepared; of a recalled return, the next one.
    stays.stage,            -- preparing, review, ERO/signer, approval or recalled, a row of ref.stages.
    stages.stage_no,
    stages_seen.first_stay_no = stays.stay_no as is_first, -- The first stay of the return in this stage.
    stays.entered_at,       -- When it entered the stage (UTC).
    stays.entered_on,       -- The same as a date in the firm's time zone.
    week_of(stays.entered_on) as entered_week, -- The Monday of that week as text: 2026-03-02.
    month_of(stays.entered_on) as entered_month, -- The month of it as text: 2026-03.
    stays.left_at,          -- When it left the stage (UTC); null while it is there.
    seconds_between(stays.entered_at, stays.left_at) as seconds, -- From entered_at to left_at; null while it is there.
    stays.entered_by,       -- Who moved it there, as logged.
    stays.left_by,          -- Who moved it on, as logged; null while it is there.
    seen.began_on,          -- The day the return's first stay began.
    seen.furthest_stage_no, -- The last stage of ref.stages that the return was ever in.
    starts.delivered_at is not null as is_delivered, -- The return is delivered in its current cycle.
    attributes.office,
    attributes.partner,
    attributes.return_type,
    attributes.tax_year
from numbered as stays
join model.attributes as attributes using (return_key)
join ref.stages as stages using (stage)
join stages_seen using (return_key, stage)
join seen using (return_key)
join model.return_histories as histories using (return_key)
left join model.delivery_starts as starts
    on starts.return_key = histories.return_key
    and starts.cycle_no = histories.cycle_no
