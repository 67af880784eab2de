-- The funnel of the last full week, the week before, and the same week last season, all at the same age: the week before as
-- it was a week ago, last season's as it was 52 weeks ago. One row per step.
--
-- filters: firms, offices, partners, types, years
-- every: week
-- access: counts

-- Three calls: a lateral join over the weeks gives the same rows and takes thirty times as long.
with weeks as (
    select 0 as weeks_before, *
    from report.firm_funnel(
        since := full_week(0),
        until := full_week(0) + 6,
        known_by := as_of_then(0),
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    )
    union all by name
    select 1 as weeks_before, *
    from report.firm_funnel(
        since := full_week(1),
        until := full_week(1) + 6,
        known_by := as_of_then(1),
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    )
    union all by name
    select 52 as weeks_before, *
    from report.firm_funnel(
        since := full_week(52),
        until := full_week(52) + 6,
        known_by := as_of_then(52),
        for_firms := for_firms, for_offices := for_offices, for_partners := for_partners,
        for_types := for_types, for_years := for_years
    )
)
select
    step_no,
    step,
    full_week(0) as week, -- The Monday of the last full week, which has ended by as_of.
    coalesce(max(eligible_count) filter (where weeks_before = 0), 0) as eligible_count, -- Deliveries of the week that the step applies to.
    coalesce(max(reached_count) filter (where weeks_before = 0), 0) as reached_count, -- Of those, the ones that reached this step or a later one by
                        -- as_of.
    max(reached_percent) filter (where weeks_before = 0) as reached_percent, -- reached_count of eligible_count.
    full_week(1) as week_before, -- The Monday before.
    coalesce(max(eligible_count) filter (where weeks_before = 1), 0) as eligible_count_before, -- The same of week_before, 7 days ago.
    coalesce(max(reached_count) filter (where weeks_before = 1), 0) as reached_count_before, -- The same of week_before, 7 days ago.
    max(reached_percent) filter (where weeks_before = 1) as reached_percent_before, -- reached_count_before of eligible_count_before.
    full_week(52) as week_last_season, -- The Monday 52 weeks before week, the same weekdays of the last season.
    coalesce(max(eligible_count) filter (where weeks_before = 52), 0) as eligible_count_last_season, -- The same of week_last_season, 364 days ago.
    coalesce(max(reached_count) filter (where weeks_before = 52), 0) as reached_count_last_season, -- The same of week_last_season, 364 days ago.
    max(reached_percent) filter (where weeks_before = 52) as reached_percent_last_season -- reached_count_last_season of eligible_count_last_season.
from weeks
group by step_no, step
order by step_no
