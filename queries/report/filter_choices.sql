-- The values that returns can be filtered by. One row per filter and value, with the number of returns that have it.
--
-- key: filter_name, choice
-- check: return_count > 0
-- filters: offices
-- access: counts
with asked as (
    select
        returns.firm_id, returns.tax_year, returns.office, returns.partner, returns.return_type, returns.last_event_at
    from mart.returns as returns
    where of_office(returns, for_offices)
),
-- The season that is under way: in January, returns of both years are at work, and the newest year has few.
current_season as (
    select last(worked.tax_year order by worked.return_count, worked.tax_year) as tax_year
    from (
        select asked.tax_year, count(*) as return_count
        from asked
        cross join raw.build as build
        where asked.last_event_at >= build.as_of - interval '30' day
            and asked.tax_year is not null
        group by asked.tax_year
    ) as worked
),
values_of as (
    select 'firm' as filter_name, asked.firm_id as choice from asked
    union all
    select 'year' as filter_name, cast(asked.tax_year as varchar) as choice from asked
    union all
    select 'office' as filter_name, asked.office as choice from asked
    union all
    select 'partner' as filter_name, asked.partner as choice from asked
    union all
    select 'form' as filter_name, asked.return_type as choice from asked
)
select
    filter_name,              -- firm, year, office, partner or form, as the filters are called on screen.
    choice,                   -- A value that at least one return has, as text.
    count(*) as return_count, -- Returns that have it.
    coalesce(filter_name = 'year' and choice = cast(any_value(season.tax_year) as varchar), false) as is_current -- The tax year of
                              -- most returns with an event in the last 30 days: pages show it until another is chosen.
from values_of
cross join current_season as season
where choice is not null
group by filter_name, choice
order by
    filter_name,
    case when filter_name = 'year' then choice end desc nulls last,
    choice
