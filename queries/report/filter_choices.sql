-- The values that returns can be filtered by. One row per filter and value, with the number of returns that have it.
--
-- key: filter_name, choice
-- check: return_count > 0
-- filters: offices
-- access: counts
with asked as (
    select returns.firm_id, returns.tax_year, returns.office, returns.partner, returns.return_type
    from mart.returns as returns
    where of_office(returns, for_offices)
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
    count(*) as return_count  -- Returns that have it.
from values_of
where choice is not null
group by filter_name, choice
order by
    filter_name,
    case when filter_name = 'year' then choice end desc nulls last,
    choice
