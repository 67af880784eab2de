-- How returns move through the firm: how many entered each stage, skipped it, are in it now or have left it, and how long
-- a stay takes. One row per segment and stage. A return counts once in a stage, however often it comes back.
--
-- check: in_count + left_count = entered_count
-- check: entered_count + skipped_count <= return_count
-- param: since = null  First day on which a return began; no limit if not given.
-- param: until = null  Last day on which it began, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  office, partner, return_type, tax_year, or week or month of the beginning; one total if not given.
-- every: week
-- access: counts
with asked as (
    select
        segment_of(stays, week_of(stays.began_on), month_of(stays.began_on), split_by) as segment,
        stays.stay_no,
        stays.stage_no,
        stays.is_first,
        stays.left_at is null as is_open,
        stays.seconds,
        stays.furthest_stage_no,
        stays.is_delivered
    from mart.stays as stays
    where passes_filters(stays, for_firms, for_offices, for_partners, for_types, for_years)
        and during(stays.began_on, since, until)
),
alike as (
    select segment, furthest_stage_no, is_delivered, count(*) as return_count
    from asked
    where stay_no = 1
    group by segment, furthest_stage_no, is_delivered
),
-- A delivered return has passed every stage except recalled, which is never skipped.
passed as (
    select
        alike.segment,
        stages.stage_no,
        stages.stage,
        cast(sum(alike.return_count) as bigint) as return_count,
        cast(coalesce(sum(alike.return_count) filter (
            where alike.is_delivered or alike.furthest_stage_no > stages.stage_no
        ), 0) as bigint) as passed_count
    from alike
    cross join ref.stages as stages
    group by alike.segment, stages.stage_no, stages.stage
),
stayed as (
    select
        segment,
        stage_no,
        count(*) filter (where is_first) as entered_count,
        count(*) filter (where is_first and (is_delivered or furthest_stage_no > stage_no)) as entered_and_passed_count,
        count(*) filter (where is_open) as in_count,
        quantile_cont(seconds, [0.5, 0.9]) as quantiles
    from asked
    group by segment, stage_no
),
counted as (
    select
        passed.segment,
        passed.stage_no,
        passed.stage,
        passed.return_count,
        coalesce(stayed.entered_count, 0) as entered_count,
        case
            when passed.stage = 'recalled' then 0
            else passed.passed_count - coalesce(stayed.entered_and_passed_count, 0)
        end as skipped_count,
        coalesce(stayed.in_count, 0) as in_count,
        cast(sum(coalesce(stayed.in_count, 0)) over (partition by passed.segment) as bigint) as inside_count,
        coalesce(stayed.entered_count, 0) - coalesce(stayed.in_count, 0) as left_count,
        stayed.quantiles
    from passed
    left join stayed
        on stayed.segment is not distinct from passed.segment
        and stayed.stage_no = passed.stage_no
)
select
    counted.segment,                            -- The value of split_by; null for the total, and for returns without a value.
    counted.stage_no,
    counted.stage,                              -- preparing, review, ERO/signer, approval or recalled.
    counted.return_count,                       -- Returns in the segment.
    counted.entered_count,                      -- Those that were ever in the stage.
    percent(counted.entered_count, counted.return_count) as entered_percent, -- entered_count of return_count.
    counted.skipped_count,                      -- Those that reached a later stage, or their client, without it; a recall is never skipped.
    counted.in_count,                           -- Those that are in it now.
    counted.inside_count,                       -- Those of the segment that are in any stage now.
    percent(counted.in_count, counted.inside_count) as in_percent, -- in_count of inside_count.
    counted.left_count,                         -- Those that were in it and are not now.
    in_seconds(counted.quantiles[1]) as seconds_median,       -- Half of the finished stays were at most this long.
    in_seconds(counted.quantiles[2]) as seconds_p90,          -- 90% of the finished stays were at most this long.
    in_days(in_seconds(counted.quantiles[1])) as days_median, -- seconds_median as days.
    in_days(in_seconds(counted.quantiles[2])) as days_p90     -- seconds_p90 as days.
from counted
order by counted.segment nulls last, counted.stage_no
