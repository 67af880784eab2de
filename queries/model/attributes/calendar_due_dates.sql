-- When a return of a calendar-year filer is due: the next business day on or after the day in ref.deadlines. One row
-- per form, tax year and extension that occur.
--
-- key: return_type, tax_year, is_extended
-- check: days_between(date '1900-01-01', due_date) % 7 < 5
with wanted as (
    select distinct
        known.return_type,
        known.tax_year,
        coalesce(known.is_extended, false) as is_extended
    from model.known_attributes as known
),
statutory as (
    select
        wanted.return_type,
        wanted.tax_year,
        wanted.is_extended,
        try_cast(
            cast(wanted.tax_year + 1 as string) || '-'
                || case when wanted.is_extended then deadlines.extended else deadlines.due end
            as date
        ) as due_date
    from wanted
    join ref.deadlines as deadlines
        on deadlines.kind = 'form'
        and deadlines.name = wanted.return_type
    where wanted.tax_year between 1900 and 2200
),
days as (
    select
        statutory.return_type,
        statutory.tax_year,
        statutory.is_extended,
        statutory.due_date + later.days as due_date
    from statutory
    cross join (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as later (days)
    where statutory.due_date is not null
)
select
    days.return_type,
    days.tax_year,
    days.is_extended,           -- False also where it is not known; then the usual date applies.
    min(days.due_date) as due_date -- Never a weekend or a holiday of ref.deadlines.
from days
left join ref.deadlines as holidays
    on holidays.kind = 'holiday'
    and try_cast(holidays.name as date) = days.due_date
where holidays.name is null
    -- 1900-01-01 is a Monday, so that a remainder of 5 is a Saturday and 6 a Sunday.
    and days_between(date '1900-01-01', days.due_date) % 7 < 5
group by days.return_type, days.tax_year, days.is_extended
