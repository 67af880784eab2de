-- How long returns wait inside the firm: the number of stays in each stage, how many are still open, and how long they
-- take. One row per segment and stage; a return that comes back to a stage has one more stay.
--
-- check: open_count <= stay_count
-- param: since = null  First day on which a stay began; no limit if not given.
-- param: until = null  Last day on which it began, inclusive; no limit if not given.
-- filters: firms, offices, partners, types, years
-- param: split_by = null  office, partner, return_type, tax_year, week or month; one total if not given.
-- every: week
-- access: counts
with entered as (
    select
        segment_of(stays, stays.entered_week, stays.entered_month, split_by) as segment,
        stays.stage,
        stays.entered_at,
        stays.left_at,
        stays.seconds
    from mart.stays as stays
    where passes_filters(stays, for_firms, for_offices, for_partners, for_types, for_years)
        and during(stays.entered_on, since, until)
),
measured as (
    select
        segment,
        stage,
        count(*) as stay_count,
        count(*) filter (where left_at is null) as open_count,
        quantile_cont(seconds, [0.5, 0.9]) as quantiles,
        min(entered_at) filter (where left_at is null) as oldest_at
    from entered
    group by segment, stage
)
select
    measured.segment,                               -- The value of split_by; null for the total, and for returns without a value.
    stages.stage_no,
    measured.stage,                                 -- preparing, review, ERO/signer, approval or recalled.
    measured.stay_count,                            -- Stays that began, including open ones.
    measured.open_count,                            -- Stays that have not ended.
    in_seconds(measured.quantiles[1]) as seconds_median,        -- Half of the finished stays were at most this long.
    in_seconds(measured.quantiles[2]) as seconds_p90,           -- 90% of the finished stays were at most this long.
    in_days(in_seconds(measured.quantiles[1])) as days_median,  -- seconds_median as days.
    in_days(in_seconds(measured.quantiles[2])) as days_p90,     -- seconds_p90 as days.
    in_days(seconds_between(measured.oldest_at, build.as_of)) as oldest_open_days -- The longest open stay; null where none is open.
from measured
join ref.stages as stages using (stage)
cross join raw.build as build
order by measured.segment nulls last, stages.stage_no
