-- What the returns can be filtered by: one row per filter and value, with how many returns have it.
--
-- key: filter_name, choice
-- check: return_count > 0
with values_of as (
    select 'firm' as filter_name, returns.firm_id as choice from mart.returns as returns
    union all
    select 'year' as filter_name, cast(returns.tax_year as varchar) as choice from mart.returns as returns
    union all
    select 'office' as filter_name, returns.office as choice from mart.returns as returns
    union all
    select 'partner' as filter_name, returns.partner as choice from mart.returns as returns
    union all
    select 'form' as filter_name, returns.return_type as choice from mart.returns as returns
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
