-- The weeks of a season and of the one before it on one axis: how far each is from the week in which individual returns
-- (Form 1040, without an extension) are due. One row per tax year and week, from a year before that week to two years after
-- it; none if ref.deadlines has no such day.
--
-- key: tax_year, week
-- param: season = null  The tax year whose weeks are wanted; the current one if not given.
-- access: everyone
with seasons as (
    select cast(coalesce(season, year(newest_time()) - 1) as integer) - back as tax_year, back = 1 as is_last_season
    from (values (0), (1)) as before(back)
),
days as (
    select
        seasons.tax_year,
        seasons.is_last_season,
        try_cast(seasons.tax_year + 1 || '-' || deadlines.due as date) + cast(later.days as integer) as day
    from seasons
    join ref.deadlines as deadlines on deadlines.kind = 'form' and deadlines.name = '1040'
    cross join range(0, 10) as later(days)
),
due as (
    select days.tax_year, days.is_last_season, min(days.day) as deadline
    from days
    where isodow(days.day) < 6
        and not exists (
            select 1
            from ref.deadlines as holidays
            where holidays.kind = 'holiday' and try_cast(holidays.name as date) = days.day
        )
    group by days.tax_year, days.is_last_season
)
select
    due.tax_year,           -- The tax year of the season.
    due.is_last_season,     -- False for the season that is asked for.
    cast(cast(date_trunc('week', due.deadline) as date) + cast(7 * away.weeks as integer) as varchar) as week, -- Its Monday.
    cast(away.weeks as integer) as weeks_from_deadline, -- 0 for the week of the deadline, negative before it.
    due.deadline            -- The business day on which the returns are due.
from due
cross join range(-52, 105) as away(weeks)
order by due.tax_year desc, week
