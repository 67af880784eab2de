-- How returns pass through the firm: how many entered each stage, skipped it, are in it now or have left it, and how long
-- a stay takes. One row per segment and stage. A return counts once in a stage, however often it came back.
--
-- check: in_count + left_count = entered_count
-- check: entered_count + skipped_count <= return_count
-- param: since = null  First day on which a return may have begun; open if not given.
-- param: until = null  Last day on which it may have begun, itself included; open if not given.
-- param: for_firms = null  Only these firms; all if not given.
-- param: for_offices = null  Only these offices; all if not given.
-- param: for_partners = null  Only these partners of the firm; all if not given.
-- param: for_types = null  Only these forms; all if not given.
-- param: for_years = null  Only these tax years; all if not given.
-- param: split_by = null  office, partner, return_type, tax_year, or week or month of the beginning; one total if not given.
-- every: week
with begun as (
    select
        stays.firm_id,
        stays.return_id,
        min(stays.entered_on) as began_on,
        list(distinct stages.stage_no order by stages.stage_no) as entered_stage_nos,
        max(stages.stage_no) filter (where stays.left_at is null) as open_stage_no
    from mart.stays as stays
    join ref.stages as stages on stages.stage = stays.stage
    where asked_for(stays, for_firms, for_offices, for_partners, for_types, for_years)
    group by stays.firm_id, stays.return_id
),
passed as (
    select
        returns.firm_id,
        returns.return_id,
        segment_of(returns, week_of(begun.began_on), month_of(begun.began_on), split_by) as segment,
        begun.entered_stage_nos,
        begun.open_stage_no,
        returns.delivered_at is not null as is_delivered
    from begun
    join mart.returns as returns
        on returns.firm_id = begun.firm_id
        and returns.return_id = begun.return_id
    where during(begun.began_on, since, until)
),
alike as (
    select segment, entered_stage_nos, open_stage_no, is_delivered, count(*) as return_count
    from passed
    group by segment, entered_stage_nos, open_stage_no, is_delivered
),
judged as (
    select
        alike.segment,
        alike.return_count,
        stages.stage_no,
        stages.stage,
        list_contains(alike.entered_stage_nos, stages.stage_no) as is_entered,
        coalesce(alike.open_stage_no = stages.stage_no, false) as is_in,
        -- A return that came to its client has passed every stage but a recall, which nobody skips.
        (alike.is_delivered or list_max(alike.entered_stage_nos) > stages.stage_no) and stages.stage <> 'recalled' as is_passed
    from alike
    cross join ref.stages as stages
),
counted as (
    select
        segment,
        stage_no,
        stage,
        cast(sum(return_count) as bigint) as return_count,
        cast(coalesce(sum(return_count) filter (where is_entered), 0) as bigint) as entered_count,
        cast(coalesce(sum(return_count) filter (where is_passed and not is_entered), 0) as bigint) as skipped_count,
        cast(coalesce(sum(return_count) filter (where is_in), 0) as bigint) as in_count,
        cast(coalesce(sum(return_count) filter (where is_entered and not is_in), 0) as bigint) as left_count
    from judged
    group by segment, stage_no, stage
),
timed as (
    select
        passed.segment,
        stays.stage,
        quantile_cont(stays.seconds, [0.5, 0.9]) as quantiles
    from passed
    join mart.stays as stays
        on stays.firm_id = passed.firm_id
        and stays.return_id = passed.return_id
    group by passed.segment, stays.stage
)
select
    counted.segment,                            -- The part of the split; null for the total, and where a return has no value.
    counted.stage_no,
    counted.stage,                              -- preparing, review, ERO/signer, approval or recalled.
    counted.return_count,                       -- Returns in the segment.
    counted.entered_count,                      -- Those that were ever in the stage.
    percent(counted.entered_count, counted.return_count) as entered_percent, -- entered_count of return_count.
    counted.skipped_count,                      -- Those that came to a later stage, or to their client, without it; nobody skips a recall.
    counted.in_count,                           -- Those that are in it now.
    counted.left_count,                         -- Those that were in it and are not now.
    in_seconds(timed.quantiles[1]) as seconds_median,       -- Of the stays that are over, half were at least that short.
    in_seconds(timed.quantiles[2]) as seconds_p90,          -- Of the stays that are over, nine of ten were at least that short.
    in_days(in_seconds(timed.quantiles[1])) as days_median, -- seconds_median as days.
    in_days(in_seconds(timed.quantiles[2])) as days_p90     -- seconds_p90 as days.
from counted
left join timed
    on timed.segment is not distinct from counted.segment
    and timed.stage = counted.stage
order by counted.segment nulls last, counted.stage_no
