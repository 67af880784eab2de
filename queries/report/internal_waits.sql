-- How long returns wait inside the firm: how many stays each stage had, how many are still open, and how long they take.
-- One row per segment and stage; a return that came back has one stay more.
--
-- check: open_count <= stay_count
-- param: since = null  First day on which a stay may have begun; open if not given.
-- param: until = null  Last day on which it may have begun, itself included; open if not given.
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
    where asked_for(stays, for_firms, for_offices, for_partners, for_types, for_years)
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
    measured.segment,                               -- The part of the split; null for the total, and where a return has no value.
    stages.stage_no,
    measured.stage,                                 -- preparing, review, ERO/signer, approval or recalled.
    measured.stay_count,                            -- Stays that began, open ones too.
    measured.open_count,                            -- Stays that are not over.
    in_seconds(measured.quantiles[1]) as seconds_median,        -- Of the stays that are over, half were at least that short.
    in_seconds(measured.quantiles[2]) as seconds_p90,           -- Of the stays that are over, nine of ten were at least that short.
    in_days(in_seconds(measured.quantiles[1])) as days_median,  -- seconds_median as days.
    in_days(in_seconds(measured.quantiles[2])) as days_p90,     -- seconds_p90 as days.
    in_days(seconds_between(measured.oldest_at, build.as_of)) as oldest_open_days -- The longest open stay; null where none is open.
from measured
join ref.stages as stages using (stage)
cross join raw.build as build
order by measured.segment nulls last, stages.stage_no
